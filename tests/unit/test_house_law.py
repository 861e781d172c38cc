"""The house rules that a program can check. Import law: [tool.importlinter] in pyproject.toml."""

import ast
import re
import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "facekeep"
MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 60
MEDIAN_FUNCTION_LINES = 12
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "service", "services", "misc"}
# Written in two parts, so that this file does not name what it forbids.
REGISTRY_HOSTS = ["pypi" + ".org", "pythonhosted" + ".org", "registry." + "npmjs", "npmmirror" + ".com"]
# Where the machines of developers keep things: of no use to a reader, and wrong everywhere else.
PRIVATE_PATHS = ["/work" + "/main", "/work" + "/shared", "/root/" + ".pyenv", "/opt" + "/pypi"]

Function = ast.FunctionDef | ast.AsyncFunctionDef


def tracked(*suffixes: str) -> list[Path]:
    """Files under version control with one of the suffixes (all of them when none is given)."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    paths = (ROOT / name for name in listed.stdout.decode().split("\0") if name)
    return [path for path in paths if path.is_file() and (not suffixes or path.suffix in suffixes)]


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def where(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def functions(tree: ast.Module) -> Iterator[Function]:
    yield from (node for node in ast.walk(tree) if isinstance(node, Function))


def length(function: Function) -> int:
    """Lines from `def` to the end, docstring included, decorators not."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def test_the_median_function_is_short() -> None:
    lengths = [length(function) for path in modules() for function in functions(parsed(path))]
    assert statistics.median(lengths) <= MEDIAN_FUNCTION_LINES


def test_no_function_is_long() -> None:
    long = [
        f"{where(path, function)} {function.name}: {length(function)} lines"
        for path in modules()
        for function in functions(parsed(path))
        if length(function) > MAX_FUNCTION_LINES
    ]
    assert long == []


def test_no_file_is_long() -> None:
    generated = {ROOT / "web/src/lib/api/schema.d.ts"}
    sources = [*PACKAGE.rglob("*"), *(ROOT / "web/src").rglob("*"), *(ROOT / "tests").rglob("*")]
    long = []
    for path in sources:
        if path.suffix in {".py", ".ts", ".svelte", ".sql", ".css"} and path not in generated:
            lines = path.read_text(encoding="utf-8").count("\n")
            if lines > MAX_FILE_LINES and PACKAGE / "api" / "page" not in path.parents:
                long.append(f"{path.relative_to(ROOT)}: {lines} lines")
    assert long == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    vague = [path for path in PACKAGE.rglob("*") if path.stem in VAGUE_NAMES]
    assert vague == []


def test_no_except_is_bare_or_silent() -> None:
    found = []
    for path in modules():
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ExceptHandler) and (node.type is None or is_silent(node.body)):
                found.append(where(path, node))
    assert found == []


def is_silent(body: list[ast.stmt]) -> bool:
    """Nothing but `pass`, `...` or a string: use contextlib.suppress, which names what it hides."""
    return all(
        isinstance(step, ast.Pass) or (isinstance(step, ast.Expr) and isinstance(step.value, ast.Constant))
        for step in body
    )


def test_every_broad_except_that_ends_an_error_says_why() -> None:
    """The reason stands on the line itself, after the `noqa`, or on the line just above or below."""
    unexplained = []
    for path in modules():
        lines = path.read_text(encoding="utf-8").splitlines()
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ExceptHandler) and is_broad(node.type) and not raises(node):
                around = "\n".join(lines[max(0, node.lineno - 2) : node.lineno + 1])
                if not is_explained(around):
                    unexplained.append(where(path, node))
    assert unexplained == []


def is_broad(caught: ast.expr | None) -> bool:
    names = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(isinstance(name, ast.Name) and name.id in {"Exception", "BaseException"} for name in names)


def raises(handler: ast.ExceptHandler) -> bool:
    """Whether it passes on what it caught, or an error made of it: then nothing is hidden."""
    return isinstance(handler.body[-1], ast.Raise)


def is_explained(around: str) -> bool:
    comments = re.findall(r"#(.*)", around)
    words = re.sub(r"noqa:?\s*[A-Z0-9, ]*", "", " ".join(comments))
    return len(re.findall(r"[A-Za-z]{2,}", words)) >= 3


@pytest.mark.parametrize(
    ("source", "explained"),
    [
        ("except Exception:  # noqa: BLE001", False),
        ("except Exception:  # noqa: BLE001 - the child must outlive any photo", True),
        ("# a broken photo must not stop the scan\nexcept Exception:", True),
    ],
)
def test_the_check_of_reasons_can_tell(source: str, explained: bool) -> None:
    assert is_explained(source) is explained


def test_what_domain_offers_is_described() -> None:
    bare = [
        f"{where(path, node)} {node.name}"
        for path in sorted((PACKAGE / "domain").rglob("*.py"))
        for node in parsed(path).body
        if isinstance(node, Function | ast.ClassDef)
        and not node.name.startswith("_")
        and ast.get_docstring(node) is None
    ]
    assert bare == []


def test_every_room_says_what_it_is_for() -> None:
    silent = [
        path for path in modules() if path.name == "__init__.py" and not ast.get_docstring(parsed(path))
    ]
    assert silent == []


def test_no_tracked_file_names_a_registry_or_a_private_path() -> None:
    found = []
    for path in tracked():
        text = path.read_bytes()
        for word in [*REGISTRY_HOSTS, *PRIVATE_PATHS]:
            if word.encode() in text:
                found.append(f"{path.relative_to(ROOT)}: {word}")
    assert found == []

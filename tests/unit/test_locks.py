"""The lock files: complete, hashed, and free of any address to fetch from."""

import ast
import json
import re
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
ADDRESS = re.compile(r"://|--(extra-)?index|--find-links|(^|\s)@\s|\.(org|com|io|net|dev)\b", re.IGNORECASE)


def entries(path: Path) -> dict[Requirement, list[str]]:
    """Each pinned requirement with its hashes."""
    text = re.sub(r"^\s*#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = {}
    for line in text.replace("\\\n", " ").splitlines():
        requirement, *hashes = re.split(r"\s--hash=", line.strip())
        found[Requirement(requirement)] = [part.strip() for part in hashes]
    return found


def names(path: Path) -> set[str]:
    return {canonicalize_name(requirement.name) for requirement in entries(path)}


def project() -> dict[str, Any]:
    with (ROOT / "pyproject.toml").open("rb") as opened:
        return tomllib.load(opened)


def group(name: str) -> list[str]:
    """The requirements of a dependency group, with those that it includes."""
    found: list[str] = []
    for item in project()["dependency-groups"][name]:
        found += group(item["include-group"]) if isinstance(item, dict) else [item]
    return found


def wanted(name: str) -> list[str]:
    """What pyproject.toml asks for in requirements/NAME.txt."""
    run: list[str] = project()["project"]["dependencies"]
    return {"run": run, "dev": [*run, *group("dev")]}.get(name) or group(name)


def test_there_are_locks() -> None:
    assert {path.stem for path in LOCKS} == {"run", "dev", "build", "node"}


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)
def test_every_entry_is_exact_and_hashed(path: Path) -> None:
    for requirement, hashes in entries(path).items():
        assert re.fullmatch(r"==[^*,]+", str(requirement.specifier)), requirement
        assert hashes, f"{requirement} has no hash"
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", value) for value in hashes), requirement


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)
def test_no_lock_names_an_address(path: Path) -> None:
    assert [line for line in path.read_text(encoding="utf-8").splitlines() if ADDRESS.search(line)] == []


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)
def test_the_lock_fits_what_the_project_asks_for(path: Path) -> None:
    locked = entries(path)
    for text in wanted(path.stem):
        asked = Requirement(text)
        same = [found for found in locked if canonicalize_name(found.name) == canonicalize_name(asked.name)]
        assert same, f"{path.name} lacks {asked}: run script/lock"
        for found in same:
            version = str(found.specifier).removeprefix("==")
            assert asked.specifier.contains(version, prereleases=True), (
                f"{found} is not {asked}: run script/lock"
            )


def test_what_runs_is_a_part_of_what_is_tested() -> None:
    dev = {str(requirement) for requirement in entries(ROOT / "requirements/dev.txt")}
    for part in ("run", "build"):
        assert {str(requirement) for requirement in entries(ROOT / f"requirements/{part}.txt")} <= dev


def test_what_only_tests_need_is_not_installed_for_users() -> None:
    assert names(ROOT / "requirements/run.txt").isdisjoint(
        {"dlib-bin", "playwright", "pytest", "scikit-image", "uv"}
    )


def test_the_page_lock_is_hashed_and_names_no_registry() -> None:
    lock = json.loads((ROOT / "web/package-lock.json").read_text(encoding="utf-8"))
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert packages
    for name, package in packages.items():
        assert "resolved" not in package, (
            f"{name}: set omit-lockfile-registry-resolved and write the lock anew"
        )
        assert package.get("integrity", "").startswith("sha512-"), f"{name} has no hash"


def test_npm_is_told_to_keep_addresses_out() -> None:
    assert "omit-lockfile-registry-resolved=true" in (ROOT / "web/.npmrc").read_text(encoding="utf-8").split()


def imported(folder: Path) -> set[str]:
    """Top-level names of the modules that the Python files under `folder` import."""
    found: set[str] = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize(("folder", "lock"), [("src", "run"), ("tests", "dev")])
def test_whatever_is_imported_is_asked_for_by_name(folder: str, lock: str) -> None:
    """What another package happens to bring along may go away with its next version."""
    asked = {canonicalize_name(Requirement(text).name) for text in wanted(lock)}
    providers = packages_distributions()
    undeclared = {
        module
        for module in imported(ROOT / folder) & set(providers)
        if not {canonicalize_name(name) for name in providers[module]} & (asked | {"facekeep"})
    }
    assert undeclared == set()

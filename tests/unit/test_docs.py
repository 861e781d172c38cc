"""Documentation that fails the build when it is stale."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import typer

from facekeep.cli.main import app
from facekeep.settings import SETTINGS

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def documents() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def prose(path: Path) -> str:
    """The text without fenced code."""
    return re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def headings(path: Path) -> list[str]:
    return re.findall(r"^#+ +(.+?) *$", prose(path), flags=re.MULTILINE)


def anchors(path: Path) -> set[str]:
    """The anchors that a forge makes of the headings."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings(path)}


def local_links(path: Path) -> Iterator[tuple[str, str]]:
    """Target and anchor of each relative link."""
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(path)):
        if not re.match(r"[a-z]+:", target):
            file, _, anchor = unquote(target).partition("#")
            yield file, anchor


def commands(command: Any = None, name: str = "facekeep") -> Iterator[tuple[str, Any]]:
    """Every command that can be called, with its full name."""
    command = typer.main.get_command(app) if command is None else command
    if hasattr(command, "commands"):
        if command.invoke_without_command and name != "facekeep":
            yield name, command
        for part, inner in command.commands.items():
            yield from commands(inner, f"{name} {part}")
    elif not command.hidden:
        yield name, command


def test_every_relative_link_leads_somewhere() -> None:
    broken = []
    for path in documents():
        for file, anchor in local_links(path):
            target = (path.parent / file).resolve() if file else path
            if not target.exists() or (anchor and anchor not in anchors(target)):
                broken.append(f"{path.relative_to(ROOT)}: {file}#{anchor}")
    assert broken == []


def test_every_document_can_be_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        path = waiting.pop()
        if path not in reached and path.suffix == ".md" and path.is_file():
            reached.add(path)
            waiting += [(path.parent / file).resolve() for file, _ in local_links(path) if file]
    assert sorted(set(documents()) - reached) == []


@pytest.mark.parametrize("path", sorted((ROOT / "script").iterdir()), ids=lambda path: path.name)
def test_every_script_is_in_the_readme_and_explains_itself(path: Path) -> None:
    assert f"script/{path.name}" in README
    first, second = path.read_text(encoding="utf-8").splitlines()[:2]
    assert first == "#!/usr/bin/env bash"
    assert re.match(r"# [A-Z].{20,}", second)
    assert path.stat().st_mode & 0o111


def test_every_command_has_help_and_a_heading_in_its_document() -> None:
    written = {heading.strip("`") for heading in headings(ROOT / "docs" / "cli.md")}
    known = dict(commands())
    assert known
    assert [name for name, command in known.items() if not command.help] == []
    assert sorted(set(known) - written) == []
    assert (
        sorted(heading for heading in written if heading.startswith("facekeep ") and heading not in known)
        == []
    )


def test_every_option_of_a_command_is_explained() -> None:
    unexplained = [
        f"{name} {parameter.name}"
        for name, command in commands()
        for parameter in command.params
        if not getattr(parameter, "help", None) and parameter.name != "help"
    ]
    assert unexplained == []


def test_every_long_option_is_in_the_document() -> None:
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    missing = {
        option
        for _, command in commands()
        for parameter in command.params
        if parameter.param_type_name == "option"
        for option in parameter.opts
        if option.startswith("--") and not re.search(rf"{option}\b", text)
    }
    assert missing - {"--help"} == set()


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: str(setting.name))
def test_every_setting_is_documented(setting: object) -> None:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    for said in ("name", "env", "help"):
        assert getattr(setting, said) in text


def test_the_screenshots_that_the_readme_shows_are_there() -> None:
    shown = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
    assert shown
    assert [name for name in shown if not (ROOT / name).is_file()] == []

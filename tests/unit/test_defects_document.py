"""docs/defects.md names every defect of the service that facekeep replaces, and tests that exist."""

import ast
import re
from pathlib import Path
from string import ascii_lowercase

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "defects.md").read_text("utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)


def test_every_defect_has_a_test() -> None:
    rows = re.findall(r"^\| ([a-z]) \|.*\|(.*)\|$", TEXT, flags=re.MULTILINE)
    assert [letter for letter, _ in rows] == list(ascii_lowercase)
    assert [letter for letter, tests in rows if "::test_" not in tests] == []


@pytest.mark.parametrize(("file", "test"), sorted(set(NAMED)), ids=lambda part: str(part).rpartition("/")[2])
def test_a_test_that_is_named_exists(file: str, test: str) -> None:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}

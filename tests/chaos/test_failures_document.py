"""docs/failures.md names every code, every defect, and tests that exist."""

import ast
import re
from pathlib import Path

import pytest

from facekeep.domain.errors import FailureCode

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "failures.md").read_text("utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)
DEFECTS = 18


def test_every_code_is_explained() -> None:
    explained = re.findall(r"^\| `(\w+)` \|", TEXT, flags=re.MULTILINE)
    assert sorted(explained) == sorted(code.value for code in FailureCode)


def test_every_defect_has_a_test() -> None:
    rows = re.findall(r"^\| (\d+) \|.*\|(.*)\|$", TEXT, flags=re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, DEFECTS + 1))
    assert [number for number, tests in rows if "::test_" not in tests] == []


@pytest.mark.parametrize(("file", "test"), sorted(set(NAMED)), ids=lambda part: str(part).rpartition("/")[2])
def test_a_test_that_is_named_exists(file: str, test: str) -> None:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}

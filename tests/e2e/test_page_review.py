"""Answering what facekeep asks: by keyboard, many at once, and two people who are one."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.e2e.conftest import Open
from tests.e2e.serving import Serving

pytestmark = [pytest.mark.browser, pytest.mark.photos]

ASK = """
INSERT INTO suggestion (face_id, person_id, pack_id, confidence, distance, reason)
SELECT face, %(person)s, (SELECT min(pack_id) FROM embedding), 0.99 - 0.04 * (number - 1), 0.5,
       jsonb_build_object('voters', jsonb_build_array(), 'runner_up', NULL, 'other_era', false, 'by', 'grouping')
FROM unnest(%(faces)s::bigint[]) WITH ORDINALITY AS k (face, number)
"""
PROPOSE = """
INSERT INTO proposal (one, other, pack_id, distance, doubt, near, compared, nearest, mean)
SELECT least(%(one)s, %(other)s), greatest(%(one)s, %(other)s), (SELECT min(pack_id) FROM embedding),
       0.4, 0.5, 118, 124, 0.35, 0.45
"""


def test_what(library: Serving) -> None:
    print(library.get("/faces?unassigned=true&limit=500")["total"], library.get("/suggestions")["total"], library.get("/proposals")["total"])
    print([(p["person"], p["faces"], p["photos"]) for p in library.everybody()])
    print(library.get("/suggestions?limit=3")["items"])
    print(library.get("/proposals?limit=3")["items"])
    assert 0

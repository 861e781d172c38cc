"""Who may ask what: the least role for each address of the API. The one place that says so.

What is not here only an admin may: a route that was forgotten is closed. A test compares this with the
routes.
"""

import re
from collections.abc import Iterable, Mapping

from facekeep.domain.accounts import Role

VIEWER, EDITOR, ADMIN = Role.VIEWER, Role.EDITOR, Role.ADMIN
ANYBODY = None
"""Without logging in: what is needed for that, and what tells nothing."""

PREFIX = "/api/v1"

LEAST: Mapping[str, Role | None] = {
    # Whether it lives, what it understands, and logging in.
    "GET /healthz": ANYBODY,
    "GET /readyz": ANYBODY,
    "GET /metrics": VIEWER,
    "GET /api/v1/openapi.json": ANYBODY,
    "GET /api/v1/session": ANYBODY,
    "POST /api/v1/session": ANYBODY,
    "DELETE /api/v1/session": ANYBODY,
    # One's own.
    "PUT /api/v1/session/password": VIEWER,
    "GET /api/v1/sessions": VIEWER,
    "DELETE /api/v1/sessions/{session}": VIEWER,
    "GET /api/v1/keys": VIEWER,
    "POST /api/v1/keys": VIEWER,
    "DELETE /api/v1/keys/{key}": VIEWER,
    # Looking.
    "GET /api/v1/status": VIEWER,
    "GET /api/v1/events": VIEWER,
    "GET /api/v1/activity": VIEWER,
    "GET /api/v1/people": VIEWER,
    "GET /api/v1/people/names": VIEWER,
    "GET /api/v1/people/{person}": VIEWER,
    "GET /api/v1/people/{person}/details": VIEWER,
    "GET /api/v1/faces": VIEWER,
    "GET /api/v1/faces/{face}": VIEWER,
    "GET /api/v1/faces/{face}/crop": VIEWER,
    "GET /api/v1/photos": VIEWER,
    "GET /api/v1/photos/{photo}": VIEWER,
    "GET /api/v1/photos/{photo}/image": VIEWER,
    "GET /api/v1/journal": VIEWER,
    "GET /api/v1/journal/{decision}": VIEWER,
    "GET /api/v1/journal/{decision}/changes": VIEWER,
    "GET /api/v1/failures": VIEWER,
    "GET /api/v1/failures/summary": VIEWER,
    "GET /api/v1/failures/{photo}": VIEWER,
    "GET /api/v1/libraries": VIEWER,
    "GET /api/v1/scans": VIEWER,
    "GET /api/v1/faces/{face}/similar": VIEWER,
    "GET /api/v1/faces/{face}/candidates": VIEWER,
    "GET /api/v1/people/{person}/exemplars": VIEWER,
    "GET /api/v1/people/{person}/parts": VIEWER,
    "GET /api/v1/suggestions": VIEWER,
    "GET /api/v1/suggestions/people": VIEWER,
    "GET /api/v1/proposals": VIEWER,
    "GET /api/v1/matching": VIEWER,
    "GET /api/v1/grouping": VIEWER,
    "GET /api/v1/models": VIEWER,
    "GET /api/v1/circles": VIEWER,
    "GET /api/v1/circles/{circle}": VIEWER,
    # Asked by a POST because the question is long; nothing is changed.
    "POST /api/v1/search/photos": VIEWER,
    "POST /api/v1/search/picture": VIEWER,
    # Deciding about people and faces.
    "PATCH /api/v1/people/{person}": EDITOR,
    "DELETE /api/v1/people/{person}": EDITOR,
    "PATCH /api/v1/people/{person}/details": EDITOR,
    "POST /api/v1/people/{person}/merge": EDITOR,
    "POST /api/v1/people/{person}/split": EDITOR,
    "POST /api/v1/people/{person}/photos/move": EDITOR,
    "POST /api/v1/people/{person}/photos/remove": EDITOR,
    "PUT /api/v1/faces/{face}/person": EDITOR,
    "DELETE /api/v1/faces/{face}/person": EDITOR,
    "POST /api/v1/faces/move": EDITOR,
    "POST /api/v1/faces/remove": EDITOR,
    "POST /api/v1/journal/{decision}/undo": EDITOR,
    "POST /api/v1/journal/{decision}/redo": EDITOR,
    "POST /api/v1/photos/{photo}/faces": EDITOR,
    "PATCH /api/v1/faces/{face}": EDITOR,
    "DELETE /api/v1/faces/{face}": EDITOR,
    "POST /api/v1/faces/standing": EDITOR,
    "POST /api/v1/faces/{face}/measure": EDITOR,
    "POST /api/v1/people/{person}/exemplars/{face}": EDITOR,
    "DELETE /api/v1/people/{person}/exemplars/{face}": EDITOR,
    "POST /api/v1/people/{person}/find-more": EDITOR,
    "POST /api/v1/suggestions/answer": EDITOR,
    "POST /api/v1/people/{person}/suggestions/accept": EDITOR,
    "POST /api/v1/people/{person}/suggestions/reject": EDITOR,
    "POST /api/v1/proposals/answer": EDITOR,
    "POST /api/v1/proposals/find": EDITOR,
    "POST /api/v1/circles": EDITOR,
    "PATCH /api/v1/circles/{circle}": EDITOR,
    "DELETE /api/v1/circles/{circle}": EDITOR,
    "POST /api/v1/circles/{circle}/add": EDITOR,
    "POST /api/v1/circles/{circle}/remove": EDITOR,
    "POST /api/v1/photos/detect": EDITOR,
    # What cannot be undone, or takes all that is known out of the house.
    "POST /api/v1/people/{person}/forget": ADMIN,
    "GET /api/v1/export/people": ADMIN,
    # Everything at once.
    "PATCH /api/v1/matching": ADMIN,
    "POST /api/v1/grouping/regroup": ADMIN,
    "DELETE /api/v1/grouping/regroup": ADMIN,
    "POST /api/v1/models/use": ADMIN,
    "POST /api/v1/models/pause": ADMIN,
    "POST /api/v1/models/resume": ADMIN,
    "POST /api/v1/models/cancel": ADMIN,
    # Managing libraries, workers, models and accounts. The report tells of the machine.
    "GET /api/v1/report": ADMIN,
    "POST /api/v1/libraries": ADMIN,
    "POST /api/v1/libraries/{library}/scan": ADMIN,
    "POST /api/v1/scans/{scan}/stop": ADMIN,
    "POST /api/v1/failures/retry": ADMIN,
    "POST /api/v1/failures/give-up": ADMIN,
    "POST /api/v1/activity/pause": ADMIN,
    "POST /api/v1/activity/resume": ADMIN,
    "POST /api/v1/models/release": ADMIN,
    "GET /api/v1/accounts": ADMIN,
    "POST /api/v1/accounts": ADMIN,
    "GET /api/v1/accounts/{account}": ADMIN,
    "PATCH /api/v1/accounts/{account}": ADMIN,
    "DELETE /api/v1/accounts/{account}": ADMIN,
}


def least(method: str, path: str) -> Role | None:
    """The least role that may ask this, or None when anybody may."""
    if path not in _OUTSIDE and not (path == "/api" or path.startswith("/api/")):
        return ANYBODY  # the files of the page
    asked = "GET" if method == "HEAD" else method
    for pattern, role in _PATTERNS.get(asked, ()):
        if pattern.fullmatch(path):
            return role
    return ADMIN


_OUTSIDE = frozenset(where.split()[1] for where in LEAST if "/api/" not in where)


def _patterns(table: Iterable[str]) -> Mapping[str, list[tuple[re.Pattern[str], Role | None]]]:
    """By method; addresses without a number come first, as `/people/names` before `/people/{person}`."""
    found: dict[str, list[tuple[re.Pattern[str], Role | None]]] = {}
    for where in sorted(table, key=lambda each: (each.count("{"), each)):
        method, path = where.split()
        pattern = "".join(
            "[^/]+" if "{" in part else re.escape(part) for part in re.split(r"(\{\w+\})", path)
        )
        found.setdefault(method, []).append((re.compile(pattern), LEAST[where]))
    return found


_PATTERNS = _patterns(LEAST)

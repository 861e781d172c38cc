"""Accounts on a real server, for tests of the interfaces: one of each role, and clients that are they."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from facekeep.actions import accounts, logins
from facekeep.actions.context import Context
from facekeep.domain.accounts import Role

PASSWORD = "four plain dull words"
API = "/api/v1"
ELSEWHERE = {"X-Forwarded-For": "192.0.2.7"}
"""What makes a request one that comes through a reverse proxy, from another machine."""


def people_with_roles(ctx: Context) -> dict[Role, int]:
    """One account of each role, named after it; those of tests before are gone."""
    nobody(ctx)
    found = {}
    for role in (Role.ADMIN, Role.EDITOR, Role.VIEWER):
        found[role] = accounts.add_account(ctx, role.value, role, PASSWORD).account
    return found


def nobody(ctx: Context) -> None:
    """No accounts, as in the beginning. Decisions name accounts and go along, and so do their changes."""
    with ctx.database.write() as writer:
        writer.run("TRUNCATE account, login_attempt, kept_answer, change RESTART IDENTITY CASCADE")


def key_of(ctx: Context, account: int, role: Role | None = None) -> dict[str, str]:
    """The header of a new API key."""
    return {"Authorization": f"Bearer {logins.add_key(ctx, account, 'test', role, None)[1]}"}


@contextmanager
def logged_in(api: httpx.Client, name: str, password: str = PASSWORD) -> Iterator[httpx.Client]:
    """A client from elsewhere that has logged in."""
    with httpx.Client(base_url=api.base_url, headers=ELSEWHERE, timeout=60, trust_env=False) as client:
        answer = client.post(f"{API}/session", json={"name": name, "password": password})
        assert answer.status_code == 200, answer.text
        yield client

"""Accounts, sessions, API keys and wrong passwords, on the real database."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from facekeep.actions import accounts, logins, passwords
from facekeep.actions.context import Context
from facekeep.domain.accounts import OF_ADDRESS, OF_BOTH, Patience, Role, Visitor
from facekeep.domain.errors import (
    Conflict,
    FacekeepError,
    NotFound,
    TooManyAttempts,
    Unauthenticated,
    UsageError,
)
from facekeep.store import accounts as store
from facekeep.store import credentials

GOOD = "four plain dull words"


def add(ctx: Context, name: str = "ada", role: Role = Role.ADMIN, password: str = GOOD) -> int:
    return accounts.add_account(ctx, name, role, password).account


def log_in(ctx: Context, name: str = "ada", password: str = GOOD, address: str = "10.0.0.7") -> str:
    return logins.log_in(ctx, name, password, address=address, user_agent="a browser")


def known(ctx: Context, token: str) -> Visitor:
    found = logins.visitor_of_token(ctx, token)
    assert found is not None
    return found


def write(ctx: Context, sql: str, **row: object) -> None:
    with ctx.database.write() as writer:
        writer.run(sql, row)


def stored(ctx: Context) -> str:
    """Everything that the database keeps of who may log in, as text."""
    with ctx.database.read() as reader:
        return str(
            [
                reader.tuples(f"SELECT * FROM {table}")
                for table in ("account", "session", "api_key", "login_attempt")
            ]
        )


# Accounts --------------------------------------------------------------------------------------------------


def test_nothing_that_opens_anything_is_stored(ctx: Context) -> None:
    account = add(ctx)
    token = log_in(ctx)
    _, key = logins.add_key(ctx, account, "nas", None, None)
    kept = stored(ctx)
    assert "$argon2id$" in kept
    assert all(secret not in kept for secret in (GOOD, token, key, key[len(passwords.KEY_PREFIX) :][:12]))
    for name in ("bob", "cyd"):
        add(ctx, name)
    with ctx.database.read() as reader:
        hashes = reader.tuples("SELECT DISTINCT password_hash FROM account")
    assert len(hashes) == 3, "the same password has another hash for everybody"


@pytest.mark.parametrize("password", ["", "short", "x" * 1001, "ada lovelace"])
def test_a_password_that_will_not_do(ctx: Context, password: str) -> None:
    with pytest.raises(UsageError):
        add(ctx, "Ada Lovelace", password=password)


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\nb", "a\0b"])
def test_a_name_that_will_not_do(ctx: Context, name: str) -> None:
    with pytest.raises(UsageError):
        add(ctx, name)


def test_the_first_is_an_admin_and_names_are_taken_in_any_case(ctx: Context) -> None:
    with pytest.raises(UsageError, match="the first account is an admin"):
        add(ctx, "bob", Role.EDITOR)
    ada = add(ctx, " Ada ")
    with pytest.raises(Conflict, match="named Ada"):
        add(ctx, "ADA")
    bob = add(ctx, "bob", Role.VIEWER)
    with pytest.raises(Conflict, match="named Ada"):
        accounts.change_account(ctx, bob, {"name": "aDa"})
    assert accounts.change_account(ctx, ada, {"name": "ADA"}).name == "ADA"
    accounts.remove_account(ctx, bob)
    assert add(ctx, "bob", Role.VIEWER) != bob, "a removed account's number is not used again"


LAST: list[Callable[[Context, int], object]] = [
    lambda ctx, ada: accounts.remove_account(ctx, ada),
    lambda ctx, ada: accounts.change_account(ctx, ada, {"role": Role.EDITOR}),
    lambda ctx, ada: accounts.change_account(ctx, ada, {"disabled": True}),
]


@pytest.mark.parametrize("end", LAST)
def test_the_last_admin_stays(ctx: Context, end: Callable[[Context, int], object]) -> None:
    ada = add(ctx)
    add(ctx, "bob", Role.EDITOR)
    cyd = add(ctx, "cyd")
    accounts.change_account(ctx, cyd, {"disabled": True})
    with pytest.raises(Conflict, match="last admin"):
        end(ctx, ada)
    accounts.change_account(ctx, cyd, {"disabled": False})
    end(ctx, ada)


def test_the_database_keeps_the_last_admin_by_itself(ctx: Context) -> None:
    add(ctx)
    for statement in ("UPDATE account SET role = 'viewer'", "UPDATE account SET disabled = true"):
        with pytest.raises(Conflict, match="somebody must remain who is an admin"):
            write(ctx, statement)


def test_two_admins_who_remove_each_other_at_once_leave_one(ctx: Context) -> None:
    for _ in range(3):
        write(ctx, "TRUNCATE account CASCADE")
        both = [add(ctx, "ada"), add(ctx, "bob")]

        def end(number: int) -> bool:
            try:
                accounts.remove_account(ctx, number)
            except Conflict:
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(end, both)) == [False, True]


def test_who_is_removed_or_disabled_is_out_at_once(ctx: Context) -> None:
    add(ctx)
    for end, back in ((accounts.remove_account, None), (None, {"disabled": True})):
        bob = add(ctx, f"bob{back}", Role.EDITOR)
        token = log_in(ctx, f"bob{back}")
        _, key = logins.add_key(ctx, bob, "nas", None, None)
        assert known(ctx, token).account == bob
        if end is not None:
            end(ctx, bob)
        else:
            accounts.change_account(ctx, bob, {"disabled": True})
        assert logins.visitor_of_token(ctx, token) is None
        assert logins.visitor_of_key(ctx, key) is None
        with pytest.raises(Unauthenticated):
            log_in(ctx, f"bob{back}")


# Sessions --------------------------------------------------------------------------------------------------


def test_a_session_ends_when_it_is_not_used_and_at_last_anyway(ctx: Context) -> None:
    add(ctx)
    token = log_in(ctx)
    write(ctx, "UPDATE session SET seen_at = now() - interval '13 days 23 hours'")
    assert known(ctx, token).name == "ada"
    with ctx.database.read() as reader:
        assert reader.value("SELECT seen_at > now() - interval '1 minute' FROM session"), (
            "using it prolongs it"
        )
    write(ctx, "UPDATE session SET seen_at = now() - interval '15 days'")
    assert logins.visitor_of_token(ctx, token) is None
    again = log_in(ctx)
    with ctx.database.read() as reader:
        assert reader.value("SELECT count(*) FROM session") == 1, "what has ended is tidied away"
    write(
        ctx,
        "UPDATE session SET created_at = now() - interval '91 days', expires_at = now() - interval '1 day'",
    )
    assert logins.visitor_of_token(ctx, again) is None
    assert logins.visitor_of_token(ctx, "x" * 43) is None


def test_another_password_ends_the_other_sessions(ctx: Context) -> None:
    ada = add(ctx)
    own, other = log_in(ctx), log_in(ctx)
    with pytest.raises(UsageError, match="old password"):
        logins.change_password(ctx, known(ctx, own), "wrong words here", "other plain words", address="a")
    assert known(ctx, other).account == ada
    logins.change_password(ctx, known(ctx, own), GOOD, "other plain words", address="a")
    assert known(ctx, own).account == ada
    assert logins.visitor_of_token(ctx, other) is None
    with pytest.raises(Unauthenticated):
        log_in(ctx)
    accounts.change_account(ctx, ada, {"password": "third plain words"})
    assert logins.visitor_of_token(ctx, own) is None, "an admin gave another one"


def test_logging_out_here_and_everywhere(ctx: Context) -> None:
    ada = add(ctx)
    one, two, three = (log_in(ctx) for _ in range(3))
    logins.log_out(ctx, known(ctx, one))
    assert logins.visitor_of_token(ctx, one) is None
    with ctx.database.read() as reader:
        assert len(credentials.sessions(reader, ada)) == 2
    add(ctx, "bob")
    bob = known(ctx, log_in(ctx, "bob"))
    with pytest.raises(NotFound):
        logins.end_session(ctx, bob, known(ctx, two).session or 0)
    logins.log_out(ctx, known(ctx, two), everywhere=True)
    assert [logins.visitor_of_token(ctx, token) for token in (two, three)] == [None, None]


# Keys ------------------------------------------------------------------------------------------------------


def test_a_key_does_no_more_than_its_account(ctx: Context) -> None:
    add(ctx)
    bob = add(ctx, "bob", Role.EDITOR)
    with pytest.raises(UsageError, match="no more than its account"):
        logins.add_key(ctx, bob, "nas", Role.ADMIN, None)
    row, key = logins.add_key(ctx, bob, "nas", None, None)
    assert (row.role, row.prefix, row.last_used_at) == ("editor", key[:9], None)
    accounts.change_account(ctx, bob, {"role": Role.VIEWER})
    found = logins.visitor_of_key(ctx, key)
    assert found == Visitor(Role.VIEWER, bob, "bob", key=row.key)
    accounts.change_account(ctx, bob, {"role": Role.ADMIN})
    found = logins.visitor_of_key(ctx, key)
    assert found is not None
    assert found.role is Role.EDITOR, "nor does it grow with it"
    with ctx.database.read() as reader:
        assert credentials.key(reader, row.key).last_used_at is not None


def test_keys_end_and_are_revoked(ctx: Context) -> None:
    ada = add(ctx)
    now = datetime.now(UTC)
    with pytest.raises(UsageError, match="expired already"):
        logins.add_key(ctx, ada, "nas", None, now - timedelta(days=1))
    row, key = logins.add_key(ctx, ada, "nas", None, now + timedelta(days=1))
    assert logins.visitor_of_key(ctx, key) is not None
    write(
        ctx,
        "UPDATE api_key SET created_at = now() - interval '2 days', expires_at = now() - interval '1 day'",
    )
    assert logins.visitor_of_key(ctx, key) is None
    other, key = logins.add_key(ctx, ada, "nas", None, None)
    with pytest.raises(NotFound):
        logins.revoke_key(ctx, other.key, account=ada + 1)
    assert logins.revoke_key(ctx, other.key).revoked_at is not None
    assert logins.visitor_of_key(ctx, key) is None
    with pytest.raises(NotFound):
        logins.revoke_key(ctx, other.key)
    with ctx.database.read() as reader:
        assert [each.key for each in credentials.keys(reader).items] == [other.key, row.key]


# Guessing --------------------------------------------------------------------------------------------------


def guess(ctx: Context, name: str = "ada", address: str = "10.0.0.7", password: str = "wrong words") -> str:
    try:
        log_in(ctx, name, password, address)
    except FacekeepError as error:
        return error.code
    return "in"


def test_who_guesses_waits_longer_and_longer(ctx: Context) -> None:
    add(ctx)
    said = [guess(ctx) for _ in range(OF_BOTH.free + 1)]
    assert said == ["unauthenticated"] * OF_BOTH.free + ["too_many_attempts"]
    assert guess(ctx, password=GOOD) == "too_many_attempts", "not even the right one"
    assert guess(ctx, address="10.0.0.8", password=GOOD) == "in", "from elsewhere its owner gets in"
    waits = []
    for _ in range(3):
        write(ctx, "UPDATE login_attempt SET free_at = now()")
        assert guess(ctx) == "unauthenticated"
        with pytest.raises(TooManyAttempts) as caught:
            log_in(ctx, password="x")
        waits.append(caught.value.wait_s)
    assert waits == sorted(waits)
    assert waits[2] > 1.5 * waits[0]
    write(ctx, "UPDATE login_attempt SET free_at = now()")
    assert guess(ctx, password=GOOD) == "in"
    assert [guess(ctx) for _ in range(OF_BOTH.free)] == ["unauthenticated"] * OF_BOTH.free, "and begins anew"


def test_a_name_that_nobody_has_is_met_the_same(ctx: Context) -> None:
    add(ctx)
    said = [guess(ctx, "nobody") for _ in range(OF_BOTH.free + 1)]
    assert said == ["unauthenticated"] * OF_BOTH.free + ["too_many_attempts"]


def test_guesses_at_the_same_moment_all_count(ctx: Context) -> None:
    add(ctx)
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda _: guess(ctx), range(16)))
    assert said.count("unauthenticated") == OF_BOTH.free
    assert said.count("too_many_attempts") == 16 - OF_BOTH.free


def test_one_address_that_tries_many_names_waits_as_well(ctx: Context) -> None:
    assert guess(ctx, "first name") == "unauthenticated"
    # Of one address there is a row of its own, which other names raise.
    write(ctx, "UPDATE login_attempt SET failures = %(almost)s", almost=OF_ADDRESS.free - 1)
    assert guess(ctx, "second name") == "unauthenticated"
    assert guess(ctx, "third name") == "too_many_attempts"
    assert guess(ctx, "third name", "10.0.0.8") == "unauthenticated"


def test_old_failures_are_forgotten(ctx: Context) -> None:
    add(ctx)
    assert [guess(ctx) for _ in range(OF_BOTH.free)] == ["unauthenticated"] * OF_BOTH.free
    write(ctx, "UPDATE login_attempt SET last_at = now() - interval '61 minutes', free_at = now()")
    assert [guess(ctx) for _ in range(OF_BOTH.free)] == ["unauthenticated"] * OF_BOTH.free


def test_the_waits_double_up_to_the_longest() -> None:
    patience = Patience(free=2, longest_s=60)
    assert [patience.wait_s(n) for n in (0, 1, 2, 3, 4, 7, 8, 1000)] == [0, 0, 1, 2, 4, 32, 60, 60]


# Who decided -----------------------------------------------------------------------------------------------


def test_a_password_of_yesterdays_strength_is_hashed_anew(ctx: Context) -> None:
    from argon2 import PasswordHasher

    ada = add(ctx)
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(GOOD)
    write(ctx, "UPDATE account SET password_hash = %(weak)s", weak=weak)
    log_in(ctx)
    with ctx.database.read() as reader:
        assert store.password_of(reader, ada) != weak
    log_in(ctx)


def test_an_account_is_entered_under_what_users_decide_alone(ctx: Context, tmp_path: Path) -> None:
    ada = add(ctx)
    mine = ctx.database.on_behalf(ada)
    with mine.write("user", verb="a") as writer:
        writer.run("INSERT INTO person (name) VALUES ('A')")
    with mine.write("machine", verb="b") as writer:
        writer.run("INSERT INTO person DEFAULT VALUES")
    with ctx.database.write("user", verb="c") as writer:
        writer.run("INSERT INTO person (name) VALUES ('C')")
    with ctx.database.read() as reader:
        assert reader.tuples("SELECT verb, account FROM decision ORDER BY id") == [
            ("a", ada),
            ("b", None),
            ("c", None),
        ]
    with (
        pytest.raises(Conflict, match="foreign key"),
        ctx.database.on_behalf(ada + 1).write("user") as writer,
    ):
        writer.run("INSERT INTO person (name) VALUES ('D')")


def test_removing_an_account_keeps_it_for_the_journal(ctx: Context) -> None:
    add(ctx)
    bob = add(ctx, "bob", Role.EDITOR)
    with ctx.database.on_behalf(bob).write("user", verb="name") as writer:
        writer.run("INSERT INTO person (name) VALUES ('A')")
    accounts.remove_account(ctx, bob)
    with ctx.database.read() as reader:
        assert reader.value("SELECT a.name FROM decision d JOIN account a ON a.id = d.account") == "bob"
        with pytest.raises(NotFound):
            store.account(reader, bob)
    with pytest.raises(Conflict, match="foreign key"):
        write(ctx, "DELETE FROM account WHERE id = %(account)s", account=bob)

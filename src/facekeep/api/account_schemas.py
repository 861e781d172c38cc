"""Sessions, accounts and API keys as JSON."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from facekeep.api.schemas import Body, Id, Schema, Text
from facekeep.domain.accounts import MAX_ACCOUNT_NAME, MAX_PASSWORD, Role, Visitor
from facekeep.store.accounts import AccountRow
from facekeep.store.credentials import KeyRow, SessionRow

AccountName = Annotated[Text, Field(min_length=1, max_length=MAX_ACCOUNT_NAME, examples=["ada"])]
Password = Annotated[Text, Field(min_length=1, max_length=MAX_PASSWORD, examples=["correct horse battery"])]
KeyName = Annotated[Text, Field(min_length=1, max_length=100, examples=["backup of the NAS"])]


class Login(Body):
    """Who wants in."""

    name: Annotated[Text, Field(max_length=200, examples=["ada"])]
    password: Annotated[Text, Field(max_length=MAX_PASSWORD, examples=["correct horse battery"])]


class Who(Schema):
    """Who asks, and what they may."""

    account: int | None = Field(description="Null for a stranger, and for the local user without an account.")
    name: str | None
    role: Role | None = Field(description="Null for a stranger: log in.")
    login_needed: bool = Field(description="Whether logging in comes first.")

    @classmethod
    def of(cls, visitor: Visitor | None) -> Self:
        """From who asks; None for a stranger."""
        if visitor is None:
            return cls(account=None, name=None, role=None, login_needed=True)
        return cls(account=visitor.account, name=visitor.name, role=visitor.role, login_needed=False)


class PasswordChange(Body):
    """One's own password, and the new one."""

    old: Annotated[Text, Field(max_length=MAX_PASSWORD)]
    new: Password


class Session(Schema):
    """Somewhere where you are logged in."""

    session: int
    created_at: datetime
    seen_at: datetime
    expires_at: datetime = Field(description="Then it ends, however much it is used.")
    user_agent: str = Field(description="What the browser said of itself.")
    own: bool = Field(description="The one that asks.")

    @classmethod
    def of(cls, row: SessionRow, visitor: Visitor) -> Self:
        """From a row."""
        return cls(
            session=row.session,
            created_at=row.created_at,
            seen_at=row.seen_at,
            expires_at=row.expires_at,
            user_agent=row.user_agent,
            own=row.session == visitor.session,
        )


class Sessions(Schema):
    """All of them, the last used first."""

    items: list[Session]


class Account(Schema):
    """Somebody who may log in."""

    account: int = Field(examples=[3])
    name: str = Field(examples=["ada"])
    role: Role
    disabled: bool
    added_at: datetime

    @classmethod
    def of(cls, row: AccountRow) -> Self:
        """From a row."""
        return cls(
            account=row.account,
            name=row.name,
            role=Role(row.role),
            disabled=row.disabled,
            added_at=row.added_at,
        )


class AccountsPage(Schema):
    """Part of a listing. `next` is the cursor of the following part; null at the end."""

    items: list[Account]
    total: int
    next: str | None


class AccountNew(Body):
    """Somebody new. The first account is an admin."""

    name: AccountName
    role: Role
    password: Password


class AccountEdit(Body):
    """What to change; what is left out stays."""

    name: AccountName | None = None
    role: Role | None = None
    disabled: bool | None = None
    password: Password | None = None


class Key(Schema):
    """An API key: how it begins, never the whole."""

    key: int = Field(examples=[5])
    prefix: str = Field(examples=["fk_Vt9aQx"])
    name: str
    account: int
    account_name: str
    role: Role = Field(description="What it may at most; never more than its account may now.")
    created_at: datetime
    last_used_at: datetime | None = Field(description="To the minute.")
    expires_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def of(cls, row: KeyRow) -> Self:
        """From a row."""
        return cls.model_validate(key_fields(row))


def key_fields(row: KeyRow) -> dict[str, object]:
    """The names of the contract."""
    return {name: getattr(row, name) for name in Key.model_fields}


class KeysPage(Schema):
    """Part of a listing. `next` is the cursor of the following part; null at the end."""

    items: list[Key]
    total: int
    next: str | None


class KeyNew(Body):
    """A key for a program."""

    name: KeyName
    role: Role | None = Field(default=None, description="At most that of the account, which is the default.")
    expires_at: datetime | None = None
    account: Id | None = Field(default=None, description="Whose; your own unless you are an admin.")


class KeyMade(Key):
    """A new key. `secret` is the key itself, shown this once."""

    secret: str = Field(examples=["fk_Vt9aQx…"])

"""Who may log in."""

from typing import cast

from fastapi import APIRouter

from facekeep.actions import accounts as actions
from facekeep.actions.accounts import AccountChange
from facekeep.api.account_schemas import Account, AccountEdit, AccountNew, AccountsPage
from facekeep.api.dependencies import DEFAULT_PAGE, Cursor, Limit, PathId, Wired
from facekeep.api.errors import answers
from facekeep.store import accounts as store

router = APIRouter(prefix="/accounts", tags=["accounts"])


@router.get("", responses=answers(400, 422, 503), name="list")
def list_accounts(ctx: Wired, cursor: Cursor = None, limit: Limit = DEFAULT_PAGE) -> AccountsPage:
    """Every account, oldest first."""
    with ctx.database.read() as reader:
        page = store.accounts(reader, cursor=cursor, limit=limit)
    return AccountsPage(items=[Account.of(row) for row in page.items], total=page.total, next=page.next)


@router.post("", status_code=201, responses=answers(400, 409, 422, 503))
def add(ctx: Wired, body: AccountNew) -> Account:
    """Let somebody log in. The first account is an admin."""
    return Account.of(actions.add_account(ctx, body.name, body.role, body.password))


@router.get("/{account}", responses=answers(404, 422, 503))
def get(ctx: Wired, account: PathId) -> Account:
    """One account."""
    with ctx.database.read() as reader:
        return Account.of(store.account(reader, account))


@router.patch("/{account}", responses=answers(400, 404, 409, 422, 503))
def edit(ctx: Wired, account: PathId, body: AccountEdit) -> Account:
    """Name, role, password, and whether it may be used. A new password ends its sessions."""
    change = body.model_dump(exclude_none=True)
    return Account.of(actions.change_account(ctx, account, cast(AccountChange, change)))


@router.delete("/{account}", responses=answers(404, 409, 422, 503))
def remove(ctx: Wired, account: PathId) -> Account:
    """Nobody logs in with it any more; the journal still knows its name. The last admin stays."""
    return Account.of(actions.remove_account(ctx, account))

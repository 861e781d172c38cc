"""API keys: for programs, instead of a password."""

from fastapi import APIRouter

from facekeep.actions import logins
from facekeep.api.account_schemas import Key, KeyMade, KeyNew, KeysPage, key_fields
from facekeep.api.dependencies import DEFAULT_PAGE, Asking, Cursor, Limit, OptionalId, PathId, Wired
from facekeep.api.errors import answers
from facekeep.domain.accounts import Role, Visitor
from facekeep.domain.errors import ForbiddenRole, UsageError
from facekeep.store import credentials

router = APIRouter(prefix="/keys", tags=["keys"])


@router.get("", responses=answers(400, 422, 503), name="list")
def list_keys(
    ctx: Wired,
    visitor: Asking,
    account: OptionalId = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_PAGE,
) -> KeysPage:
    """API keys, newest first, revoked ones too: your own, or for an admin those of all or of one account."""
    whose = account if visitor.role is Role.ADMIN else visitor.account
    with ctx.database.read() as reader:
        page = credentials.keys(reader, account=whose, cursor=cursor, limit=limit)
    return KeysPage(items=[Key.of(row) for row in page.items], total=page.total, next=page.next)


@router.post("", status_code=201, responses=answers(400, 404, 422, 503))
def add(ctx: Wired, visitor: Asking, body: KeyNew) -> KeyMade:
    """A new key. Its `secret` is shown this once."""
    if visitor.key is not None:
        raise UsageError("an API key makes no other keys", hint="Log in.")
    made, secret = logins.add_key(ctx, _owner(visitor, body.account), body.name, body.role, body.expires_at)
    return KeyMade.model_validate({**key_fields(made), "secret": secret})


@router.delete("/{key}", responses=answers(404, 422, 503))
def revoke(ctx: Wired, visitor: Asking, key: PathId) -> Key:
    """The key opens nothing from now on. Your own, or for an admin any."""
    whose = None if visitor.role is Role.ADMIN else visitor.account
    return Key.of(logins.revoke_key(ctx, key, account=whose))


def _owner(visitor: Visitor, wanted: int | None) -> int:
    if wanted is not None and wanted != visitor.account and visitor.role is not Role.ADMIN:
        raise ForbiddenRole("only an admin makes keys for others")
    owner = visitor.account if wanted is None else wanted
    if owner is None:
        raise UsageError("say whose key it is: you have no account", hint="GET /api/v1/accounts lists them.")
    return owner

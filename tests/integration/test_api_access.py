"""Who may ask what over HTTP: every route has its role; who is local; logging in and out."""

import re
import shutil
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from account_support import API, ELSEWHERE, PASSWORD, key_of, logged_in, nobody, people_with_roles
from embedded_support import open_folder
from interface_support import Filled, filled, serving

from facekeep.api.access import LEAST, least
from facekeep.api.app import create_app, openapi
from facekeep.domain.accounts import Role

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def data() -> Iterator[Filled]:
    folder = open_folder()
    try:
        with filled(folder) as made:
            yield made
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def api(data: Filled) -> Iterator[httpx.Client]:
    app = create_app(data.ctx, allowed_hosts=("photos.example",), page=data.photos)
    with serving(app) as client:
        yield client


@pytest.fixture(scope="module")
def closed(data: Filled) -> Iterator[httpx.Client]:
    """As `api`, where the local user must log in as well."""
    with serving(create_app(data.ctx, page=data.photos, loopback_open=False)) as client:
        yield client


@pytest.fixture
def accounts(data: Filled, api: httpx.Client) -> Iterator[dict[Role, int]]:
    api.cookies.clear()
    yield people_with_roles(data.ctx)
    nobody(data.ctx)


def who(answer: httpx.Response) -> tuple[str | None, str | None]:
    assert answer.status_code == 200, answer.text
    found = answer.json()
    return found["name"], found["role"]


# The table -------------------------------------------------------------------------------------------------


def described() -> set[str]:
    paths = openapi()["paths"]
    return {
        f"{method.upper()} {path}" for path, methods in paths.items() for method in set(methods) & METHODS
    }


def test_every_route_has_its_role() -> None:
    missing = described() - set(LEAST)
    assert not missing, f"say in api/access.py who may: {sorted(missing)}"
    assert set(LEAST) - described() == {f"GET {API}/openapi.json"}, "no such routes"


def test_what_was_forgotten_is_closed() -> None:
    assert least("GET", f"{API}/something/new") is Role.ADMIN
    assert least("POST", f"{API}/people/7/whatever") is Role.ADMIN
    assert least("HEAD", f"{API}/people") is Role.VIEWER
    assert least("GET", "/people/7") is None, "the page itself"
    assert least("GET", f"{API}/people/names/") is Role.ADMIN


@pytest.mark.parametrize("where", sorted(LEAST))
def test_each_route_asks_for_its_role(
    api: httpx.Client, data: Filled, asking: dict[Role | None, dict[str, str]], where: str
) -> None:
    """With every role and without: refused below the least one, past that check from there on."""
    method, path = where.split()
    # A number that nobody has, and no body: whoever is let in harms nothing.
    path = re.sub(r"\{\w+\}", "999999", path)
    wanted = LEAST[where]
    if where in (f"GET {API}/events", f"POST {API}/activity/pause"):
        return  # never ends; would stop others
    for role, headers in asking.items():
        answer = api.request(method, path, headers=headers)
        refused = answer.json().get("code") if answer.status_code in (401, 403) else None
        if wanted is None:
            assert refused in (None, "unauthenticated") if where == f"POST {API}/session" else refused is None
        elif role is None:
            assert (answer.status_code, refused) == (401, "unauthenticated")
            assert answer.headers["www-authenticate"].startswith("Bearer")
        else:
            assert refused == (None if role.includes(wanted) else "forbidden_role")


@pytest.fixture(scope="module")
def asking(data: Filled) -> Iterator[dict[Role | None, dict[str, str]]]:
    """The headers of a stranger from elsewhere, and of one with each role."""
    found = people_with_roles(data.ctx)
    yield {None: ELSEWHERE, **{role: ELSEWHERE | key_of(data.ctx, number) for role, number in found.items()}}
    nobody(data.ctx)


# Who is local ----------------------------------------------------------------------------------------------


def test_at_this_machine_nobody_needs_a_password(api: httpx.Client, data: Filled) -> None:
    nobody(data.ctx)
    assert who(api.get(f"{API}/session")) == (None, "admin")
    assert api.get(f"{API}/report").status_code == 200


def test_nor_where_there_are_accounts(api: httpx.Client, accounts: dict[Role, int]) -> None:
    assert who(api.get(f"{API}/session")) == (None, "admin")


def test_unless_it_is_closed(closed: httpx.Client, accounts: dict[Role, int], data: Filled) -> None:
    assert closed.get(f"{API}/people").status_code == 401
    assert closed.get(f"{API}/session").json()["login_needed"] is True
    nobody(data.ctx)
    assert closed.get(f"{API}/people").status_code == 200, "there is nobody to log in as"


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "127.0.0.1"},
        {"X-Forwarded-Proto": "https"},
        {"X-Forwarded-Host": "localhost"},
        {"Forwarded": "for=127.0.0.1"},
        {"X-Real-IP": "127.0.0.1"},
        {"Via": "1.1 proxy"},
        {"CF-Connecting-IP": "127.0.0.1"},
        {"Host": "photos.example"},
        {"Referer": "https://photos.example/people"},
        {"Host": "photos.example", "Origin": "https://photos.example"},
    ],
)
def test_what_was_passed_on_is_never_local(api: httpx.Client, data: Filled, headers: dict[str, str]) -> None:
    nobody(data.ctx)
    for path in ("/people", "/status", "/faces/1/crop", "/journal"):
        answer = api.get(f"{API}{path}", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert "facekeep users add" in answer.json()["hint"]
    assert api.get("/metrics", headers=headers).status_code == 401
    assert api.get("/healthz", headers=headers).status_code == 200
    found = api.get(f"{API}/session", headers=headers).json()
    assert (found["role"], found["login_needed"]) == (None, True)


def test_http_1_0_is_what_proxies_speak(api: httpx.Client, data: Filled) -> None:
    nobody(data.ctx)
    with socket.create_connection(("127.0.0.1", api.base_url.port or 80), timeout=30) as connection:
        connection.sendall(f"GET {API}/people HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n".encode())
        assert b" 401 " in connection.recv(1000).split(b"\r\n")[0]


def test_only_who_listens_to_the_network_answers_to_addresses(data: Filled) -> None:
    host = {"Host": "192.0.2.1:8765"}
    with serving(create_app(data.ctx, page=data.photos, by_address=True)) as api:
        assert api.get("/healthz", headers=host).status_code == 200
        assert api.get(f"{API}/people", headers=host).status_code == 401, "and is not local then"
        assert api.get("/healthz", headers={"Host": "rebound.example"}).status_code == 421
        origin = {"Origin": "http://192.0.2.9:8765"}
        assert api.post(f"{API}/session", json={}, headers=host | origin).status_code == 403
        own = {"Origin": "http://192.0.2.1:8765"}
        assert api.post(f"{API}/session", json={}, headers=host | own).status_code == 422


# Logging in ------------------------------------------------------------------------------------------------


def cookie_of(answer: httpx.Response) -> str:
    return answer.headers["set-cookie"]


def test_logging_in_and_out(api: httpx.Client, accounts: dict[Role, int]) -> None:
    with logged_in(api, "EDITOR") as client:
        assert who(client.get(f"{API}/session")) == ("editor", "editor")
        assert client.get(f"{API}/people").status_code == 200
        (own,) = client.get(f"{API}/sessions").json()["items"]
        assert own["own"] is True
        assert own["user_agent"].startswith("python-httpx")
        token = next(iter(client.cookies.values()))
        assert client.delete(f"{API}/session").json()["login_needed"] is True
        assert not client.cookies
        client.cookies.set("facekeep_session", token)
        assert client.get(f"{API}/people").status_code == 401, "the token opens nothing any more"


def test_the_cookie_is_for_this_host_and_page_alone(api: httpx.Client, accounts: dict[Role, int]) -> None:
    body = {"name": "viewer", "password": PASSWORD}
    plain = cookie_of(api.post(f"{API}/session", json=body))
    assert plain.startswith("facekeep_session=")
    for part in ("HttpOnly", "SameSite=strict", "Path=/", "Max-Age=7776000"):
        assert part in plain
    assert "Secure" not in plain
    assert "Domain" not in plain
    https = {"Host": "photos.example", "Origin": "https://photos.example", "X-Forwarded-Proto": "https"}
    answer = api.post(f"{API}/session", json=body, headers=https)
    secure = cookie_of(answer)
    assert secure.startswith("__Host-facekeep_session=")
    assert "; Secure" in secure
    token = secure.partition("=")[2].partition(";")[0]
    found = api.get(f"{API}/session", headers=ELSEWHERE | {"Cookie": f"__Host-facekeep_session={token}"})
    assert who(found) == ("viewer", "viewer")
    api.cookies.clear()


def test_logging_in_again_ends_the_session_before(api: httpx.Client, accounts: dict[Role, int]) -> None:
    with logged_in(api, "editor") as client:
        first = client.cookies["facekeep_session"]
        client.post(f"{API}/session", json={"name": "viewer", "password": PASSWORD})
        assert who(client.get(f"{API}/session")) == ("viewer", "viewer")
        cookie = {"Cookie": f"facekeep_session={first}"}
        assert api.get(f"{API}/people", headers=ELSEWHERE | cookie).status_code == 401


def test_a_page_of_another_site_does_not_log_in(api: httpx.Client, accounts: dict[Role, int]) -> None:
    body = {"name": "viewer", "password": PASSWORD}
    answer = api.post(f"{API}/session", json=body, headers={"Origin": "https://evil.example"})
    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)


def test_wrong_passwords_are_told_how_long_to_wait(api: httpx.Client, accounts: dict[Role, int]) -> None:
    body = {"name": "viewer", "password": "wrong words"}
    # The waits grow: on a slow machine the first of them may be over before the next attempt comes.
    said = [api.post(f"{API}/session", json=body, headers=ELSEWHERE) for _ in range(10)]
    assert [answer.status_code for answer in said[:5]] == [401] * 5
    assert said[0].json()["detail"] == "the name or the password is wrong"
    waiting = [answer for answer in said if answer.status_code == 429]
    assert waiting
    assert waiting[0].json()["code"] == "too_many_attempts"
    assert int(waiting[0].headers["retry-after"]) >= 1
    elsewhere = {"X-Forwarded-For": "spoofed, 192.0.2.99"}
    body["password"] = PASSWORD
    assert api.post(f"{API}/session", json=body, headers=elsewhere).status_code == 200
    api.cookies.clear()


def test_the_local_user_may_log_in_as_somebody(api: httpx.Client, accounts: dict[Role, int]) -> None:
    assert api.post(f"{API}/session", json={"name": "viewer", "password": PASSWORD}).status_code == 200
    assert who(api.get(f"{API}/session")) == ("viewer", "viewer")
    assert api.get(f"{API}/report").status_code == 403
    assert who(api.delete(f"{API}/session")) == (None, None)
    assert who(api.get(f"{API}/session")) == (None, "admin")


def test_an_api_key_opens_until_it_is_revoked(
    api: httpx.Client, data: Filled, accounts: dict[Role, int]
) -> None:
    key = ELSEWHERE | key_of(data.ctx, accounts[Role.EDITOR], Role.VIEWER)
    assert who(api.get(f"{API}/session", headers=key)) == ("editor", "viewer")
    refused = api.post(f"{API}/faces/remove", json={"faces": [1], "reject": True}, headers=key)
    assert refused.json()["detail"] == "this API key is viewer, and this needs editor"
    made = api.get(f"{API}/keys", headers=key).json()["items"]
    assert [each["role"] for each in made] == ["viewer"]
    assert api.delete(f"{API}/keys/{made[0]['key']}", headers=key).status_code == 200
    assert api.get(f"{API}/people", headers=key).status_code == 401
    wrong = {"Authorization": "Bearer nonsense"}
    assert api.get(f"{API}/people", headers=wrong).status_code == 401, "not even at this machine"
    assert api.get(f"{API}/people", headers={"Authorization": "Basic eDp5"}).status_code == 200


def test_keys_over_the_api(api: httpx.Client, accounts: dict[Role, int]) -> None:
    with logged_in(api, "editor") as client:
        made = client.post(f"{API}/keys", json={"name": "nas"})
        assert made.status_code == 201
        key = made.json()
        assert key["secret"].startswith(key["prefix"])
        assert key["secret"] not in client.get(f"{API}/keys").text
        other = client.post(f"{API}/keys", json={"name": "x", "account": accounts[Role.ADMIN]})
        assert (other.status_code, other.json()["code"]) == (403, "forbidden_role")
        bearer = ELSEWHERE | {"Authorization": f"Bearer {key['secret']}"}
        assert api.post(f"{API}/keys", json={"name": "x"}, headers=bearer).status_code == 400
    with logged_in(api, "viewer") as client:
        assert client.delete(f"{API}/keys/{key['key']}").status_code == 404
        assert client.get(f"{API}/keys").json()["total"] == 0
    assert api.get(f"{API}/keys").json()["total"] == 1, "an admin sees all"
    assert api.post(f"{API}/keys", json={"name": "x"}).status_code == 400, "the local user has no account"


def test_accounts_over_the_api(api: httpx.Client, accounts: dict[Role, int]) -> None:
    new = {"name": "Grace", "role": "editor", "password": PASSWORD}
    made = api.post(f"{API}/accounts", json=new)
    assert made.status_code == 201
    grace = made.json()["account"]
    assert PASSWORD not in made.text
    assert api.post(f"{API}/accounts", json=new).status_code == 409
    assert api.patch(f"{API}/accounts/{grace}", json={"role": "viewer"}).json()["role"] == "viewer"
    first = api.get(f"{API}/accounts", params={"limit": 3}).json()
    rest = api.get(f"{API}/accounts", params={"limit": 3, "cursor": first["next"]}).json()
    assert [each["name"] for each in first["items"] + rest["items"]] == ["admin", "editor", "viewer", "Grace"]
    assert first["total"] == 4
    assert api.delete(f"{API}/accounts/{grace}").status_code == 200
    assert api.get(f"{API}/accounts/{grace}").status_code == 404
    last = api.delete(f"{API}/accounts/{accounts[Role.ADMIN]}")
    assert (last.status_code, last.json()["code"]) == (409, "conflict")


def test_ones_own_password(api: httpx.Client, accounts: dict[Role, int]) -> None:
    with logged_in(api, "viewer") as client, logged_in(api, "viewer") as other:
        path = f"{API}/session/password"
        assert client.put(path, json={"old": "wrong words", "new": PASSWORD}).status_code == 400
        assert client.put(path, json={"old": PASSWORD, "new": "short"}).status_code == 400
        assert client.put(path, json={"old": PASSWORD, "new": "other plain words"}).status_code == 200
        assert client.get(f"{API}/people").status_code == 200
        assert other.get(f"{API}/people").status_code == 401
        client.delete(f"{API}/session", params={"everywhere": True})
        assert client.get(f"{API}/people").status_code == 401


# Who decided -----------------------------------------------------------------------------------------------


def decided(answer: httpx.Response) -> int:
    assert answer.status_code == 200, answer.text
    return int(answer.headers["X-Facekeep-Decision"])


def test_the_journal_says_who(api: httpx.Client, data: Filled, accounts: dict[Role, int]) -> None:
    person: dict[str, Any] = api.get(f"{API}/people").json()["items"][0]
    path = f"{API}/people/{person['person']}"
    with logged_in(api, "editor") as editor, logged_in(api, "admin") as admin:
        named = decided(editor.patch(path, json={"name": "Ada", "version": person["version"]}))
        entry = editor.get(f"{API}/journal/{named}").json()
        assert (entry["account"], entry["account_name"]) == (accounts[Role.EDITOR], "editor")
        assert entry["summary"].startswith("You named")
        assert admin.get(f"{API}/journal/{named}").json()["summary"].startswith("editor named")
        undone = decided(admin.post(f"{API}/journal/{named}/undo"))
        assert editor.get(f"{API}/journal/{undone}").json()["summary"].startswith("admin undid “You named")
        assert admin.get(f"{API}/journal/{undone}").json()["summary"].startswith("You undid “editor named")
        mine = admin.get(f"{API}/journal", params={"account": accounts[Role.EDITOR]}).json()
        assert [each["decision"] for each in mine["items"]] == [named]
        assert mine["total"] == 1
    now = api.get(path).json()["version"]
    local = decided(api.patch(path, json={"name": "Eve", "version": now}))
    entry = api.get(f"{API}/journal/{local}").json()
    assert (entry["account"], entry["account_name"]) == (None, None)
    assert entry["summary"].startswith("You ")

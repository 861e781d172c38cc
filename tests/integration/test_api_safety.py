"""The REST API's manners: problems, refused visitors, headers, limits, and the page's files."""

import json
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from embedded_support import open_folder
from fastapi import FastAPI
from interface_support import filled, serving

from facekeep.api.app import create_app, openapi
from facekeep.api.errors import STATUS_OF, problem_of
from facekeep.api.safety import MAX_BODY_BYTES, SECURITY_HEADERS
from facekeep.domain import errors
from facekeep.domain.errors import FacekeepError, FailureCode, MachineFault, PhotoFault

API = "/api/v1"
NAME = {"name": "Ada", "version": 1}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    made = open_folder()
    try:
        page = made / "page"
        (page / "assets").mkdir(parents=True)
        (page / "index.html").write_text("<!doctype html><title>the page</title>")
        (page / "assets" / "index-a1b2c3.js").write_text("console.log(1)")
        (page / "icon.svg").write_text("<svg/>")
        (made / "secret.txt").write_text("classified")
        yield made
    finally:
        shutil.rmtree(made)


@pytest.fixture(scope="module")
def app(folder: Path) -> Iterator[FastAPI]:
    with filled(folder) as data:
        app = create_app(data.ctx, allowed_hosts=("photos.example",), page=folder / "page", instance="me")
        app.add_api_route(f"{API}/broken", _break, include_in_schema=False)
        # The page takes every address that is left, so what a test adds must come before it.
        app.router.routes.insert(0, app.router.routes.pop())
        yield app


@pytest.fixture(scope="module")
def api(app: FastAPI) -> Iterator[httpx.Client]:
    with serving(app) as client:
        yield client


def _break() -> None:
    raise ZeroDivisionError("a secret of the inside")


def every_error() -> list[type[FacekeepError]]:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    return [kind for kind in kinds if issubclass(kind, FacekeepError)]


def made(kind: type[FacekeepError]) -> FacekeepError:
    if issubclass(kind, PhotoFault) and not issubclass(kind, MachineFault):
        return kind(FailureCode.CRASHED, "what happened", hint="what to do")
    return kind("what happened", hint="what to do")


# Problems --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", every_error())
def test_every_error_of_the_tree_has_an_answer(kind: type[FacekeepError]) -> None:
    assert kind in STATUS_OF, f"say in api/errors.py which HTTP status {kind.__name__} is"
    problem = problem_of(made(kind))
    assert (problem.status, problem.code) == (STATUS_OF[kind], kind.code)
    assert (problem.detail, problem.hint) == ("what happened", "what to do")
    # A caller's mistake is a 4xx, the machine's state a 5xx, as the exit statuses have it.
    assert problem.status // 100 == {1: 4, 2: 4, 3: 5}[kind.exit_status]


def test_nothing_is_mapped_that_is_not_in_the_tree() -> None:
    assert set(STATUS_OF) == set(every_error())


def test_an_unforeseen_error_tells_nothing_of_the_inside(api: httpx.Client) -> None:
    answer = api.get(f"{API}/broken")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "secret" not in answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", f"{API}/nonsense", 404, "not_found"),
        ("GET", "/api", 404, "not_found"),
        ("DELETE", f"{API}/people", 405, "method_not_allowed"),
        ("POST", "/", 405, "method_not_allowed"),
        ("GET", f"{API}/people/77", 404, "not_found"),
        ("GET", f"{API}/faces/1/crop", 503, "environment"),
    ],
)
def test_every_refusal_is_a_problem(
    api: httpx.Client, method: str, path: str, status: int, code: str
) -> None:
    answer = api.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["code"], problem["type"]) == (status, code, "about:blank")
    assert problem["title"]
    assert problem["detail"]


@pytest.mark.parametrize(
    "body", [b"{", b"\xff", b"[]", b"null", b'"x"', b'{"name": "\\ud800", "version": 1}']
)
def test_a_body_that_is_not_what_it_should_be(api: httpx.Client, body: bytes) -> None:
    answer = api.patch(f"{API}/people/1", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


# Visitors --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "LocalHost:1", "[::1]:80", "127.9.9.9", "photos.example"]
)
def test_names_of_this_machine_and_names_that_were_set_are_answered(api: httpx.Client, host: str) -> None:
    assert api.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "192.168.0.7",
        "",
        "[",
        "a@localhost.x",
    ],
)
@pytest.mark.parametrize("path", ["/", "/healthz", f"{API}/people", "/assets/index-a1b2c3.js"])
def test_a_name_that_is_not_ours_is_refused_everywhere(api: httpx.Client, host: str, path: str) -> None:
    answer = api.get(path, headers={"Host": host})
    assert answer.status_code == 421
    assert answer.json()["code"] == "forbidden"
    assert "FACEKEEP_ALLOWED_HOSTS" in answer.json()["hint"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://localhost:5173"},
        {"Origin": "https://photos.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    ],
)
def test_a_page_of_another_site_changes_nothing(api: httpx.Client, headers: dict[str, str]) -> None:
    before = api.get(f"{API}/people/1").json()
    assert api.patch(f"{API}/people/1", json=NAME, headers=headers).status_code == 403
    assert api.post(f"{API}/failures/retry", json={}, headers=headers).status_code == 403
    assert api.get(f"{API}/people/1").json() == before


def test_a_page_of_another_site_reads_nothing_but_may_link_here(api: httpx.Client) -> None:
    fetched = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    assert api.get(f"{API}/faces/1", headers=fetched).status_code == 403
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert api.get("/people/1", headers=followed).status_code == 200


def test_our_own_page_and_programs_are_let_in(api: httpx.Client) -> None:
    own = str(api.base_url).rstrip("/")
    page = {"Origin": own, "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}
    for headers in ({}, page, {"Sec-Fetch-Site": "none"}):
        assert api.post(f"{API}/failures/retry", json={"code": "crashed"}, headers=headers).status_code == 200


def test_a_reverse_proxy_may_drop_its_port(api: httpx.Client) -> None:
    headers = {"Host": "photos.example", "Origin": "https://photos.example:8443"}
    # Past the check of visitors, and then asked who it is, as everybody from elsewhere.
    answer = api.post(f"{API}/failures/retry", json={"code": "crashed"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


def test_nobody_is_given_leave_to_read_across_sites(api: httpx.Client) -> None:
    answer = api.options(f"{API}/people/1", headers={"Access-Control-Request-Method": "PATCH"})
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_a_form_cannot_pass_for_json(api: httpx.Client) -> None:
    body = json.dumps({"code": "crashed"})
    answer = api.post(f"{API}/failures/retry", content=body, headers={"Content-Type": "text/plain"})
    assert answer.status_code == 422


@pytest.mark.parametrize("path", ["/", "/healthz", f"{API}/people", f"{API}/people/77", "/assets/none.js"])
def test_every_answer_carries_the_headers(api: httpx.Client, path: str) -> None:
    answer = api.get(path)
    for name, value in SECURITY_HEADERS.items():
        assert answer.headers[name] == value
    assert "'unsafe-" not in answer.headers["content-security-policy"]
    assert "server" not in answer.headers


# Limits ----------------------------------------------------------------------------------------------------


def test_a_large_body_is_refused_before_it_is_sent(api: httpx.Client) -> None:
    answer = api.patch(f"{API}/people/1", json={"name": "x" * MAX_BODY_BYTES, "version": 1})
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_a_large_body_without_a_length_is_refused_too(api: httpx.Client) -> None:
    def pieces() -> Iterator[bytes]:
        yield b'{"version": 1, "name": "'
        for _ in range(10):
            yield b"x" * (MAX_BODY_BYTES // 5)
        yield b'"}'

    answer = api.patch(f"{API}/people/1", content=pieces(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


# The page --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/people", "/people/7", "/anything/at/all", "/index.html"])
def test_every_address_of_the_page_gives_the_page(api: httpx.Client, path: str) -> None:
    answer = api.get(path)
    assert (answer.status_code, "the page" in answer.text) == (200, True)
    assert answer.headers["cache-control"] == "no-cache"
    assert api.head(path).status_code == 200


def test_hashed_files_are_kept_for_ever_and_missing_ones_are_missing(api: httpx.Client) -> None:
    script = api.get("/assets/index-a1b2c3.js")
    assert "immutable" in script.headers["cache-control"]
    assert script.headers["content-type"].startswith("text/javascript")
    assert api.get("/icon.svg").headers["cache-control"] == "no-cache"
    assert api.get("/assets/index-old.js").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "//etc/passwd",
        "/..%5csecret.txt",
        "/%00",
        "/" + "x" * 300,
    ],
)
def test_no_address_leads_out_of_the_page(api: httpx.Client, path: str) -> None:
    answer = _raw(api, path)
    assert b"classified" not in answer
    assert b"root:" not in answer


def test_a_page_that_is_not_built_says_what_to_do(tmp_path: Path) -> None:
    with serving(create_app(None, page=tmp_path)) as client:
        answer = client.get("/")
        assert answer.status_code == 503
        assert "script/setup" in answer.text
        assert client.get("/healthz").status_code == 200


def _raw(api: httpx.Client, path: str) -> bytes:
    """The answer to a path as written, which a client would tidy up."""
    address = (str(api.base_url.host), api.base_url.port or 80)
    with socket.create_connection(address, timeout=30) as connection:
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        connection.sendall(request.encode())
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


# The description -------------------------------------------------------------------------------------------


def operations() -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method} {path}", operation)
        for path, methods in openapi()["paths"].items()
        for method, operation in methods.items()
    ]


def test_every_operation_has_a_short_name_a_description_and_its_problems() -> None:
    names = [operation["operationId"] for _, operation in operations()]
    assert len(set(names)) == len(names)
    for where, operation in operations():
        assert operation["operationId"].count("_") == 1, where
        assert operation["description"], where
        problems = [answer for status, answer in operation["responses"].items() if status >= "400"]
        for answer in problems:
            schema = answer["content"]["application/problem+json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/Problem"}, where
        takes_input = "requestBody" in operation or operation.get("parameters")
        assert ("422" in operation["responses"]) == bool(takes_input), where


def test_every_reference_of_the_description_leads_somewhere() -> None:
    described = openapi()
    text = json.dumps(described)
    for reference in {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}:
        assert reference in described["components"]["schemas"]
    assert all(schema.get("description") for schema in described["components"]["schemas"].values())


def test_the_description_is_served(api: httpx.Client) -> None:
    assert api.get(f"{API}/openapi.json").json()["info"]["title"] == "facekeep"

"""The whole description of the API against the real server: schemathesis asks every operation what it may be
asked, and what it may not, and compares the answers with what the description says.

As the local admin, on a database with people and faces. The requests are the same each time. How many there
are for each operation follows from how many operations there are: all of it takes well below a minute.
"""

import shutil
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from embedded_support import open_folder
from hypothesis import HealthCheck, Phase, given, seed, settings
from interface_support import Filled, refill, serving_filled
from schemathesis import Case, CheckContext, GenerationMode, Response
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from facekeep.api.app import openapi

REQUESTS = 800
"""All of them together, about."""
SEED = 20_260_101
NEVER_ENDS = {"/api/v1/events"}
"""Streams: tests/integration/test_api_events.py and test_api_changes.py listen to them."""
NUMBERS = 12
"""Half of the numbers that are asked for are at most this: there is something of most of them."""

SCHEMA = schemathesis.openapi.from_dict(openapi())
OPERATIONS = {
    f"{found.method.upper()} {found.path}": found
    for found in (each.ok() for each in SCHEMA.get_all_operations() if isinstance(each, Ok))
    if found.path not in NEVER_ENDS
}
EACH = max(4, REQUESTS // (2 * len(OPERATIONS)))


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Filled, httpx.Client]]:
    folder = open_folder()
    try:
        with serving_filled(folder) as both:
            yield both
    finally:
        shutil.rmtree(folder)


def no_mistake(ctx: CheckContext, response: Response, case: Case[Any]) -> bool | None:
    """500 is a mistake of ours. 503 is not: the machine may be in no state to answer, as described."""
    assert response.status_code != 500, response.text
    return None


CHECKS = [
    no_mistake,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def near(values: dict[str, Any] | None) -> None:
    """Bring numbers from all over 63 bits to where there is something."""
    for name, value in ({} if values is None else values).items():
        if isinstance(value, int) and not isinstance(value, bool) and value > NUMBERS and value % 2:
            values[name] = 1 + value % NUMBERS  # type: ignore[index]


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["right", "wrong"])
@pytest.mark.parametrize("where", sorted(OPERATIONS))
def test_every_operation_answers_as_described(
    server: tuple[Filled, httpx.Client], where: str, mode: GenerationMode
) -> None:
    data, client = server
    operation = OPERATIONS[where]
    if mode is GenerationMode.NEGATIVE and not (operation.body or takes_parameters(operation)):
        return
    if mode is GenerationMode.POSITIVE and operation.method.upper() != "GET":
        refill(data)

    @seed(SEED)
    @settings(
        max_examples=EACH,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Case[Any]) -> None:
        near(case.path_parameters)
        near(case.query)
        response = case.call(base_url=str(client.base_url).rstrip("/"), timeout=30)
        case.validate_response(response, checks=CHECKS)

    ask()


def test_an_answer_that_is_not_as_described_is_seen(server: tuple[Filled, httpx.Client]) -> None:
    described = openapi()
    answers = described["paths"]["/api/v1/people"]["get"]["responses"]
    schema = described["components"]["schemas"]["Status"]["properties"]["photos"]
    del answers["200"]
    schema["type"] = "string"
    changed = schemathesis.openapi.from_dict(described)
    for path in ("/api/v1/people", "/api/v1/status"):
        case = changed[path]["GET"].Case()
        response = case.call(base_url=str(server[1].base_url).rstrip("/"))
        with pytest.raises(FailureGroup):
            case.validate_response(response, checks=CHECKS)


def takes_parameters(operation: Any) -> bool:
    return any(len(list(part)) for part in (operation.path_parameters, operation.query, operation.headers))

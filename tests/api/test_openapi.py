"""The OpenAPI document is true: whatever is sent, by whomever, is answered as it says and never by an error of ours.

Each operation gets every request that can be worked out from its schema from whom it is for, and random ones from
everybody. SHINSATSU_FUZZ_EXAMPLES says how many of those; with it the seed is another each time. SHINSATSU_FUZZ_ONLY
leaves operations whose label, such as `POST /api/keys`, contains it.
"""

import asyncio
import os
from collections.abc import Iterator, Mapping
from typing import Any

import hypothesis
import pytest
import schemathesis
from pydantic import SecretStr
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response
from schemathesis.generation.case import Case
from schemathesis.generation.hypothesis.builder import HypothesisTestConfig, HypothesisTestMode, create_test
from schemathesis.generation.meta import TestPhase
from schemathesis.python.asgi import shutdown_lifespans
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance
from schemathesis.specs.openapi.schemas import OpenApiSchema

from shinsatsu.bootstrap.server import build
from tests.api.clinic import Clinic, Sfu, settings
from tests.api.endpoints import ENDPOINTS
from tests.api.openapi_stage import EVERYBODY, Stage, Who, credentials

EXAMPLES = os.environ.get("SHINSATSU_FUZZ_EXAMPLES")
ONLY = os.environ.get("SHINSATSU_FUZZ_ONLY", "")
UNLIMITED = "1000000/minute"
OTHER_METHODS = {"options", "trace"}
SESSION = "/api/video-sessions/{sessionId}"
BEYOND_A_SCHEMA = {
    "GET /api/video-sessions": "years 2000 to 2199, whatever the zone",
    f"POST {SESSION}/join": "operators and admins say why",
    f"POST {SESSION}/tracks/publish": "the text is SDP",
    f"POST {SESSION}/participants/{{participantId}}/remove": "why somebody is removed is not left empty",
    f"POST {SESSION}/links": "the person is one of the appointment's",
    f"POST {SESSION}/invitations": "each check needs a field of its own",
    "POST /api/invitations/open": "somebody was born in the years 1880 to 2199",
    "PUT /api/appointments/{appointmentId}": "years 2000 to 2199; nobody is named twice",
    "POST /api/login/second-factor": "one answer of three",
    "POST /api/login/setup": "passwords are judged",
    "POST /api/users": "login names are judged",
    "PATCH /api/users/worker/{userId}": "login names are judged",
    "POST /api/keys": "a key ends in the future",
    "POST /api/webhooks": "https, to no private address",
}
"""Where what fits the schema is refused with 422 nevertheless, and why."""
AnyCase = Case[Any]
FOR_PROGRAMS = ("/api/appointments/{appointmentId}", "/api/video-sessions/create")
SEEN_TO_ASK = set[str]()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, sfu: Sfu) -> Iterator[Stage]:
    configured = settings(
        tmp_path_factory.mktemp("openapi"),
        sfu,
        console_links=True,
        exchange_rate=UNLIMITED,
        login_rate=UNLIMITED,
        failure_rate=UNLIMITED,
        delivery_url="https://delivery.example/",
        delivery_secret=SecretStr("whsec_" + "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="),
    )
    held = asyncio.run(credentials(configured))
    yield Stage(schemathesis.openapi.from_asgi("/openapi.json", build(configured).app), held)
    shutdown_lifespans()


@pytest.fixture(scope="module")
def document(stage: Stage) -> OpenApiSchema:
    """The document with answers closed: a member that it does not name counts as an error here."""
    schema = stage.schema
    for name, shape in schema.raw_schema["components"]["schemas"].items():
        if name.endswith("Json"):
            shape["additionalProperties"] = False
    schema.config.generation.update(with_security_parameters=False)
    schema.config.phases.coverage.unexpected_methods = OTHER_METHODS
    schema.config.checks.positive_data_acceptance.expected_statuses.append("410")  # right, and too late
    return schema


@pytest.mark.timeout(240 if EXAMPLES is None else 7200)
def test_every_answer_is_as_documented(document: OpenApiSchema, stage: Stage) -> None:
    failures = dict[str, BaseException]()
    operations = [one.ok() for one in document.get_all_operations() if isinstance(one, Ok)]
    assert len(operations) == sum(map(len, document.raw_schema["paths"].values()))
    for operation in operations:
        if ONLY not in operation.label:
            continue
        try:
            requests_for(operation, document, stage)()
        except (AssertionError, BaseExceptionGroup) as failure:  # each operation's, not the first operation's alone
            failures[operation.label] = failure
    told = [f"{label}: {failure}\n{getattr(failure, '__notes__', '')}" for label, failure in failures.items()]
    assert not failures, f"{len(failures)} operations:\n\n" + "\n\n".join(told)


def requests_for(operation: APIOperation[Any, Any, Any, Any], document: OpenApiSchema, stage: Stage) -> Any:
    """A test of one operation: what is worked out from its schema, then what Hypothesis draws.

    Made by hand, since Schemathesis's own pytest integration reads a node's id where pytest 9.2 no longer has it.
    """

    def ask(case: AnyCase) -> None:
        callers = EVERYBODY if case.meta is not None and case.meta.phase.name is TestPhase.FUZZING else [whose(case)]
        for who in callers:
            headers, places = stage.of(case.operation.path, who)
            answer = named(case, places).call(headers=dict(headers))
            try:
                case.validate_response(answer, headers=dict(headers), excluded_checks=needless(case, answer))
            except BaseExceptionGroup as failure:
                failure.add_note(f"(asked by: {who})")
                raise
            if answer.status_code < 300:
                SEEN_TO_ASK.add(case.operation.label)

    config = HypothesisTestConfig(
        project=document.config,
        modes=[HypothesisTestMode.COVERAGE, HypothesisTestMode.FUZZING],
        settings=hypothesis.settings(
            max_examples=int(EXAMPLES or 2),
            derandomize=EXAMPLES is None,
            database=None,
            deadline=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        ),
    )
    return create_test(operation=operation, test_func=ask, config=config)


def test_everything_that_asks_who_is_calling_says_so(document: OpenApiSchema) -> None:
    raw = document.raw_schema
    assert set(raw["components"]["securitySchemes"]) == {"bearer", "grant", "login"}
    public = {
        f"{method.upper()} {path}"
        for path, operations in raw["paths"].items()
        for method, operation in operations.items()
        if not operation["security"]
    }
    assert public == {f"{one.method} {one.path}" for one in ENDPOINTS if one.public and one.path in raw["paths"]}


async def test_an_address_names_all_its_methods(clinic: Clinic) -> None:
    refused = await clinic.http.request("OPTIONS", "/api/video-sessions/s-1/guests")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, POST")


def whose(case: AnyCase) -> Who:
    """Whom an operation is for, and who gets furthest."""
    schemes = case.operation.definition.raw["security"]
    if not schemes:
        return "nobody"
    if case.operation.path.startswith(SESSION):
        return "admin" if schemes == [{"login": []}] else "doctor"
    return "key" if case.operation.path in FOR_PROGRAMS else "admin"


def named(case: AnyCase, places: Mapping[str, Any]) -> AnyCase:
    """The same with an address and a stay that there are, unless it is the address or the body that is wrong."""
    if not negative(case, ParameterLocation.PATH):
        case.path_parameters = {name: places.get(name, value) for name, value in case.path_parameters.items()}
    if isinstance(case.body, dict) and "participantId" in case.body and not negative(case, ParameterLocation.BODY):
        case.body = {**case.body, "participantId": places["participantId"]}
    return case


def negative(case: AnyCase, location: ParameterLocation) -> bool:
    return case.meta is not None and case.meta.is_negative_at(location)


def whole_float(value: object) -> bool:
    """Whether 1.0 is somewhere in it: an integer to JSON Schema, and to us, who convert nothing, none."""
    if isinstance(value, dict):
        return any(whole_float(one) for one in value.values())
    if isinstance(value, list):
        return any(whole_float(one) for one in value)
    return isinstance(value, float) and value.is_integer()


def needless(case: AnyCase, answer: Response) -> list[Any]:
    """The checks that say nothing here."""
    label = case.operation.label
    # Seeing it refuse nobody, and somebody with a credential that is none, is enough once.
    needless: list[Any] = [ignored_auth] if label in SEEN_TO_ASK else []
    if answer.status_code == 422 and (label in BEYOND_A_SCHEMA or whole_float(case.body)):
        needless.append(positive_data_acceptance)
    return needless

"""The OpenAPI document: what the routes say, and what holds for all of them: who may ask and how refusals look."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from fastapi import FastAPI

from shinsatsu.api.answers import ProblemJson
from shinsatsu.api.auth import GRANT_HEADER, LOGIN_HEADER, authenticated, current_login

PROBLEM_TYPE = "application/problem+json"
REFUSALS = (400, 401, 403, 404, 409, 410, 413, 415, 422, 429, 503)
PROBLEMS: dict[int | str, dict[str, Any]] = {status: {"model": ProblemJson} for status in REFUSALS}
"""What the routes start from; `_impossible` says what of it a route never answers."""
SCHEMES: Mapping[str, Mapping[str, str]] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key, a grant's secret, or a JWT signed by the host application.",
    },
    "grant": {
        "type": "apiKey",
        "in": "header",
        "name": GRANT_HEADER,
        "description": "A grant's id; its secret is in the cookie `shinsatsu_grant_{id}`, set by exchanging a link.",
    },
    "login": {
        "type": "apiKey",
        "in": "header",
        "name": LOGIN_HEADER,
        "description": "A login's id; its secret is in the cookie `shinsatsu_login_{id}`, set by logging in.",
    },
}
CALLERS: Mapping[Any, tuple[str, ...]] = {authenticated: tuple(SCHEMES), current_login: ("login",)}


class Documented(FastAPI):
    """The framework's application, whose document tells the whole of it."""

    def openapi(self) -> dict[str, Any]:
        """The document, made when first asked for."""
        if self.openapi_schema is None:
            _complete(super().openapi(), dict(_callers(self)))
        return super().openapi()


def _callers(holder: Any) -> Iterator[tuple[tuple[str, str], tuple[str, ...]]]:
    """Of every route that asks who is calling: its address and method, and the schemes that answer it."""
    for route in holder.routes:
        if hasattr(route, "original_router"):
            yield from _callers(route.original_router)
        for one in getattr(getattr(route, "dependant", None), "dependencies", ()):
            if one.call in CALLERS:
                yield from (((route.path, method.lower()), CALLERS[one.call]) for method in route.methods)


def _complete(document: dict[str, Any], callers: Mapping[tuple[str, str], tuple[str, ...]]) -> None:
    document["components"]["securitySchemes"] = {name: dict(scheme) for name, scheme in SCHEMES.items()}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            schemes = callers.get((path, method), ())
            operation["security"] = [{scheme: []} for scheme in schemes]
            impossible = _impossible(path, method, operation, schemes)
            operation["responses"] = {
                status: _as_problem(answer)
                for status, answer in operation["responses"].items()
                if status not in impossible
            }


def _impossible(path: str, method: str, operation: Mapping[str, Any], schemes: Collection[str]) -> set[str]:
    """The refusals that cannot come from an operation; without `schemes` it asks nobody who they are."""
    reads, has_parameters = method == "get", "parameters" in operation
    at_provider = path.startswith("/api/login/oidc/")
    impossible = set[str]()
    if "requestBody" not in operation:
        impossible |= {"400", "413", "415"} | (set() if has_parameters else {"422"})
    if reads:
        impossible |= {"409", "410"}
    if reads and not schemes:
        impossible |= {"401", "403"} | (set() if at_provider else {"404", "429"})
    if schemes and not path.endswith("/confirm"):  # nothing of theirs is good once only
        impossible.add("410")
    return impossible


def _as_problem(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer whose body, where it is a problem, has the media type that it is sent with."""
    content = answer.get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    if not schema.get("$ref", "").endswith("/ProblemJson"):
        return answer
    return {**answer, "content": {PROBLEM_TYPE: content["application/json"]}}

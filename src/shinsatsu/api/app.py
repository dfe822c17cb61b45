"""The HTTP application: routes, the page, and every error as problem+json."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from shinsatsu.api import (
    account,
    appointments,
    audit,
    console,
    entrance,
    guests,
    host_tokens,
    inquiries,
    invitations,
    keys,
    links,
    login,
    moderation,
    oidc,
    sessions,
    tracks,
    users,
    webhooks,
)
from shinsatsu.api.context import ApiContext
from shinsatsu.api.envelope import Envelope
from shinsatsu.api.openapi import PROBLEMS, Documented
from shinsatsu.api.pages import asset_mounts, page_routes
from shinsatsu.api.problems import from_domain, from_http, from_validation
from shinsatsu.api.reference import STYLE, reference_page
from shinsatsu.api.witness import AccessesNoted, RefusalsNoted
from shinsatsu.domain.errors import ShinsatsuError

DESCRIPTION = (
    "Who may do what in an online medical consultation, and the media that obeys. "
    "Times are UTC ISO 8601, errors are problem+json with a stable code."
)
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(context: ApiContext, streams: Sequence[APIRouter], lifespan: Lifespan | None = None) -> FastAPI:
    """Builds the application over its use cases; `streams` are the WebSockets' routers."""
    app = Documented(
        title="shinsatsu",
        version="1",
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        responses=PROBLEMS,
        # Spans and metrics would carry addresses with their queries, and a link's token is in one.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.context = context
    app.add_middleware(AccessesNoted, access_log=context.access_log)
    app.add_middleware(
        Envelope, public_url=context.public_url, origins=context.origins, frame_ancestors=context.frame_ancestors
    )
    app.add_middleware(RefusalsNoted, denials=context.denials)
    app.add_exception_handler(ShinsatsuError, from_domain)
    app.add_exception_handler(RequestValidationError, from_validation)
    app.add_exception_handler(HTTPException, from_http)
    for router in (*_routers(), *streams):
        app.include_router(router)
    app.include_router(_reference_routes())
    app.include_router(page_routes())
    app.router.routes.extend(asset_mounts())
    return app


def _routers() -> Sequence[APIRouter]:
    # The busiest first: addresses are compared in this order.
    return (
        sessions.router,
        tracks.router,
        moderation.router,
        inquiries.router,
        guests.router,
        links.router,
        invitations.router,
        audit.router,
        appointments.router,
        entrance.router,
        host_tokens.router,
        console.router,
        login.router,
        oidc.router,
        account.router,
        users.router,
        keys.router,
        webhooks.router,
    )


def _reference_routes() -> APIRouter:
    """`/docs`, made from the OpenAPI document when asked for."""
    router = APIRouter(include_in_schema=False)

    @router.get("/docs")
    async def docs(request: Request) -> HTMLResponse:
        # From the request: the framework keeps functions of routes for good, with an application that they close over.
        return HTMLResponse(reference_page(request.app.openapi()))

    @router.get("/docs.css")
    async def style() -> Response:
        return Response(STYLE, media_type="text/css")

    return router

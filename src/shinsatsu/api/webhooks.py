"""Which other systems are told of sessions: for administrators who are logged in."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response
from starlette.responses import JSONResponse

from shinsatsu.api.answers_webhooks import NewWebhookJson, WebhookJson, WebhooksJson
from shinsatsu.api.auth import current_login
from shinsatsu.api.context import Api
from shinsatsu.api.requests_webhooks import WebhookBody
from shinsatsu.domain.credentials import Login
from shinsatsu.domain.timestamps import to_text
from shinsatsu.service.webhook_repository import EndpointState

router = APIRouter(prefix="/api/webhooks", tags=["Webhooks"])
LoginCaller = Annotated[Login, Depends(current_login)]
WebhookId = Annotated[str, Path(alias="webhookId", pattern=r"^[A-Za-z0-9_-]{1,64}$")]


@router.get("", responses={200: {"model": WebhooksJson}})
async def list_webhooks(api: Api, login: LoginCaller) -> JSONResponse:
    """Every endpoint, the oldest first."""
    return JSONResponse({"webhooks": [_webhook(one) for one in await api.webhooks.endpoints(login.user)]})


@router.post("", status_code=201, responses={201: {"model": NewWebhookJson}})
async def add_webhook(api: Api, login: LoginCaller, body: WebhookBody) -> JSONResponse:
    """Adds an endpoint; the answer's `secret`, which verifies its messages, is shown this once."""
    state, secret = await api.webhooks.add(login.user, body.url, body.types)
    return JSONResponse(_new(state, secret), 201)


@router.post("/{webhookId}/rotate", responses={200: {"model": NewWebhookJson}})
async def rotate_webhook(api: Api, login: LoginCaller, webhook_id: WebhookId) -> JSONResponse:
    """Gives the endpoint a new secret; for 24 hours messages carry a signature of the old one too."""
    state, secret = await api.webhooks.rotate(login.user, webhook_id)
    return JSONResponse(_new(state, secret))


@router.delete("/{webhookId}", status_code=204)
async def remove_webhook(api: Api, login: LoginCaller, webhook_id: WebhookId) -> Response:
    """Removes the endpoint; what was still to be delivered is not."""
    await api.webhooks.remove(login.user, webhook_id)
    return Response(status_code=204)


def _new(state: EndpointState, secret: str) -> NewWebhookJson:
    return {**_webhook(state), "secret": secret}


def _webhook(state: EndpointState) -> WebhookJson:
    endpoint = state.endpoint
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "types": sorted(endpoint.types),
        "createdAt": to_text(endpoint.created_at),
        "disabledAt": to_text(endpoint.disabled_at) if endpoint.disabled_at else None,
        "pending": state.pending,
        "failed": state.failed,
        "lastDeliveryAt": to_text(state.last_delivery_at) if state.last_delivery_at else None,
    }

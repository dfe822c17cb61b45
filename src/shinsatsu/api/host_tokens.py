"""A patient portal hands its user over: its JWT becomes a grant of the browser."""

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from shinsatsu.api.answers import GrantJson
from shinsatsu.api.auth import set_grant_cookie
from shinsatsu.api.context import Api
from shinsatsu.api.entrance import grant_json
from shinsatsu.api.requests_keys import HostTokenBody
from shinsatsu.domain.errors import NotFound

router = APIRouter(prefix="/api/host-tokens", tags=["Getting in"])


@router.post("/exchange", responses={200: {"model": GrantJson}})
async def exchange_host_token(api: Api, request: Request, body: HostTokenBody) -> JSONResponse:
    """Uses a host application's token up and sets the grant's cookie; the same token and proof: the same for 60 s."""
    await api.rate_limits.count_exchange(request)
    if api.host_tokens is None:
        raise NotFound("There is no such way in here.")
    grant, secret = await api.host_tokens.exchange(body.token, body.proof)
    response = JSONResponse(grant_json(grant))
    set_grant_cookie(response, grant, secret, secure=api.secure)
    return response

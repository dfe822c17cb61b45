"""API keys of other systems: for administrators who are logged in."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response
from starlette.responses import JSONResponse

from shinsatsu.api.answers_keys import KeyJson, KeysJson, NewKeyJson
from shinsatsu.api.auth import current_login
from shinsatsu.api.context import Api
from shinsatsu.api.requests import MAX_ID, to_utc
from shinsatsu.api.requests_keys import KeyBody, RotateKeyBody
from shinsatsu.domain.credentials import ApiKey, Login
from shinsatsu.domain.timestamps import to_text
from shinsatsu.service.keys import NewKey

router = APIRouter(prefix="/api/keys", tags=["Keys"])
LoginCaller = Annotated[Login, Depends(current_login)]
KeyId = Annotated[int, Path(alias="keyId", ge=1, le=MAX_ID)]


@router.get("", responses={200: {"model": KeysJson}})
async def list_keys(api: Api, login: LoginCaller) -> JSONResponse:
    """Every key, those that are over too; never its secret."""
    return JSONResponse({"keys": [_key(one) for one in await api.keys.list(login.user)]})


@router.post("", status_code=201, responses={201: {"model": NewKeyJson}})
async def make_key(api: Api, login: LoginCaller, body: KeyBody) -> JSONResponse:
    """Makes a key for a program; the answer's `secret` is shown this once."""
    expires_at = to_utc(body.expires_at) if body.expires_at else None
    return JSONResponse(_new(await api.keys.make(login.user, body.name, body.scopes, expires_at)), 201)


@router.post("/{keyId}/rotate", status_code=201, responses={201: {"model": NewKeyJson}})
async def rotate_key(api: Api, login: LoginCaller, key_id: KeyId, body: RotateKeyBody | None = None) -> JSONResponse:
    """Makes a key in the place of another, which still lasts for the overlap."""
    overlap = timedelta(minutes=(body or RotateKeyBody()).overlap_minutes)
    return JSONResponse(_new(await api.keys.rotate(login.user, key_id, overlap)), 201)


@router.delete("/{keyId}", status_code=204)
async def revoke_key(api: Api, login: LoginCaller, key_id: KeyId) -> Response:
    """Ends a key at once."""
    await api.keys.revoke(login.user, key_id)
    return Response(status_code=204)


def _new(new: NewKey) -> NewKeyJson:
    return {**_key(new.key), "secret": new.secret}


def _key(key: ApiKey) -> KeyJson:
    return {
        "id": key.id,
        "name": key.name,
        "scopes": list(key.scopes),
        "createdAt": to_text(key.created_at),
        "expiresAt": to_text(key.expires_at) if key.expires_at else None,
        "lastUsedAt": to_text(key.last_used_at) if key.last_used_at else None,
        "revokedAt": to_text(key.revoked_at) if key.revoked_at else None,
        "replacedBy": key.replaced_by,
    }

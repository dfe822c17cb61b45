"""One's own account and logins."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from starlette.responses import JSONResponse

from shinsatsu.api.answers_accounts import (
    AccountJson,
    NewPasskeyJson,
    OwnLoginsJson,
    PasskeyJson,
    RecoveryCodesJson,
    TotpOfferJson,
)
from shinsatsu.api.auth import LoginCaller
from shinsatsu.api.context import Api
from shinsatsu.api.login import offer_json
from shinsatsu.api.requests_accounts import CurrentBody, NewPasswordBody, PasskeyBody, TotpBody
from shinsatsu.domain.accounts import Passkey
from shinsatsu.domain.timestamps import to_text

router = APIRouter(prefix="/api", tags=["One's own account"])
LoginId = Annotated[str, Path(alias="loginId", max_length=64)]
PasskeyId = Annotated[str, Path(alias="passkeyId", max_length=64)]


@router.get("/logins", responses={200: {"model": OwnLoginsJson}})
async def own_logins(api: Api, login: LoginCaller) -> JSONResponse:
    """One's own live logins, the newest first."""
    answer: OwnLoginsJson = {
        "logins": [
            {
                "loginId": one.id,
                "method": one.method.value,
                "createdAt": to_text(one.created_at),
                "lastSeenAt": to_text(one.last_seen_at or one.created_at),
                "address": one.address,
                "browser": one.browser,
                "current": one.id == login.id,
            }
            for one in await api.staff.logins.own(login)
        ]
    }
    return JSONResponse(answer)


@router.delete("/logins/{loginId}", status_code=204)
async def end_own_login(api: Api, login: LoginCaller, login_id: LoginId) -> Response:
    """Ends one of one's own logins, on whatever machine it is."""
    await api.staff.logins.end_own(login, login_id)
    return Response(status_code=204)


@router.post("/logins/current/activity", status_code=204)
async def note_activity(login: LoginCaller) -> Response:
    """Somebody is there: that the request came counts, as with any other."""
    return Response(status_code=204)


@router.get("/account", responses={200: {"model": AccountJson}})
async def own_account(api: Api, login: LoginCaller) -> JSONResponse:
    """One's own account, and what guards it."""
    view = await api.staff.own_account.view(login)
    answer: AccountJson = {
        "userType": login.user.user_type.value,
        "userId": login.user.user_id,
        "role": login.user.role.value if login.user.role else None,
        "displayName": login.user.display_name,
        "loginName": view.login_name,
        "totp": view.totp,
        "passkeys": [_passkey(one) for one in view.passkeys],
        "recoveryCodesLeft": view.recovery_codes_left,
        "secondFactorRequired": view.second_factor_required,
    }
    return JSONResponse(answer)


@router.post("/account/password", status_code=204)
async def change_password(api: Api, request: Request, login: LoginCaller, body: NewPasswordBody) -> Response:
    """Sets another password; every other login ends."""
    await api.rate_limits.count_login(request)
    await api.staff.own_account.change_password(login, body.current, body.new)
    return Response(status_code=204)


@router.post("/account/totp", responses={200: {"model": TotpOfferJson}})
async def offer_own_totp(api: Api, request: Request, login: LoginCaller, body: CurrentBody) -> JSONResponse:
    """A fresh secret for an authenticator app; it counts once a code of it is confirmed."""
    await api.rate_limits.count_login(request)
    return JSONResponse(offer_json(await api.staff.own_account.offer_totp(login, body.current)))


@router.post("/account/totp/confirm", responses={200: {"model": RecoveryCodesJson}})
async def take_own_totp(api: Api, request: Request, login: LoginCaller, body: TotpBody) -> JSONResponse:
    """Takes the app in; recovery codes where there were none."""
    await api.rate_limits.count_login(request)
    return JSONResponse(_codes(await api.staff.own_account.take_totp(login, body.code)))


@router.delete("/account/totp", status_code=204)
async def remove_own_totp(api: Api, request: Request, login: LoginCaller, body: CurrentBody) -> Response:
    """Has the account ask for no codes any more."""
    await api.rate_limits.count_login(request)
    await api.staff.own_account.remove_totp(login, body.current)
    return Response(status_code=204)


@router.post("/account/passkeys", responses={200: {"model": dict[str, Any]}})
async def offer_own_passkey(api: Api, request: Request, login: LoginCaller, body: CurrentBody) -> JSONResponse:
    """PublicKeyCredentialCreationOptionsJSON."""
    await api.rate_limits.count_login(request)
    return JSONResponse(await api.staff.own_account.offer_passkey(login, body.current))


@router.post("/account/passkeys/confirm", status_code=201, responses={201: {"model": NewPasskeyJson}})
async def take_own_passkey(api: Api, request: Request, login: LoginCaller, body: PasskeyBody) -> JSONResponse:
    """Takes the passkey in; recovery codes where there were none."""
    await api.rate_limits.count_login(request)
    passkey, codes = await api.staff.own_account.take_passkey(login, body.name, body.credential)
    return JSONResponse({**_passkey(passkey), **_codes(codes)}, 201)


@router.delete("/account/passkeys/{passkeyId}", status_code=204)
async def remove_own_passkey(
    api: Api, request: Request, login: LoginCaller, passkey_id: PasskeyId, body: CurrentBody
) -> Response:
    """Takes a passkey away."""
    await api.rate_limits.count_login(request)
    await api.staff.own_account.remove_passkey(login, passkey_id, body.current)
    return Response(status_code=204)


@router.post("/account/recovery-codes", responses={200: {"model": RecoveryCodesJson}})
async def new_recovery_codes(api: Api, request: Request, login: LoginCaller, body: CurrentBody) -> JSONResponse:
    """Fresh recovery codes in place of the older ones."""
    await api.rate_limits.count_login(request)
    return JSONResponse(_codes(await api.staff.own_account.new_recovery_codes(login, body.current)))


def _passkey(passkey: Passkey) -> PasskeyJson:
    return {
        "id": passkey.id,
        "name": passkey.name,
        "createdAt": to_text(passkey.created_at),
        "lastUsedAt": to_text(passkey.last_used_at) if passkey.last_used_at else None,
    }


def _codes(codes: tuple[str, ...]) -> RecoveryCodesJson:
    return {"recoveryCodes": list(codes)} if codes else {}

"""Staff log in: a password, a second factor, or first of all enrolling one."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from shinsatsu.api.answers import LoginJson
from shinsatsu.api.answers_accounts import LoginMethodsJson, LoginStepJson, TotpOfferJson
from shinsatsu.api.auth import set_login_cookie
from shinsatsu.api.context import Api, ApiContext
from shinsatsu.api.requests_accounts import (
    ChallengeBody,
    EnrollPasskeyBody,
    EnrollTotpBody,
    PasswordLoginBody,
    SecondFactorBody,
    SetupBody,
)
from shinsatsu.domain.accounts import CHALLENGE_LIFETIME, Factor, browser_of
from shinsatsu.domain.credentials import Login
from shinsatsu.domain.timestamps import to_text
from shinsatsu.service.login_steps import Step
from shinsatsu.service.second_factor import Answer, Held
from shinsatsu.service.totp import TotpOffer

router = APIRouter(prefix="/api/login", tags=["Staff login"])
CHALLENGE_COOKIE_PREFIX = "shinsatsu_challenge_"
CHALLENGE_PATH = "/api/login"


@router.get("/methods", responses={200: {"model": LoginMethodsJson}})
async def login_methods(api: Api) -> JSONResponse:
    """How staff may log in here."""
    answer: LoginMethodsJson = {
        "password": True,
        "oidc": {"name": api.oidc_name} if api.oidc_name else None,
        "consoleLinks": api.console_links,
        "secondFactorRequired": api.staff.logins.rules.second_factor_required,
    }
    return JSONResponse(answer)


@router.post("/password", responses={200: {"model": LoginStepJson}})
async def give_password(api: Api, request: Request, body: PasswordLoginBody) -> JSONResponse:
    """The first step; its challenge belongs to this browser, by a cookie."""
    await api.rate_limits.count_login(request)
    step = await api.staff.password_login.begin(body.login_name, body.password, browser_named(request))
    return step_answer(api, step)


@router.post("/setup", responses={200: {"model": LoginStepJson}})
async def set_up(api: Api, request: Request, body: SetupBody) -> JSONResponse:
    """Sets the first password by a one-time link; goes on as after giving it."""
    await api.rate_limits.count_login(request)
    return step_answer(api, await api.staff.password_login.set_up(body.token, body.password, browser_named(request)))


@router.post("/second-factor", responses={200: {"model": LoginStepJson}})
async def give_second_factor(api: Api, request: Request, body: SecondFactorBody) -> JSONResponse:
    """The second step; sets the login's cookie."""
    await api.rate_limits.count_login(request)
    step = await api.staff.second_factor.answer(held(request, body.challenge_id), _answer(body), browser_named(request))
    return step_answer(api, step, body.challenge_id)


@router.post("/enroll/totp", responses={200: {"model": TotpOfferJson}})
async def offer_totp(api: Api, request: Request, body: ChallengeBody) -> JSONResponse:
    """A fresh secret for an authenticator app."""
    await api.rate_limits.count_login(request)
    return JSONResponse(offer_json(await api.staff.enrollment.offer_totp(held(request, body.challenge_id))))


@router.post("/enroll/totp/confirm", responses={200: {"model": LoginStepJson}})
async def take_totp(api: Api, request: Request, body: EnrollTotpBody) -> JSONResponse:
    """Takes the app in by its first code; sets the login's cookie."""
    await api.rate_limits.count_login(request)
    browser = browser_named(request)
    step = await api.staff.enrollment.take_totp(held(request, body.challenge_id), body.code, browser)
    return step_answer(api, step, body.challenge_id)


@router.post("/enroll/passkey", responses={200: {"model": dict[str, Any]}})
async def offer_passkey(api: Api, request: Request, body: ChallengeBody) -> JSONResponse:
    """PublicKeyCredentialCreationOptionsJSON."""
    await api.rate_limits.count_login(request)
    return JSONResponse(await api.staff.enrollment.offer_passkey(held(request, body.challenge_id)))


@router.post("/enroll/passkey/confirm", responses={200: {"model": LoginStepJson}})
async def take_passkey(api: Api, request: Request, body: EnrollPasskeyBody) -> JSONResponse:
    """Takes the passkey in; sets the login's cookie."""
    await api.rate_limits.count_login(request)
    browser = browser_named(request)
    mine = held(request, body.challenge_id)
    step = await api.staff.enrollment.take_passkey(mine, body.name, body.credential, browser)
    return step_answer(api, step, body.challenge_id)


def step_answer(api: ApiContext, step: Step, answered: str | None = None) -> JSONResponse:
    """A step with its cookies: the challenge's, or the login's in place of the challenge that was `answered`."""
    answer: LoginStepJson = {"status": step.status.value}
    if step.challenge is not None:
        answer["challengeId"] = step.challenge.id
    if step.methods:
        answer["methods"] = [one.value for one in step.methods]
    if step.passkey_options is not None:
        answer["passkeyOptions"] = dict(step.passkey_options)
    if step.opened is not None:
        answer["login"] = login_json(api, step.opened.login)
        answer["recoveryCodesLeft"] = step.recovery_codes_left
    if step.recovery_codes:
        answer["recoveryCodes"] = list(step.recovery_codes)
    response = JSONResponse(answer)
    if step.challenge is not None:
        _set_challenge_cookie(api, response, step.challenge.id, step.challenge_secret)
    if step.opened is not None:
        set_login_cookie(response, step.opened.login, step.opened.secret, secure=api.secure)
    if answered is not None:
        response.delete_cookie(CHALLENGE_COOKIE_PREFIX + answered, path=CHALLENGE_PATH)
    return response


def held(request: Request, challenge_id: str) -> Held:
    """The challenge as this browser holds it; without its cookie it opens nothing."""
    return Held(challenge_id, request.cookies.get(CHALLENGE_COOKIE_PREFIX + challenge_id, ""))


def browser_named(request: Request) -> str:
    """The caller's browser in a word."""
    return browser_of(request.headers.get("user-agent"))


def login_json(api: ApiContext, login: Login) -> LoginJson:
    """A login as its owner's page sees it."""
    return {
        "loginId": login.id,
        "userType": login.user.user_type.value,
        "userId": login.user.user_id,
        "role": login.user.role.value if login.user.role else None,
        "displayName": login.user.display_name,
        "expiresAt": to_text(login.expires_at),
        "idleTimeout": round(api.staff.logins.rules.idle.total_seconds()),
        "method": login.method.value,
    }


def offer_json(offer: TotpOffer) -> TotpOfferJson:
    """A fresh secret."""
    return {"secret": offer.secret, "uri": offer.uri, "qr": offer.qr}


def _answer(body: SecondFactorBody) -> Answer:
    if body.totp is not None:
        return Answer(Factor.TOTP, body.totp)
    if body.recovery_code is not None:
        return Answer(Factor.RECOVERY, body.recovery_code)
    passkey: Mapping[str, Any] = body.passkey or {}
    return Answer(Factor.PASSKEY, passkey=passkey)


def _set_challenge_cookie(api: ApiContext, response: Response, challenge_id: str, secret: str) -> None:
    response.set_cookie(
        CHALLENGE_COOKIE_PREFIX + challenge_id,
        secret,
        max_age=int(CHALLENGE_LIFETIME.total_seconds()),
        path=CHALLENGE_PATH,
        httponly=True,
        samesite="strict",
        secure=api.secure,
    )

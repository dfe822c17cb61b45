"""The clinic's workers and how they log in: for administrators, by a login alone."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from starlette.responses import JSONResponse

from shinsatsu.api.answers_accounts import NewUserJson, SetupJson, UserJson, UsersJson
from shinsatsu.api.auth import LoginCaller
from shinsatsu.api.context import Api, ApiContext
from shinsatsu.api.requests import MAX_ID, BlockBody
from shinsatsu.api.requests_accounts import ChangedUserBody, NewUserBody
from shinsatsu.domain.roles import UserType, WorkerRole
from shinsatsu.domain.timestamps import to_text
from shinsatsu.service.people import Member, Setup, WorkerDetails

router = APIRouter(prefix="/api/users", tags=["People"])
UserNumber = Annotated[int, Path(alias="userId", ge=1, le=MAX_ID)]


@router.get("", responses={200: {"model": UsersJson}})
async def list_users(
    api: Api, login: LoginCaller, q: Annotated[str | None, Query(max_length=100)] = None
) -> JSONResponse:
    """The clinic's workers; `q` is part of a name, login name or number."""
    return JSONResponse({"users": [_user(one) for one in await api.staff.people.find(login.user, q)]})


@router.post("", status_code=201, responses={201: {"model": NewUserJson}})
async def add_user(api: Api, login: LoginCaller, body: NewUserBody) -> JSONResponse:
    """Adds a worker; with a login name comes a one-time link to set the password."""
    key, setup = await api.staff.people.add(login.user, _details(body), body.user_id)
    shown = _user(await api.staff.people.member(key))
    return JSONResponse({**shown, **(_setup(api, setup) if setup else {})}, 201)


@router.patch("/worker/{userId}", responses={200: {"model": UserJson}})
async def change_user(api: Api, login: LoginCaller, user_id: UserNumber, body: ChangedUserBody) -> JSONResponse:
    """Changes what is said of a worker."""
    key = (UserType.WORKER, user_id)
    await api.staff.people.change(login.user, key, _details(body))
    return JSONResponse(_user(await api.staff.people.member(key)))


@router.post("/worker/{userId}/reset", responses={200: {"model": SetupJson}})
async def reset_user(api: Api, login: LoginCaller, user_id: UserNumber) -> JSONResponse:
    """Ends a worker's logins and drops password and second factors; the answer's link sets new ones."""
    return JSONResponse(_setup(api, await api.staff.people.reset(login.user, (UserType.WORKER, user_id))))


@router.post("/worker/{userId}/unlock", status_code=204)
async def unlock_user(api: Api, login: LoginCaller, user_id: UserNumber) -> Response:
    """Forgets a worker's wrong passwords and codes."""
    await api.staff.people.unlock(login.user, (UserType.WORKER, user_id))
    return Response(status_code=204)


@router.post("/{userType}/{userId}/block", status_code=204)
async def block_account(
    api: Api,
    login: LoginCaller,
    user_type: Annotated[Literal["patient", "worker"], Path(alias="userType")],
    user_id: UserNumber,
    body: BlockBody,
) -> Response:
    """Disables an account: its logins, streams and stays end at once. `blocked: false` opens it again."""
    key = (UserType(user_type), user_id)
    if body.blocked:
        await api.staff.accounts.block(login.user, key)
        api.end_streams(key)
    else:
        await api.staff.accounts.unblock(login.user, key)
    return Response(status_code=204)


def setup_url(public_url: str, token: str) -> str:
    """A setup link's address; what follows the # stays in the browser and in no log."""
    return f"{public_url}/console/setup#token={token}"


def _setup(api: ApiContext, setup: Setup) -> SetupJson:
    return {"setupUrl": setup_url(api.public_url, setup.token), "setupExpiresAt": to_text(setup.expires_at)}


def _details(body: NewUserBody | ChangedUserBody) -> WorkerDetails:
    role = WorkerRole(body.role) if body.role else None
    return WorkerDetails(body.display_name, role, body.login_name, body.licence_year, body.specialty)


def _user(member: Member) -> UserJson:
    person, account = member.of.person, member.of.account
    return {
        "userType": person.user_type.value,
        "userId": person.user_id,
        "displayName": person.display_name,
        "role": person.role.value if person.role else None,
        "loginName": account.login_name if account else None,
        "blocked": person.blocked,
        "totp": account is not None and account.totp_sealed is not None,
        "passkeys": member.of.passkeys,
        "lockedUntil": to_text(member.locked_until) if member.locked_until else None,
        "lastLoginAt": to_text(member.of.last_login_at) if member.of.last_login_at else None,
        "setupPending": account is not None and account.setup_hash is not None,
    }

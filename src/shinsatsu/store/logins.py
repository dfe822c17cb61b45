"""`logins` of workers: secrets only as hashes."""

from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, exists, func, insert, or_, select, update

from shinsatsu.domain.credentials import Login, LoginEnd, LoginMethod, LoginOpening
from shinsatsu.domain.roles import AuthUser, UserKey, UserType, WorkerRole
from shinsatsu.domain.timestamps import from_text, to_text
from shinsatsu.store import rows
from shinsatsu.store.credential_tables import grants, logins
from shinsatsu.store.statements import Statements
from shinsatsu.store.tables import session_participants, users

INSERT = insert(logins)
OPEN = (
    update(logins)
    .where(
        logins.c.id == bindparam("key"),
        logins.c.token_hash == bindparam("token"),
        logins.c.used_at.is_(None),
        logins.c.revoked_at.is_(None),
        logins.c.expires_at > bindparam("now"),
    )
    .values(
        used_at=bindparam("now"),
        proof_hash=bindparam("proof"),
        secret_hash=bindparam("secret"),
        expires_at=bindparam("until"),
        last_seen_at=bindparam("now"),
        address=bindparam("from_address"),
        browser=bindparam("by_browser"),
    )
)
ITS_USER = and_(users.c.user_type == logins.c.user_type, users.c.user_id == logins.c.user_id)
WITH_USER = select(logins, users.c.role, users.c.display_name, users.c.blocked_at).join(users, ITS_USER)
OF_SECRET = WITH_USER.where(logins.c.secret_hash == bindparam("key"), users.c.blocked_at.is_(None))
OF_TOKEN = select(logins).where(logins.c.id == bindparam("key"), logins.c.token_hash == bindparam("token"))
NOT_ENDED = logins.c.revoked_at.is_(None)
OWN = (logins.c.user_type == bindparam("type_key"), logins.c.user_id == bindparam("id_key"))
OF_USER = WITH_USER.where(*OWN, NOT_ENDED, logins.c.used_at.is_not(None)).order_by(logins.c.used_at.desc())
CHANGE = update(logins).where(logins.c.id == bindparam("key"), NOT_ENDED)
END_ALL = (
    update(logins).where(*OWN, NOT_ENDED, logins.c.id != bindparam("spared")).returning(logins.c.id, logins.c.used_at)
)
_seen_at = func.coalesce(logins.c.last_seen_at, logins.c.used_at)
STAYS = session_participants
PRESENT = (STAYS.c.is_active, STAYS.c.connection_id.is_not(None))
CONNECTED = select(STAYS.c.id).where(
    STAYS.c.user_type == bindparam("type_key"), STAYS.c.user_id == bindparam("id_key"), *PRESENT
)
TOUCH_CONNECTED = (
    update(logins)
    .where(
        NOT_ENDED,
        logins.c.used_at.is_not(None),
        _seen_at < bindparam("before"),
        exists().where(STAYS.c.user_type == logins.c.user_type, STAYS.c.user_id == logins.c.user_id, *PRESENT),
    )
    .values(last_seen_at=bindparam("now"))
)
OVER = WITH_USER.where(
    NOT_ENDED,
    logins.c.used_at.is_not(None),
    or_(_seen_at <= bindparam("before"), logins.c.expires_at <= bindparam("now"), users.c.blocked_at.is_not(None)),
)
REVOKE_GRANTS = update(grants).where(grants.c.login_id == bindparam("key"), grants.c.revoked_at.is_(None))
NO_TOKEN = ""
"""In place of a token's hash where a login was never a link: no hash is empty."""


class SqlLogins:
    """Implements `LoginRepository`."""

    def __init__(self, connection: Statements) -> None:
        self._connection = connection

    async def add(self, login: Login, token_hash: str) -> None:
        values = {
            "id": login.id,
            "token_hash": token_hash,
            "user_type": login.user.user_type,
            "user_id": login.user.user_id,
            "created_at": to_text(login.created_at),
            "expires_at": to_text(login.expires_at),
        }
        await self._connection.execute(INSERT, values)

    async def add_open(self, login: Login, secret_hash: str) -> None:
        moment = to_text(login.created_at)
        values = {
            "id": login.id,
            "token_hash": NO_TOKEN,
            "secret_hash": secret_hash,
            "user_type": login.user.user_type,
            "user_id": login.user.user_id,
            "created_at": moment,
            "used_at": moment,
            "last_seen_at": moment,
            "expires_at": to_text(login.expires_at),
            "method": login.method,
            "address": login.address,
            "browser": login.browser,
        }
        await self._connection.execute(INSERT, values)

    async def open(self, login_id: str, token_hash: str, opening: LoginOpening) -> bool:
        values = {
            "key": login_id,
            "token": token_hash,
            "now": to_text(opening.used_at),
            "proof": opening.proof_hash,
            "secret": opening.secret_hash,
            "until": to_text(opening.expires_at),
            "from_address": opening.address,
            "by_browser": opening.browser,
        }
        return (await self._connection.execute(OPEN, values)).rowcount == 1

    async def of_secret(self, secret_hash: str) -> Login | None:
        row = (await self._connection.execute(OF_SECRET, {"key": secret_hash})).first()
        return None if row is None else _login_of(row)

    async def of_user(self, key: UserKey) -> list[Login]:
        return [_login_of(row) for row in await self._connection.execute(OF_USER, _key(key))]

    async def of_token(self, login_id: str, token_hash: str) -> LoginOpening | None:
        row = (await self._connection.execute(OF_TOKEN, {"key": login_id, "token": token_hash})).first()
        if row is None or row.used_at is None:
            return None
        return LoginOpening(row.proof_hash, row.secret_hash, from_text(row.used_at), from_text(row.expires_at))

    async def touch(self, login_id: str, now: datetime) -> None:
        await self._connection.execute(CHANGE, {"key": login_id, "last_seen_at": to_text(now)})

    async def touch_connected(self, before: datetime, now: datetime) -> None:
        await self._connection.execute(TOUCH_CONNECTED, {"before": to_text(before), "now": to_text(now)})

    async def connected(self, key: UserKey) -> bool:
        return (await self._connection.execute(CONNECTED, _key(key))).first() is not None

    async def end(self, login_id: str, now: datetime, reason: LoginEnd) -> bool:
        values = {"key": login_id, "revoked_at": to_text(now), "end_reason": reason}
        if (await self._connection.execute(CHANGE, values)).rowcount != 1:
            return False
        if reason is not LoginEnd.EXPIRED:  # a shift that ends by the clock ends no call
            await self._connection.execute(REVOKE_GRANTS, {"key": login_id, "revoked_at": to_text(now)})
        return True

    async def end_all(self, key: UserKey, now: datetime, reason: LoginEnd, spare: str | None = None) -> list[str]:
        values = {**_key(key), "spared": spare or "", "revoked_at": to_text(now), "end_reason": reason}
        ended = [row.id for row in await self._connection.execute(END_ALL, values) if row.used_at is not None]
        for login_id in ended:
            await self._connection.execute(REVOKE_GRANTS, {"key": login_id, "revoked_at": to_text(now)})
        return ended

    async def over(self, seen_before: datetime, now: datetime) -> list[Login]:
        values = {"before": to_text(seen_before), "now": to_text(now)}
        return [_login_of(row) for row in await self._connection.execute(OVER, values)]


def _key(key: UserKey) -> dict[str, Any]:
    return {"type_key": key[0], "id_key": key[1]}


def _login_of(row: Any) -> Login:
    role = WorkerRole(row.role) if row.role else None
    return Login(
        id=row.id,
        user=AuthUser(UserType(row.user_type), row.user_id, role, row.display_name),
        created_at=from_text(row.created_at),
        expires_at=from_text(row.expires_at),
        revoked_at=rows.moment(row.revoked_at),
        method=LoginMethod(row.method),
        last_seen_at=rows.moment(row.last_seen_at or row.used_at),
        address=row.address,
        browser=row.browser or "",
        ended_for=LoginEnd(row.end_reason) if row.end_reason else None,
        user_blocked=row.blocked_at is not None,
    )

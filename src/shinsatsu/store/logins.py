"""`logins` of workers: secrets only as hashes."""

from datetime import datetime

from sqlalchemy import and_, bindparam, insert, select, update

from shinsatsu.domain.credentials import Login, LoginOpening
from shinsatsu.domain.roles import AuthUser, UserType, WorkerRole
from shinsatsu.domain.timestamps import from_text, to_text
from shinsatsu.store import rows
from shinsatsu.store.credential_tables import logins
from shinsatsu.store.statements import Statements
from shinsatsu.store.tables import users

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
    )
)
OF_SECRET = (
    select(logins, users.c.role, users.c.display_name)
    .join(
        users,
        and_(
            users.c.user_type == logins.c.user_type,
            users.c.user_id == logins.c.user_id,
            users.c.blocked_at.is_(None),
        ),
    )
    .where(logins.c.secret_hash == bindparam("key"))
)
OF_TOKEN = select(logins).where(logins.c.id == bindparam("key"), logins.c.token_hash == bindparam("token"))
REVOKE = update(logins).where(logins.c.id == bindparam("key"), logins.c.revoked_at.is_(None))


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

    async def open(self, login_id: str, token_hash: str, opening: LoginOpening) -> bool:
        values = {
            "key": login_id,
            "token": token_hash,
            "now": to_text(opening.used_at),
            "proof": opening.proof_hash,
            "secret": opening.secret_hash,
            "until": to_text(opening.expires_at),
        }
        return (await self._connection.execute(OPEN, values)).rowcount == 1

    async def of_secret(self, secret_hash: str) -> Login | None:
        row = (await self._connection.execute(OF_SECRET, {"key": secret_hash})).first()
        if row is None:
            return None
        role = WorkerRole(row.role) if row.role else None
        user = AuthUser(UserType(row.user_type), row.user_id, role, row.display_name)
        return Login(row.id, user, from_text(row.created_at), from_text(row.expires_at), rows.moment(row.revoked_at))

    async def of_token(self, login_id: str, token_hash: str) -> LoginOpening | None:
        row = (await self._connection.execute(OF_TOKEN, {"key": login_id, "token": token_hash})).first()
        if row is None or row.used_at is None:
            return None
        return LoginOpening(row.proof_hash, row.secret_hash, from_text(row.used_at), from_text(row.expires_at))

    async def revoke(self, login_id: str, now: datetime) -> None:
        await self._connection.execute(REVOKE, {"key": login_id, "revoked_at": to_text(now)})

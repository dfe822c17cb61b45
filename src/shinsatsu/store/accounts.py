"""`accounts`: how workers log in by name, and the workers they belong to."""

from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, and_, bindparam, delete, func, insert, select, update

from shinsatsu.domain.accounts import Account
from shinsatsu.domain.roles import UserKey, UserType
from shinsatsu.domain.timestamps import from_text, to_text
from shinsatsu.service.account_repositories import StaffMember
from shinsatsu.store import rows
from shinsatsu.store.account_tables import accounts, login_challenges, passkeys, recovery_codes
from shinsatsu.store.credential_tables import logins
from shinsatsu.store.statements import Statements
from shinsatsu.store.tables import session_participants, users

TYPE_KEY: BindParameter[Any] = bindparam("type_key")
ID_KEY: BindParameter[Any] = bindparam("id_key")
ONE = (accounts.c.user_type == TYPE_KEY, accounts.c.user_id == ID_KEY)
GET = select(accounts).where(*ONE)
HOLD = GET.with_for_update()
OF_NAME = select(accounts).where(accounts.c.name_key == bindparam("key"))
OF_SETUP = select(accounts).where(accounts.c.setup_hash == bindparam("key")).with_for_update()
INSERT, CHANGE = insert(accounts), update(accounts).where(*ONE)
BELONGING = tuple(
    delete(table).where(table.c.user_type == TYPE_KEY, table.c.user_id == ID_KEY)
    for table in (passkeys, recovery_codes, login_challenges)
)
KEYS = (
    select(func.count())
    .where(passkeys.c.user_type == users.c.user_type, passkeys.c.user_id == users.c.user_id)
    .scalar_subquery()
)
LAST_LOGIN = (
    select(func.max(logins.c.used_at))
    .where(logins.c.user_type == users.c.user_type, logins.c.user_id == users.c.user_id)
    .scalar_subquery()
)
STAFF = (
    select(
        users,
        *(column for column in accounts.c if column.name not in ("user_type", "user_id")),
        KEYS.label("passkey_count"),
        LAST_LOGIN.label("last_login_at"),
    )
    .outerjoin(accounts, and_(accounts.c.user_type == users.c.user_type, accounts.c.user_id == users.c.user_id))
    .where(users.c.user_type == UserType.WORKER)
    .order_by(users.c.display_name, users.c.user_id)
)
HIGHEST = select(func.coalesce(func.max(users.c.user_id), 0)).where(users.c.user_type == UserType.WORKER)
BLOCKED_SINCE = select(users.c.user_type, users.c.user_id).where(
    users.c.blocked_at.is_not(None), users.c.blocked_at > bindparam("since")
)
STAYS = session_participants
BLOCKED_STAYS = (
    select(STAYS.c.video_session_id, STAYS.c.user_type, STAYS.c.user_id)
    .join(users, and_(users.c.user_type == STAYS.c.user_type, users.c.user_id == STAYS.c.user_id))
    .where(users.c.blocked_at.is_not(None), STAYS.c.is_active)
)


class SqlAccounts:
    """Implements `AccountRepository`."""

    def __init__(self, connection: Statements) -> None:
        self._connection = connection

    async def get(self, key: UserKey, *, for_update: bool = False) -> Account | None:
        return await self._one(HOLD if for_update else GET, _key(key))

    async def of_name(self, name_key: str) -> Account | None:
        return await self._one(OF_NAME, {"key": name_key})

    async def of_setup(self, setup_hash: str) -> Account | None:
        return await self._one(OF_SETUP, {"key": setup_hash})

    async def add(self, account: Account, name_key: str, now: datetime) -> None:
        values = {
            "user_type": account.key[0],
            "user_id": account.key[1],
            "login_name": account.login_name,
            "name_key": name_key,
            "handle": account.handle,
            "totp_last_step": 0,
            "setup_hash": account.setup_hash,
            "setup_expires_at": rows.moment_text(account.setup_expires_at),
            "created_at": to_text(now),
        }
        await self._connection.execute(INSERT, values)

    async def rename(self, key: UserKey, login_name: str, name_key: str) -> None:
        await self._change(key, {"login_name": login_name, "name_key": name_key})

    async def set_password(self, key: UserKey, password_hash: str) -> None:
        await self._change(key, {"password_hash": password_hash, "setup_hash": None, "setup_expires_at": None})

    async def reset(self, key: UserKey, setup_hash: str, expires_at: datetime) -> None:
        dropped = {"password_hash": None, "totp_sealed": None}
        await self._change(key, {**dropped, "setup_hash": setup_hash, "setup_expires_at": to_text(expires_at)})
        for statement in BELONGING:
            await self._connection.execute(statement, _key(key))

    async def drop_setup(self, key: UserKey) -> None:
        await self._change(key, {"setup_hash": None, "setup_expires_at": None})

    async def staff(self) -> list[StaffMember]:
        return [_member_of(row) for row in await self._connection.execute(STAFF)]

    async def highest_worker_id(self) -> int:
        return int((await self._connection.execute(HIGHEST)).scalar_one())

    async def blocked_since(self, moment: datetime) -> list[UserKey]:
        found = await self._connection.execute(BLOCKED_SINCE, {"since": to_text(moment)})
        return [(UserType(row.user_type), row.user_id) for row in found]

    async def blocked_stays(self) -> list[tuple[str, UserKey]]:
        found = await self._connection.execute(BLOCKED_STAYS)
        return [(row.video_session_id, (UserType(row.user_type), row.user_id)) for row in found]

    async def _one(self, statement: Any, values: rows.Values) -> Account | None:
        row = (await self._connection.execute(statement, values)).first()
        return None if row is None else _account_of(row)

    async def _change(self, key: UserKey, values: rows.Values) -> None:
        await self._connection.execute(CHANGE, {**_key(key), **values})


def _key(key: UserKey) -> dict[str, Any]:
    return {"type_key": key[0], "id_key": key[1]}


def _account_of(row: Any) -> Account:
    return Account(
        key=(UserType(row.user_type), row.user_id),
        login_name=row.login_name,
        handle=row.handle,
        password_hash=row.password_hash,
        totp_sealed=row.totp_sealed,
        totp_last_step=row.totp_last_step,
        setup_hash=row.setup_hash,
        setup_expires_at=rows.moment(row.setup_expires_at),
    )


def _member_of(row: Any) -> StaffMember:
    account = _account_of(row) if row.login_name is not None else None
    last_login_at = from_text(row.last_login_at) if row.last_login_at else None
    return StaffMember(rows.person_of(row), account, row.passkey_count, last_login_at)

"""Second factors: TOTP in `accounts`, `passkeys`, `recovery_codes`."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, delete, func, insert, or_, select, update

from shinsatsu.domain.accounts import Passkey
from shinsatsu.domain.roles import UserKey, UserType
from shinsatsu.domain.timestamps import from_text, to_text
from shinsatsu.store import rows
from shinsatsu.store.account_tables import accounts, passkeys, recovery_codes
from shinsatsu.store.statements import Statements

ACCOUNT = (accounts.c.user_type == bindparam("type_key"), accounts.c.user_id == bindparam("id_key"))
SET_TOTP = update(accounts).where(*ACCOUNT)
USE_STEP = (
    update(accounts)
    .where(*ACCOUNT, accounts.c.totp_last_step < bindparam("step"))
    .values(totp_sealed=bindparam("sealed"), totp_last_step=bindparam("step"))
)
OWN_PASSKEYS = (passkeys.c.user_type == bindparam("type_key"), passkeys.c.user_id == bindparam("id_key"))
PASSKEYS = select(passkeys).where(*OWN_PASSKEYS).order_by(passkeys.c.created_at, passkeys.c.id)
INSERT_PASSKEY = insert(passkeys)
REMOVE_PASSKEY = delete(passkeys).where(*OWN_PASSKEYS, passkeys.c.id == bindparam("key"))
USE_PASSKEY = (
    update(passkeys)
    .where(
        passkeys.c.id == bindparam("key"),
        or_(passkeys.c.sign_count < bindparam("count"), and_(passkeys.c.sign_count == 0, bindparam("count") == 0)),
    )
    .values(sign_count=bindparam("count"), last_used_at=bindparam("now"))
)
OWN_CODES = (recovery_codes.c.user_type == bindparam("type_key"), recovery_codes.c.user_id == bindparam("id_key"))
DROP_CODES, INSERT_CODES = delete(recovery_codes).where(*OWN_CODES), insert(recovery_codes)
UNUSED = recovery_codes.c.used_at.is_(None)
USE_CODE = (
    update(recovery_codes)
    .where(*OWN_CODES, recovery_codes.c.code_hash == bindparam("code"), UNUSED)
    .values(used_at=bindparam("now"))
)
CODES_LEFT = select(func.count()).select_from(recovery_codes).where(*OWN_CODES, UNUSED)


class SqlFactors:
    """Implements `FactorRepository`."""

    def __init__(self, connection: Statements) -> None:
        self._connection = connection

    async def set_totp(self, key: UserKey, sealed: str | None, step: int) -> None:
        await self._connection.execute(SET_TOTP, {**_key(key), "totp_sealed": sealed, "totp_last_step": step})

    async def use_totp_step(self, key: UserKey, sealed: str, step: int) -> bool:
        return (await self._connection.execute(USE_STEP, {**_key(key), "sealed": sealed, "step": step})).rowcount == 1

    async def passkeys(self, key: UserKey) -> list[Passkey]:
        return [_passkey_of(row) for row in await self._connection.execute(PASSKEYS, _key(key))]

    async def add_passkey(self, passkey: Passkey) -> None:
        values = {
            "id": passkey.id,
            "user_type": passkey.key[0],
            "user_id": passkey.key[1],
            "credential_id": passkey.credential_id,
            "public_key": passkey.public_key,
            "sign_count": passkey.sign_count,
            "transports": json.dumps(passkey.transports),
            "name": passkey.name,
            "created_at": to_text(passkey.created_at),
        }
        await self._connection.execute(INSERT_PASSKEY, values)

    async def use_passkey(self, passkey_id: str, sign_count: int, now: datetime) -> bool:
        values = {"key": passkey_id, "count": sign_count, "now": to_text(now)}
        return (await self._connection.execute(USE_PASSKEY, values)).rowcount == 1

    async def remove_passkey(self, key: UserKey, passkey_id: str) -> bool:
        return (await self._connection.execute(REMOVE_PASSKEY, {**_key(key), "key": passkey_id})).rowcount == 1

    async def put_recovery_codes(self, key: UserKey, hashes: Sequence[str], now: datetime) -> None:
        await self._connection.execute(DROP_CODES, _key(key))
        whose = {"user_type": key[0], "user_id": key[1], "created_at": to_text(now)}
        await self._connection.execute(INSERT_CODES, [{**whose, "code_hash": one} for one in hashes])

    async def use_recovery_code(self, key: UserKey, code_hash: str, now: datetime) -> bool:
        values = {**_key(key), "code": code_hash, "now": to_text(now)}
        return (await self._connection.execute(USE_CODE, values)).rowcount == 1

    async def recovery_codes_left(self, key: UserKey) -> int:
        return int((await self._connection.execute(CODES_LEFT, _key(key))).scalar_one())


def _key(key: UserKey) -> dict[str, Any]:
    return {"type_key": key[0], "id_key": key[1]}


def _passkey_of(row: Any) -> Passkey:
    return Passkey(
        id=row.id,
        key=(UserType(row.user_type), row.user_id),
        credential_id=row.credential_id,
        public_key=row.public_key,
        sign_count=row.sign_count,
        transports=tuple(json.loads(row.transports)),
        name=row.name,
        created_at=from_text(row.created_at),
        last_used_at=rows.moment(row.last_used_at),
    )

"""`api_keys` and `spent_tokens`: secrets and tokens only as hashes."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from shinsatsu.domain.credentials import ApiKey, SpentToken
from shinsatsu.domain.timestamps import from_text, to_text
from shinsatsu.store import rows
from shinsatsu.store.credential_tables import api_keys, spent_tokens
from shinsatsu.store.statements import Statements

ADD = insert(api_keys).returning(api_keys)
ALL = select(api_keys).order_by(api_keys.c.id)
OF_SECRET = select(api_keys).where(api_keys.c.secret_hash == bindparam("key"))
HOLD = select(api_keys).where(api_keys.c.id == bindparam("key")).with_for_update()
REPLACE = update(api_keys).where(api_keys.c.id == bindparam("key"))
REVOKE = update(api_keys).where(api_keys.c.id == bindparam("key"), api_keys.c.revoked_at.is_(None))
NOTE_USE = update(api_keys).where(
    api_keys.c.id == bindparam("key"),
    or_(api_keys.c.last_used_at.is_(None), api_keys.c.last_used_at <= bindparam("before")),
)
FORGET_SPENT = delete(spent_tokens).where(spent_tokens.c.expires_at <= bindparam("now"))
SPEND = {
    name: dialect.insert(spent_tokens).on_conflict_do_nothing(index_elements=["id"])
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql))
}
SPENT = select(spent_tokens).where(spent_tokens.c.id == bindparam("key"))


class SqlKeys:
    """Implements `KeyRepository`."""

    def __init__(self, connection: Statements) -> None:
        self._connection = connection

    async def add(
        self, name: str, secret_hash: str, scopes: Sequence[str], now: datetime, expires_at: datetime | None
    ) -> ApiKey:
        values = {
            "name": name,
            "secret_hash": secret_hash,
            "scopes": json.dumps(scopes),
            "created_at": to_text(now),
            "expires_at": _text(expires_at),
        }
        return _key_of((await self._connection.execute(ADD, values)).first())

    async def all(self) -> list[ApiKey]:
        return [_key_of(row) for row in await self._connection.execute(ALL)]

    async def of_secret(self, secret_hash: str) -> ApiKey | None:
        row = (await self._connection.execute(OF_SECRET, {"key": secret_hash})).first()
        return None if row is None else _key_of(row)

    async def hold(self, key_id: int) -> ApiKey | None:
        row = (await self._connection.execute(HOLD, {"key": key_id})).first()
        return None if row is None else _key_of(row)

    async def replace(self, key_id: int, replaced_by: int, expires_at: datetime) -> None:
        values = {"key": key_id, "replaced_by": replaced_by, "expires_at": to_text(expires_at)}
        await self._connection.execute(REPLACE, values)

    async def revoke(self, key_id: int, now: datetime) -> None:
        await self._connection.execute(REVOKE, {"key": key_id, "revoked_at": to_text(now)})

    async def note_use(self, key_id: int, before: datetime, now: datetime) -> None:
        values = {"key": key_id, "before": to_text(before), "last_used_at": to_text(now)}
        await self._connection.execute(NOTE_USE, values)

    async def spend(self, token: SpentToken) -> bool:
        used_at = to_text(token.used_at)
        await self._connection.execute(FORGET_SPENT, {"now": used_at})
        values = {
            "id": token.id,
            "proof_hash": token.proof_hash,
            "grant_id": token.grant_id,
            "used_at": used_at,
            "expires_at": to_text(token.expires_at),
        }
        return (await self._connection.execute(SPEND[self._connection.dialect_name], values)).rowcount == 1

    async def spent(self, token_id: str) -> SpentToken | None:
        row = (await self._connection.execute(SPENT, {"key": token_id})).first()
        if row is None:
            return None
        return SpentToken(row.id, row.proof_hash, row.grant_id, from_text(row.used_at), from_text(row.expires_at))


def _key_of(row: Any) -> ApiKey:
    return ApiKey(
        id=row.id,
        name=row.name,
        scopes=tuple(json.loads(row.scopes)),
        created_at=from_text(row.created_at),
        expires_at=rows.moment(row.expires_at),
        revoked_at=rows.moment(row.revoked_at),
        last_used_at=rows.moment(row.last_used_at),
        replaced_by=row.replaced_by,
    )


def _text(moment: datetime | None) -> str | None:
    return to_text(moment) if moment else None

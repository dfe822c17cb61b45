"""`links`, `grants` and `api_keys`: secrets only as hashes."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, insert, select, update

from shinsatsu.domain.credentials import ApiKey, Grant, Link
from shinsatsu.domain.roles import AuthUser, UserKey, UserType, WorkerRole
from shinsatsu.domain.timestamps import from_text, to_text
from shinsatsu.store import rows
from shinsatsu.store.credential_tables import api_keys, grants, links
from shinsatsu.store.statements import Statements
from shinsatsu.store.tables import users

INSERT_LINK, INSERT_GRANT = insert(links), insert(grants)
LINK = select(links).where(links.c.id == bindparam("key"))
USE_LINK = (
    update(links)
    .where(
        links.c.id == bindparam("key"),
        links.c.token_hash == bindparam("token"),
        links.c.used_at.is_(None),
        links.c.revoked_at.is_(None),
        links.c.expires_at > bindparam("now"),
    )
    .values(used_at=bindparam("now"), proof_hash=bindparam("proof"), grant_id=bindparam("granted"))
)
GRANTS = select(grants, users.c.role, users.c.display_name).join(
    users,
    and_(users.c.user_type == grants.c.user_type, users.c.user_id == grants.c.user_id, users.c.blocked_at.is_(None)),
)
GRANT = GRANTS.where(grants.c.secret_hash == bindparam("key"))
GRANTS_OF = GRANTS.where(grants.c.secret_hash.in_(bindparam("keys", expanding=True))).order_by(grants.c.created_at)
API_KEY = select(api_keys).where(api_keys.c.secret_hash == bindparam("key"))


class SqlCredentials:
    """Implements `CredentialRepository`."""

    def __init__(self, connection: Statements) -> None:
        self._connection = connection

    async def add_link(self, link: Link) -> None:
        values = {
            "id": link.id,
            "token_hash": link.token_hash,
            "video_session_id": link.session_id,
            "appointment_id": link.appointment_id,
            "user_type": link.user_type,
            "user_id": link.user_id,
            "created_by_type": link.created_by_type,
            "created_by_id": link.created_by_id,
            "created_at": to_text(link.created_at),
            "expires_at": to_text(link.expires_at),
        }
        await self._connection.execute(INSERT_LINK, values)

    async def link(self, link_id: str) -> Link | None:
        row = (await self._connection.execute(LINK, {"key": link_id})).first()
        return None if row is None else _link_of(row)

    async def use_link(self, link_id: str, token_hash: str, proof_hash: str, grant_id: str, now: datetime) -> bool:
        moment = to_text(now)
        values = {"key": link_id, "token": token_hash, "now": moment, "proof": proof_hash, "granted": grant_id}
        return (await self._connection.execute(USE_LINK, values)).rowcount == 1

    async def add_grant(self, grant: Grant, secret_hash: str) -> None:
        values = {
            "id": grant.id,
            "secret_hash": secret_hash,
            "video_session_id": grant.session_id,
            "appointment_id": grant.appointment_id,
            "user_type": grant.user.user_type,
            "user_id": grant.user.user_id,
            "created_at": to_text(grant.created_at),
            "expires_at": to_text(grant.expires_at),
        }
        await self._connection.execute(INSERT_GRANT, values)

    async def grant(self, secret_hash: str) -> Grant | None:
        row = (await self._connection.execute(GRANT, {"key": secret_hash})).first()
        return None if row is None else _grant_of(row)

    async def grants(self, secret_hashes: Collection[str]) -> list[Grant]:
        found = await self._connection.execute_once(GRANTS_OF, {"keys": list(secret_hashes)})
        return [_grant_of(row) for row in found]

    async def revoke_appointment(self, appointment_id: str, now: datetime) -> None:
        for table in (links, grants):
            of_appointment = update(table).where(table.c.appointment_id == appointment_id, table.c.revoked_at.is_(None))
            await self._connection.execute_once(of_appointment, {"revoked_at": to_text(now)})

    async def revoke_person(self, appointment_id: str, key: UserKey, now: datetime) -> None:
        for table in (links, grants):
            theirs = update(table).where(
                table.c.appointment_id == appointment_id,
                table.c.user_type == key[0],
                table.c.user_id == key[1],
                table.c.revoked_at.is_(None),
            )
            await self._connection.execute_once(theirs, {"revoked_at": to_text(now)})

    async def add_api_key(self, name: str, secret_hash: str, scopes: Sequence[str], now: datetime) -> int:
        values = {"name": name, "secret_hash": secret_hash, "scopes": json.dumps(scopes), "created_at": to_text(now)}
        added = await self._connection.execute_once(insert(api_keys).returning(api_keys.c.id), values)
        return int(added.scalar_one())

    async def api_key(self, secret_hash: str) -> ApiKey | None:
        row = (await self._connection.execute(API_KEY, {"key": secret_hash})).first()
        return None if row is None else _api_key_of(row)


def _link_of(row: Any) -> Link:
    return Link(
        id=row.id,
        token_hash=row.token_hash,
        session_id=row.video_session_id,
        appointment_id=row.appointment_id,
        user_type=UserType(row.user_type),
        user_id=row.user_id,
        created_by_type=UserType(row.created_by_type),
        created_by_id=row.created_by_id,
        created_at=from_text(row.created_at),
        expires_at=from_text(row.expires_at),
        used_at=rows.moment(row.used_at),
        proof_hash=row.proof_hash,
        grant_id=row.grant_id,
        revoked_at=rows.moment(row.revoked_at),
    )


def _grant_of(row: Any) -> Grant:
    role = WorkerRole(row.role) if row.role else None
    return Grant(
        id=row.id,
        session_id=row.video_session_id,
        appointment_id=row.appointment_id,
        user=AuthUser(UserType(row.user_type), row.user_id, role, row.display_name, row.appointment_id),
        created_at=from_text(row.created_at),
        expires_at=from_text(row.expires_at),
        revoked_at=rows.moment(row.revoked_at),
    )


def _api_key_of(row: Any) -> ApiKey:
    return ApiKey(
        id=row.id,
        name=row.name,
        scopes=tuple(json.loads(row.scopes)),
        created_at=from_text(row.created_at),
        expires_at=rows.moment(row.expires_at),
        revoked_at=rows.moment(row.revoked_at),
    )

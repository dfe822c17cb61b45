"""`links` and `grants`: secrets only as hashes."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, bindparam, insert, select, update

from shinsatsu.domain.credentials import Grant, Link, Revoked
from shinsatsu.domain.roles import AuthUser, UserKey, UserType, WorkerRole
from shinsatsu.domain.timestamps import from_text, to_text
from shinsatsu.store import rows
from shinsatsu.store.credential_tables import grants, links
from shinsatsu.store.invitation_tables import invitations
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
LINKS_OF = (
    select(links)
    .where(links.c.appointment_id == bindparam("key"))
    .order_by(links.c.created_at.desc(), links.c.id.desc())
)
REVOKE_LINK = update(links).where(links.c.id == bindparam("key"), links.c.revoked_at.is_(None))
REVOKE_UNUSED = (
    update(links)
    .where(
        links.c.appointment_id == bindparam("key"),
        links.c.user_type == bindparam("type_key"),
        links.c.user_id == bindparam("id_key"),
        links.c.used_at.is_(None),
        links.c.revoked_at.is_(None),
        links.c.expires_at > bindparam("now"),
    )
    .values(revoked_at=bindparam("now"))
    .returning(links)
)
REVOKE_GRANT = update(grants).where(grants.c.id == bindparam("key"), grants.c.revoked_at.is_(None))
LIVE_GRANT = (
    select(grants.c.id)
    .where(
        grants.c.appointment_id == bindparam("key"),
        grants.c.user_type == bindparam("type_key"),
        grants.c.user_id == bindparam("id_key"),
        grants.c.revoked_at.is_(None),
        grants.c.expires_at > bindparam("now"),
    )
    .limit(1)
)
GRANTS = select(grants, users.c.role, users.c.display_name).join(
    users,
    and_(users.c.user_type == grants.c.user_type, users.c.user_id == grants.c.user_id, users.c.blocked_at.is_(None)),
)
GRANT = GRANTS.where(grants.c.secret_hash == bindparam("key"))
GRANTS_OF = GRANTS.where(grants.c.secret_hash.in_(bindparam("keys", expanding=True))).order_by(grants.c.created_at)


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

    async def links_of(self, appointment_id: str) -> list[Link]:
        return [_link_of(row) for row in await self._connection.execute(LINKS_OF, {"key": appointment_id})]

    async def revoke_link(self, link_id: str, now: datetime) -> Link:
        await self._connection.execute(REVOKE_LINK, {"key": link_id, "revoked_at": to_text(now)})
        return _link_of((await self._connection.execute(LINK, {"key": link_id})).first())

    async def revoke_unused_links(self, appointment_id: str, key: UserKey, now: datetime) -> list[Link]:
        values = {"key": appointment_id, "type_key": key[0], "id_key": key[1], "now": to_text(now)}
        return [_link_of(row) for row in await self._connection.execute(REVOKE_UNUSED, values)]

    async def add_grant(self, grant: Grant, secret_hash: str, login_id: str | None = None) -> None:
        values = {
            "id": grant.id,
            "secret_hash": secret_hash,
            "video_session_id": grant.session_id,
            "appointment_id": grant.appointment_id,
            "user_type": grant.user.user_type,
            "user_id": grant.user.user_id,
            "created_at": to_text(grant.created_at),
            "expires_at": to_text(grant.expires_at),
            "login_id": login_id,
        }
        await self._connection.execute(INSERT_GRANT, values)

    async def grant(self, secret_hash: str) -> Grant | None:
        row = (await self._connection.execute(GRANT, {"key": secret_hash})).first()
        return None if row is None else _grant_of(row)

    async def grants(self, secret_hashes: Collection[str]) -> list[Grant]:
        found = await self._connection.execute_once(GRANTS_OF, {"keys": list(secret_hashes)})
        return [_grant_of(row) for row in found]

    async def revoke_grant(self, grant_id: str, now: datetime) -> None:
        await self._connection.execute(REVOKE_GRANT, {"key": grant_id, "revoked_at": to_text(now)})

    async def has_grant(self, appointment_id: str, key: UserKey, now: datetime) -> bool:
        values = {"key": appointment_id, "type_key": key[0], "id_key": key[1], "now": to_text(now)}
        return (await self._connection.execute(LIVE_GRANT, values)).first() is not None

    async def revoke_appointment(self, appointment_id: str, now: datetime) -> Revoked:
        return await self._revoke(now, lambda table: table.c.appointment_id == appointment_id)

    async def revoke_person(self, appointment_id: str, key: UserKey, now: datetime) -> Revoked:
        return await self._revoke(
            now,
            lambda table: and_(
                table.c.appointment_id == appointment_id, table.c.user_type == key[0], table.c.user_id == key[1]
            ),
        )

    async def _revoke(self, now: datetime, whose: Callable[[Table], ColumnElement[bool]]) -> Revoked:
        """Takes back what is not taken back yet: links, grants and invitations."""
        found = []
        for table in (links, grants, invitations):
            theirs = update(table).where(whose(table), table.c.revoked_at.is_(None)).returning(table.c.id)
            rows_back = await self._connection.execute_once(theirs, {"revoked_at": to_text(now)})
            found.append([row.id for row in rows_back])
        return Revoked(*found)

    async def revoke_everywhere(self, key: UserKey, now: datetime) -> None:
        for table in (links, grants, invitations):
            theirs = update(table).where(
                table.c.user_type == key[0], table.c.user_id == key[1], table.c.revoked_at.is_(None)
            )
            await self._connection.execute_once(theirs, {"revoked_at": to_text(now)})


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

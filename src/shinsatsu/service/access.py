"""What people show when they ask for something: grants (spec §8)."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.credentials import GRANT_LIFETIME, Grant
from shinsatsu.domain.errors import Unauthenticated
from shinsatsu.domain.events import EventType
from shinsatsu.domain.roles import AuthUser
from shinsatsu.service.commands import Commands
from shinsatsu.service.repositories import UnitOfWork
from shinsatsu.service.secret_hash import hash_of

PROOF_LENGTH = range(16, 129)


class Access:
    """Use cases of a grant and its secret."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    async def grant_to(self, user: AuthUser, session_id: str, login_id: str | None = None) -> tuple[Grant, str]:
        """A grant and its secret for somebody who proved who they are otherwise; the caller has asked the policy.

        One that a login gave ends with it.
        """
        secret = secrets.token_urlsafe(32)

        async def change(unit: UnitOfWork, consultation: Consultation) -> Grant:
            now = self._commands.clock.now()
            grant = new_grant(self._commands.ids.new_id(), user, consultation, now)
            await unit.credentials.add_grant(grant, hash_of(secret), login_id)
            consultation.session.record(EventType.LINK_EXCHANGED, user, now, linkId=None, grantId=grant.id)
            return grant

        return await self._commands.on_session(session_id, change), secret

    async def grant(self, secret: str, grant_id: str | None = None) -> Grant:
        """The live grant of that secret; with `grant_id`, only that one. Raises Unauthenticated."""
        async with self._commands.units_of_work.read() as unit:
            grant = await unit.credentials.grant(hash_of(secret))
        if grant is None or not grant.live(self._commands.clock.now()) or grant_id not in (None, grant.id):
            raise Unauthenticated("This grant is not valid.")
        return grant

    async def grants_for(self, session_id: str, secrets_by_id: Mapping[str, str]) -> list[Grant]:
        """Of the grants a browser holds (id → secret), the live ones of that session's appointment."""
        hashes = {hash_of(secret) for secret in secrets_by_id.values()}
        async with self._commands.units_of_work.read() as unit:
            consultation = await unit.sessions.get(session_id)
            grants = await unit.credentials.grants(hashes) if consultation else []
        now = self._commands.clock.now()
        return [
            grant
            for grant in grants
            if consultation is not None
            and grant.appointment_id == consultation.appointment.id
            and grant.id in secrets_by_id
            and grant.live(now)
        ]


def new_grant(grant_id: str, user: AuthUser, consultation: Consultation, now: datetime) -> Grant:
    """A grant for the session's appointment, good for 12 h from its start, or from now when that is later."""
    appointment = consultation.appointment
    bound = replace(user, appointment_id=appointment.id)
    expires_at = max(now, appointment.starts_at) + GRANT_LIFETIME
    return Grant(grant_id, consultation.session.id, appointment.id, bound, now, expires_at)

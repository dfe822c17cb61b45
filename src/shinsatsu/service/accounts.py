"""Disabling an account: from that commit on it may do nothing, and whatever it takes part in goes on without it."""

from typing import Any

from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.credentials import LoginEnd
from shinsatsu.domain.errors import Forbidden, NotFound
from shinsatsu.domain.roles import TIMER, Action, AuthUser, UserKey
from shinsatsu.domain.security_events import SecurityEventType
from shinsatsu.service.commands import Commands
from shinsatsu.service.guard import authorize_clinic
from shinsatsu.service.logins import Logins
from shinsatsu.service.repositories import UnitOfWork


class Accounts:
    """Use cases of administrators on people's accounts."""

    def __init__(self, commands: Commands, logins: Logins) -> None:
        self._commands = commands
        self._logins = logins

    async def block(self, actor: AuthUser, key: UserKey) -> None:
        """Blocks somebody else's account; its logins, setup link and stays end at once. Raises Forbidden, NotFound."""
        require_admin(actor)
        if key == actor.key:
            raise Forbidden("own_account", "Nobody blocks their own account.")
        await self.disable(actor, key)
        async with self._commands.units_of_work.read() as unit:
            stays = [one.session.id for one in await unit.sessions.stays_of(key)]
        for session_id in stays:
            await self.put_out(session_id, key, actor)

    async def unblock(self, actor: AuthUser, key: UserKey) -> None:
        """Opens the account again; what was ended stays ended."""
        require_admin(actor)
        await self.enable(actor, key)

    async def disable(self, by: AuthUser, key: UserKey) -> None:
        """Blocks the account, ends its logins and takes back what it was given; a server that runs ends its stays."""

        async def transaction(unit: UnitOfWork) -> list[str]:
            await self._set(unit, key, blocked=True)
            _record(unit, SecurityEventType.USER_BLOCKED, by, self._commands, key)
            await unit.accounts.drop_setup(key)
            await unit.credentials.revoke_everywhere(key, self._commands.clock.now())
            await unit.challenges.forget_of(key)
            return await self._logins.end_all(unit, key, by, LoginEnd.BLOCKED)

        self._logins.tell(await self._commands.transact(transaction), LoginEnd.BLOCKED)

    async def enable(self, by: AuthUser, key: UserKey) -> None:
        """Opens it again."""

        async def transaction(unit: UnitOfWork) -> None:
            await self._set(unit, key, blocked=False)
            _record(unit, SecurityEventType.USER_UNBLOCKED, by, self._commands, key)

        await self._commands.transact(transaction)

    async def put_out(self, session_id: str, key: UserKey, by: AuthUser = TIMER) -> None:
        """Ends the stay of a blocked account."""

        async def change(_: UnitOfWork, consultation: Consultation) -> None:
            stay = consultation.session.find(key)
            if stay is not None and stay.is_active:
                consultation.session.depart(stay, by, self._commands.clock.now(), reason="blocked")

        await self._commands.on_session(session_id, change)

    async def _set(self, unit: UnitOfWork, key: UserKey, *, blocked: bool) -> None:
        if not await unit.appointments.block(key, self._commands.clock.now() if blocked else None):
            raise NotFound("There is no such user.", field="userId")


def require_admin(actor: AuthUser) -> None:
    """Raises Forbidden for whoever may not manage people."""
    authorize_clinic(actor, Action.MANAGE_USERS)


def _record(unit: UnitOfWork, kind: SecurityEventType, by: AuthUser, commands: Commands, key: UserKey) -> None:
    whose: dict[str, Any] = {"forUserType": key[0].value, "forUserId": key[1]}
    unit.security.record(kind, by, commands.clock.now(), **whose)

"""Blocking an account: from that commit on it may do nothing, and whatever it takes part in goes on without it."""

from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.errors import Forbidden, NotFound
from shinsatsu.domain.policy import Context, decide
from shinsatsu.domain.roles import Action, AuthUser, Relation, UserKey, UserType
from shinsatsu.service.commands import Commands
from shinsatsu.service.guard import refuse
from shinsatsu.service.repositories import UnitOfWork


class Accounts:
    """Use cases of administrators on people's accounts."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    async def block(self, actor: AuthUser, key: UserKey) -> None:
        """Blocks somebody else's account and ends their stays at once; raises Forbidden, NotFound."""
        _require_admin(actor)
        if key == actor.key:
            raise Forbidden("own_account", "Nobody blocks their own account.")
        await self._set(key, blocked=True)
        async with self._commands.units_of_work.read() as unit:
            stays = [one.session.id for one in await unit.sessions.stays_of(key)]
        for session_id in stays:
            await self._put_out(actor, session_id, key)

    async def unblock(self, actor: AuthUser, key: UserKey) -> None:
        """Opens the account again; what was ended stays ended."""
        _require_admin(actor)
        await self._set(key, blocked=False)

    async def _set(self, key: UserKey, *, blocked: bool) -> None:
        async def transaction(unit: UnitOfWork) -> None:
            if not await unit.appointments.block(key, self._commands.clock.now() if blocked else None):
                raise NotFound("There is no such user.", field="userId")

        await self._commands.transact(transaction)

    async def _put_out(self, actor: AuthUser, session_id: str, key: UserKey) -> None:
        async def change(_: UnitOfWork, consultation: Consultation) -> None:
            stay = consultation.session.find(key)
            if stay is not None and stay.is_active:
                consultation.session.depart(stay, actor, self._commands.clock.now(), reason="blocked")

        await self._commands.on_session(session_id, change)


def _require_admin(actor: AuthUser) -> None:
    relation = Relation.STAFF if actor.user_type is UserType.WORKER and actor.appointment_id is None else None
    refuse(decide(actor, Action.MANAGE_USERS, Context(relation)))

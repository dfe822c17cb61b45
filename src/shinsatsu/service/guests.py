"""Guests: staff invite somebody to one session, leave rights out, and take the invitation back."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from shinsatsu.domain import moderation
from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.errors import NotFound, SessionEnded
from shinsatsu.domain.events import EventType
from shinsatsu.domain.guests import Guest, GuestKind
from shinsatsu.domain.roles import Action, AuthUser, Person, UserType
from shinsatsu.domain.tracks import Track
from shinsatsu.service.commands import Commands
from shinsatsu.service.guard import authorize
from shinsatsu.service.ports import MediaPlane
from shinsatsu.service.repositories import UnitOfWork
from shinsatsu.service.stopping import end_screens, stop_sending


@dataclass(frozen=True, slots=True)
class Invitee:
    """Whom staff invite, as what, and which actions they leave out."""

    display_name: str
    kind: GuestKind
    withheld: frozenset[Action]
    language: str | None = None


@dataclass(frozen=True, slots=True)
class NamedGuest:
    """A guest with the name that staff gave them."""

    guest: Guest
    person: Person


class Guests:
    """Use cases of staff; raises NotFound (strangers, unknown guests), Forbidden, SessionEnded."""

    def __init__(self, commands: Commands, plane: MediaPlane) -> None:
        self._commands = commands
        self._plane = plane

    async def invite(self, actor: AuthUser, session_id: str, invitee: Invitee) -> NamedGuest:
        """Makes a guest of this session, who gets in by a link or an invitation of their own."""
        number = _number(self._commands.ids.new_id())
        person = Person(UserType.PATIENT, number, None, invitee.display_name, invitee.language)

        async def change(unit: UnitOfWork, consultation: Consultation) -> NamedGuest:
            _authorize(actor, consultation)
            now = self._commands.clock.now()
            guest = Guest(session_id, number, invitee.kind, invitee.withheld, actor.key, now)
            await unit.appointments.put_people([person])
            await unit.guests.add(guest)
            consultation.session.record(EventType.GUEST_INVITED, actor, now, **_told(guest), **_terms(guest))
            return NamedGuest(guest, person)

        return await self._commands.on_session(session_id, change)

    async def invited(self, actor: AuthUser, session_id: str) -> Sequence[NamedGuest]:
        """Everybody invited to the session, those whose invitation was taken back too."""
        consultation = await self._commands.look(session_id)
        authorize(actor, Action.INVITE_GUEST, consultation)
        return [NamedGuest(one, consultation.people[one.key]) for one in consultation.guests]

    async def withhold(self, actor: AuthUser, session_id: str, user_id: int, withheld: frozenset[Action]) -> NamedGuest:
        """Sets what the guest may not do from this commit on; what they were doing of it ends."""
        ended: list[Track] = []

        async def change(unit: UnitOfWork, consultation: Consultation) -> NamedGuest:
            _authorize(actor, consultation)
            before = _find(consultation, user_id)
            guest = replace(before, withheld=withheld)
            if guest != before:
                await unit.guests.save(guest)
                now = self._commands.clock.now()
                consultation.session.record(EventType.GUEST_CHANGED, actor, now, **_told(guest), **_terms(guest))
                ended[:] = await self._stop(unit, actor, consultation, guest)
            return NamedGuest(guest, consultation.people[guest.key])

        named = await self._commands.on_session(session_id, change)
        await self._obeyed(session_id, ended)
        return named

    async def withdraw(self, actor: AuthUser, session_id: str, user_id: int) -> None:
        """Takes the invitation back: the stay ends, links and grants are worth nothing from the same commit on."""

        async def change(unit: UnitOfWork, consultation: Consultation) -> None:
            _authorize(actor, consultation)
            guest, now = _find(consultation, user_id), self._commands.clock.now()
            await unit.guests.save(replace(guest, revoked_at=now))
            revoked = await unit.credentials.revoke_person(consultation.appointment.id, guest.key, now)
            if revoked:
                consultation.session.record(EventType.ACCESS_REVOKED, actor, now, **revoked.told("withdrawn"))
            stay = consultation.session.find(guest.key)
            if stay is not None and stay.is_active:
                consultation.session.depart(stay, actor, now, reason="withdrawn")
            consultation.session.record(EventType.GUEST_WITHDRAWN, actor, now, **_told(guest))

        await self._commands.on_session(session_id, change)
        await self._commands.edges.settle(session_id)

    async def _stop(self, unit: UnitOfWork, actor: AuthUser, consultation: Consultation, guest: Guest) -> list[Track]:
        """What the guest is doing without the right to; the screens that ended."""
        stay, now = consultation.session.find(guest.key), self._commands.clock.now()
        if stay is None or not stay.is_active:
            return []
        if Action.UNMUTE in guest.withheld:
            moderation.mute(consultation.session, stay, moderation.MUTABLE, actor, now)
        if Action.SHARE_SCREEN in guest.withheld:
            return await end_screens(unit, consultation, {stay.id}, actor, now, "muted")
        return []

    async def _obeyed(self, session_id: str, ended: Sequence[Track]) -> None:
        await self._commands.edges.settle(session_id)
        await stop_sending(self._plane, ended)


def _authorize(actor: AuthUser, consultation: Consultation) -> None:
    authorize(actor, Action.INVITE_GUEST, consultation)
    if consultation.session.over:
        raise SessionEnded("The session is over.")


def _find(consultation: Consultation, user_id: int) -> Guest:
    guest = consultation.guest((UserType.PATIENT, user_id))
    if guest is None or not guest.welcome:
        raise NotFound("There is no such guest.", field="userId")
    return guest


def _told(guest: Guest) -> dict[str, Any]:
    return {"userType": guest.key[0], "userId": guest.user_id}


def _terms(guest: Guest) -> dict[str, Any]:
    return {"kind": guest.kind, "withheld": sorted(guest.withheld)}


def _number(new_id: str) -> int:
    """A guest's user id: below zero, where no booking system's are; 48 bits, exact in JSON and unlikely to repeat."""
    return -1 - int.from_bytes(hashlib.sha256(new_id.encode()).digest()[:6], "big")

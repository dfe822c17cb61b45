"""Somebody who gets another role leaves every session, their streams begin anew; logins and grants stay."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from shinsatsu.domain.errors import Forbidden, NotFound
from shinsatsu.domain.events import EventType
from shinsatsu.domain.roles import AuthUser, UserKey, WorkerRole
from shinsatsu.service.oidc_logins import Answer, OidcLogins
from shinsatsu.service.people import WorkerDetails
from tests.house import ADMIN, DOCTOR, KEY, KEYS, OPERATOR, PATIENT
from tests.oidc.fake import FakeProvider, id_token
from tests.oidc.test_claims import STAFF
from tests.service.test_track_manager import claims_of, offer
from tests.staff import Staff

PROOF = "a proof that nobody can guess"


class Clinic(Staff):
    """The house with a provider, and what it told the streams."""

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine)
        self.reopened: list[UserKey] = []
        self.logins.on_role_changed = self.reopened.append
        self.provider = FakeProvider()
        self.oidc = OidcLogins(self.commands, self.logins, KEYS, self.provider.party(), STAFF)

    async def in_calls(self, user: AuthUser) -> str:
        """Somebody who sends in an open session, and whom the patient receives."""
        session_id = await self.opened()
        patient = await self.enter(PATIENT, session_id)
        joined = await self.enter(user, session_id)
        await self.tracks.publish(user, session_id, joined.participant_id, offer("audio", "video"), claims_of(joined))
        names = [track.track_name for track in joined.tracks]
        await self.tracks.subscribe(PATIENT, session_id, patient.participant_id, names)
        await self.tracks.renegotiate(PATIENT, session_id, patient.participant_id, "answer")
        assert self.plane.flowing()
        return session_id

    async def at_provider(self, role: str) -> None:
        """Doctor 3 logs in there, and it says that they are of that role."""
        started = await self.oidc.start(None)
        asked = KEYS.unseal("oidc login", started.note)
        assert asked is not None
        note: dict[str, Any] = json.loads(asked)
        roles = {"roles": [role]}
        self.provider.token = id_token(note["nonce"], staff=3, name=DOCTOR.display_name, realm_access=roles)
        await self.oidc.finish(started.note, Answer(note["state"], "code"), "")

    async def departures(self, session_id: str) -> list[tuple[int | None, Any]]:
        async with self.units_of_work.read() as unit:
            events = await unit.sessions.events_after(session_id, 0, 1000)
        left = [event for event in events if event.event_type is EventType.LEFT]
        return [(event.metadata["userId"], event.metadata["reason"]) for event in left]

    async def assert_out(self, session_id: str, user: AuthUser) -> None:
        """Neither stay nor media, and the streams were told."""
        await self.commands.edges.settle(session_id)
        assert not self.plane.flowing()
        assert await self.departures(session_id) == [(user.user_id, "booking_changed")]
        assert self.reopened == [user.key]
        async with self.units_of_work.read() as unit:
            assert await unit.sessions.stays_of(user.key) == []
        told = [event.event_type for event in self.bus.events]
        assert EventType.LEFT in told


@pytest.fixture
def clinic(engine: AsyncEngine) -> Clinic:
    return Clinic(engine)


@pytest.mark.parametrize("user", [DOCTOR, OPERATOR], ids=lambda one: one.display_name)
async def test_another_role_ends_stays_streams_and_media_but_no_login(clinic: Clinic, user: AuthUser) -> None:
    session_id = await clinic.in_calls(user)
    login, secret = await clinic.logins.open(await clinic.logins.mint_link(user.key, timedelta(minutes=5)), PROOF)
    await clinic.people.change(ADMIN, user.key, WorkerDetails(role=WorkerRole.ADMIN))
    await clinic.assert_out(session_id, user)
    assert (await clinic.logins.login(secret, login.id)).user.role is WorkerRole.ADMIN


async def test_what_was_an_operator_sees_nothing_as_a_doctor_of_no_booking(clinic: Clinic) -> None:
    session_id = await clinic.in_calls(OPERATOR)
    await clinic.people.change(ADMIN, OPERATOR.key, WorkerDetails(role=WorkerRole.DOCTOR))
    await clinic.assert_out(session_id, OPERATOR)
    now_as = AuthUser(OPERATOR.user_type, OPERATOR.user_id, WorkerRole.DOCTOR, OPERATOR.display_name)
    with pytest.raises(NotFound):
        await clinic.sessions.get(now_as, session_id)


async def test_the_same_role_and_other_changes_end_nothing(clinic: Clinic) -> None:
    session_id = await clinic.in_calls(DOCTOR)
    await clinic.people.change(ADMIN, DOCTOR.key, WorkerDetails(display_name="Dr Three", role=WorkerRole.DOCTOR))
    await clinic.at_provider("clinician")
    assert (await clinic.departures(session_id), clinic.reopened) == ([], [])


async def test_another_role_at_the_provider_is_the_same(clinic: Clinic) -> None:
    session_id = await clinic.in_calls(DOCTOR)
    await clinic.at_provider("it")
    await clinic.assert_out(session_id, DOCTOR)


async def test_nothing_happens_where_it_is_refused(clinic: Clinic) -> None:
    session_id = await clinic.in_calls(DOCTOR)
    for actor in (PATIENT, DOCTOR, OPERATOR, KEY):
        with pytest.raises(Forbidden) as refused:
            await clinic.people.change(actor, DOCTOR.key, WorkerDetails(role=WorkerRole.ADMIN))
        assert refused.value.reason == "role_may_not"
    assert (await clinic.departures(session_id), clinic.reopened) == ([], [])

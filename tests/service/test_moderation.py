"""Moderation as use cases: who may, what it costs the person at once, and one doctor in one consultation."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from shinsatsu.domain.clinic_rules import ClinicRules
from shinsatsu.domain.errors import (
    DoctorBusy,
    Forbidden,
    IdentityCheckRequired,
    LinkInvalid,
    LinkRevoked,
    LinkUsed,
    NotFound,
    ReasonRequired,
    SessionEnded,
    SessionNotOpen,
    StaleParticipant,
    Unauthenticated,
)
from shinsatsu.domain.participant import Admission, IdentityMethod
from shinsatsu.domain.roles import AuthUser, UserType
from shinsatsu.domain.session_status import SessionStatus
from shinsatsu.domain.tracks import TrackType
from shinsatsu.service.logins import Logins
from shinsatsu.service.session_manager import JoinWish
from tests.house import ADMIN, DOCTOR, KEY, OPERATOR, OTHER_PATIENT, PATIENT, SECRET, SUPPORT, House

PROOF = "a proof that nobody can guess"


async def connected(house: House, actor: AuthUser, session_id: str) -> str:
    joined = await house.enter(actor, session_id)
    await house.presence.connected(actor, session_id, joined.participant_id, f"server-1:{session_id}")
    return joined.participant_id


async def test_who_may_let_in(house: House) -> None:
    session_id = await house.opened()
    patient = await house.sessions.join(PATIENT, session_id)
    with pytest.raises(Forbidden) as refused:
        await house.moderation.admit(PATIENT, session_id, patient.participant_id)
    assert refused.value.reason == "role_may_not"
    with pytest.raises(NotFound):
        await house.moderation.admit(OTHER_PATIENT, session_id, patient.participant_id)
    for actor in (DOCTOR, SUPPORT, OPERATOR, ADMIN):  # also from outside, and again: one outcome
        view = await house.moderation.admit(actor, session_id, patient.participant_id)
        assert view.session.present[0].admission is Admission.ADMITTED
    assert (await house.story(session_id)).count("admitted") == 1


async def test_nobody_lets_themselves_in(house: House) -> None:
    session_id = await house.opened()
    operator = await house.enter(OPERATOR, session_id)
    await house.moderation.send_back(ADMIN, session_id, operator.participant_id)
    with pytest.raises(Forbidden) as refused:
        await house.moderation.admit(OPERATOR, session_id, operator.participant_id)
    assert refused.value.reason == "sent_back"
    patient = await house.sessions.join(PATIENT, session_id)
    with pytest.raises(Forbidden):
        await house.moderation.admit(OPERATOR, session_id, patient.participant_id)
    await house.sessions.leave(OPERATOR, session_id, operator.participant_id)
    again = await house.sessions.join(OPERATOR, session_id, JoinWish(reason="again"))
    assert again.admission is Admission.SENT_BACK
    await house.moderation.admit(ADMIN, session_id, again.participant_id)
    with pytest.raises(Forbidden) as own:
        await house.moderation.admit(OPERATOR, session_id, again.participant_id)
    assert own.value.reason == "own_admission"


async def test_two_at_once_on_one_person_come_to_one_outcome(house: House) -> None:
    session_id = await house.opened()
    patient = await house.sessions.join(PATIENT, session_id)
    await asyncio.gather(
        *(house.moderation.admit(actor, session_id, patient.participant_id) for actor in (OPERATOR, ADMIN) * 3)
    )
    assert (await house.story(session_id)).count("admitted") == 1
    await asyncio.gather(
        house.moderation.send_back(OPERATOR, session_id, patient.participant_id),
        house.moderation.remove(ADMIN, session_id, patient.participant_id, "wrong person"),
        return_exceptions=True,
    )
    (removed,) = (await house.sessions.get(ADMIN, session_id)).session.participants
    assert removed.admission is Admission.REMOVED


async def test_an_identity_check_can_be_required(engine: AsyncEngine) -> None:
    house = House(engine, ClinicRules(identity_check_required=True))
    session_id = await house.opened()
    patient = await house.sessions.join(PATIENT, session_id)
    with pytest.raises(IdentityCheckRequired):
        await house.moderation.admit(DOCTOR, session_id, patient.participant_id)
    await house.moderation.check_identity(OPERATOR, session_id, patient.participant_id, IdentityMethod.INSURANCE_CARD)
    view = await house.moderation.admit(DOCTOR, session_id, patient.participant_id)
    check = view.session.present[0].identity
    assert check is not None
    assert (check.method, check.by, check.at) == (IdentityMethod.INSURANCE_CARD, OPERATOR.key, house.clock.now())
    assert view.person(OPERATOR.key) is not None


async def test_ids_that_are_not_of_somebody_present(house: House) -> None:
    session_id, other = await house.opened("a1"), await house.opened("a2")
    elsewhere = await house.sessions.join(PATIENT, other)
    first = await house.sessions.join(PATIENT, session_id)
    await house.sessions.join(PATIENT, session_id)
    for participant_id, error in (
        (elsewhere.participant_id, NotFound),
        ("nobody", NotFound),
        (first.participant_id, StaleParticipant),
    ):
        with pytest.raises(error):
            await house.moderation.admit(DOCTOR, session_id, participant_id)
    await house.sessions.end(DOCTOR, session_id)
    with pytest.raises(SessionEnded):
        await house.moderation.admit(DOCTOR, session_id, first.participant_id)


async def test_removal_takes_links_and_grants_and_only_staff_bring_back(house: House) -> None:
    session_id = await house.opened()
    minted = await house.links.mint(KEY, session_id, UserType.PATIENT, PATIENT.user_id)
    _, secret = await house.links.exchange(minted.token, PROOF)
    unused = await house.links.mint(KEY, session_id, UserType.PATIENT, PATIENT.user_id)
    patient = await house.enter(PATIENT, session_id)
    with pytest.raises(ReasonRequired):
        await house.moderation.remove(DOCTOR, session_id, patient.participant_id, "  ")
    for _ in range(2):
        await house.moderation.remove(DOCTOR, session_id, patient.participant_id, "wrong person")
    with pytest.raises(Unauthenticated):
        await house.access.grant(secret)
    with pytest.raises(LinkRevoked):
        await house.links.exchange(unused.token, PROOF)
    for attempt in (
        house.links.mint(KEY, session_id, UserType.PATIENT, PATIENT.user_id),
        house.sessions.join(PATIENT, session_id),
        house.sessions.get(PATIENT, session_id),
    ):
        with pytest.raises(Forbidden) as refused:
            await attempt
        assert refused.value.reason == "removed"
    with pytest.raises(StaleParticipant):
        await house.moderation.mute(DOCTOR, session_id, patient.participant_id, [TrackType.AUDIO])
    with pytest.raises(StaleParticipant):
        await house.moderation.admit(DOCTOR, session_id, patient.participant_id)
    await house.moderation.restore(DOCTOR, session_id, patient.participant_id)
    with pytest.raises(StaleParticipant):
        await house.moderation.restore(DOCTOR, session_id, patient.participant_id)
    fresh = await house.links.mint(DOCTOR, session_id, UserType.PATIENT, PATIENT.user_id)
    await house.links.exchange(fresh.token, PROOF)
    assert (await house.sessions.join(PATIENT, session_id)).admission is Admission.WAITING


async def test_staff_reach_only_people_further_left(house: House) -> None:
    session_id = await house.opened()
    doctor, operator = await house.enter(DOCTOR, session_id), await house.enter(OPERATOR, session_id)
    with pytest.raises(Forbidden) as refused:
        await house.moderation.remove(DOCTOR, session_id, operator.participant_id, "no")
    assert refused.value.reason == "target_out_of_reach"
    await house.moderation.remove(OPERATOR, session_id, doctor.participant_id, "in the wrong room")
    with pytest.raises(Forbidden):
        await house.moderation.lock(DOCTOR, session_id, True)


async def test_a_locked_session_keeps_new_people_out_and_lets_those_in_it_come_back(house: House) -> None:
    session_id = await house.opened()
    await house.sessions.join(PATIENT, session_id)
    await house.moderation.lock(OPERATOR, session_id, True)
    await house.sessions.join(PATIENT, session_id)
    await house.sessions.join(DOCTOR, session_id)
    with pytest.raises(Forbidden) as refused:
        await house.sessions.join(SUPPORT, session_id)
    assert refused.value.reason == "locked"
    await house.moderation.lock(DOCTOR, session_id, False)
    assert (await house.sessions.join(SUPPORT, session_id)).admission is Admission.ADMITTED


async def test_nobody_switches_on_somebody_elses_microphone(house: House) -> None:
    session_id = await house.opened()
    patient = await house.enter(PATIENT, session_id)
    await house.moderation.mute_all(DOCTOR, session_id)
    with pytest.raises(Forbidden) as refused:
        await house.moderation.unmute(DOCTOR, session_id, patient.participant_id, [TrackType.AUDIO])
    assert refused.value.reason == "not_own"
    await house.moderation.request_unmute(DOCTOR, session_id, patient.participant_id, [TrackType.AUDIO])
    view = await house.moderation.unmute(PATIENT, session_id, patient.participant_id, [TrackType.AUDIO])
    assert view.session.present[0].muted_by == {}


async def test_a_doctor_is_in_one_active_consultation(house: House) -> None:
    first, second = await house.opened("a1"), await house.opened("a2")
    for actor in (DOCTOR, PATIENT):
        await connected(house, actor, first)
    with pytest.raises(DoctorBusy) as busy:
        await house.sessions.join(DOCTOR, second)
    assert busy.value.held_by == {"sessionId": first, "appointmentId": "a1", "patient": PATIENT.display_name}
    await house.sessions.join(DOCTOR, first)  # coming back to the one they are in is no second one
    await house.sessions.join(DOCTOR, second, JoinWish(leave=first))
    assert [one.key for one in (await house.sessions.get(ADMIN, first)).session.present] == [PATIENT.key]
    assert (await house.sessions.get(ADMIN, second)).session.present[0].key == DOCTOR.key
    left = [event.metadata["reason"] for event in house.bus.events if event.event_type == "left"]
    assert left == ["superseded", "moved"]


async def test_a_refused_join_has_left_nothing(house: House) -> None:
    first = await house.opened("a1")
    for actor in (DOCTOR, PATIENT):
        await connected(house, actor, first)
    scheduled, over = await house.book("a2"), await house.opened("a3")
    await house.sessions.end(ADMIN, over)
    for session_id in (scheduled, over, "nowhere"):
        with pytest.raises((SessionEnded, SessionNotOpen, NotFound)):
            await house.sessions.join(DOCTOR, session_id, JoinWish(leave=first))
    present = {one.key for one in (await house.sessions.get(ADMIN, first)).session.present}
    assert present == {DOCTOR.key, PATIENT.key}


async def test_nobody_who_waits_is_muted_or_asked(house: House) -> None:
    session_id = await house.opened()
    patient = await house.sessions.join(PATIENT, session_id)
    for attempt in (
        house.moderation.mute(DOCTOR, session_id, patient.participant_id, [TrackType.AUDIO]),
        house.moderation.request_unmute(DOCTOR, session_id, patient.participant_id, [TrackType.AUDIO]),
    ):
        with pytest.raises(Forbidden) as refused:
            await attempt
        assert refused.value.reason == "target_not_admitted"


async def test_where_a_doctor_merely_waits_is_left_by_going_elsewhere(house: House) -> None:
    first, second = await house.opened("a1"), await house.opened("a2")
    await house.sessions.join(DOCTOR, first)
    await house.sessions.join(DOCTOR, second)
    assert (await house.sessions.get(ADMIN, first)).session.present == []


async def test_joins_at_once_never_lead_into_two_consultations(house: House) -> None:
    sessions = [await house.opened(f"a{number}") for number in range(4)]
    for session_id in sessions:
        await connected(house, PATIENT, session_id)

    async def come(session_id: str) -> None:
        joined = await house.sessions.join(DOCTOR, session_id)
        await house.presence.connected(DOCTOR, session_id, joined.participant_id, "server-1:doctor")

    await asyncio.gather(*map(come, sessions), return_exceptions=True)
    present = [
        session.id
        for session in [(await house.sessions.get(ADMIN, session_id)).session for session_id in sessions]
        if any(one.key == DOCTOR.key for one in session.present)
    ]
    assert len(present) == 1  # the one that came last, and never none


async def test_the_setting_can_be_switched_off(engine: AsyncEngine) -> None:
    house = House(engine, ClinicRules(one_consultation_per_doctor=False))
    sessions = [await house.opened("a1"), await house.opened("a2")]
    for session_id in sessions:
        for actor in (DOCTOR, PATIENT):
            await connected(house, actor, session_id)
        assert (await house.sessions.get(DOCTOR, session_id)).session.status is SessionStatus.ACTIVE


async def test_operators_and_admins_say_why(house: House) -> None:
    session_id = await house.opened()
    for actor in (OPERATOR, ADMIN):
        with pytest.raises(ReasonRequired) as refused:
            await house.sessions.join(actor, session_id)
        assert refused.value.field == "reason"
        joined = await house.sessions.join(actor, session_id, JoinWish(reason="helping with the sound"))
        again = await house.sessions.join(actor, session_id)  # a reconnection need not say it again
        (own,) = [one for one in again.view.session.present if one.key == actor.key]
        assert (joined.participant_id != own.id, own.join_reason) == (True, "helping with the sound")


async def test_a_blocked_account_may_do_nothing_at_once(house: House) -> None:
    session_id = await house.opened()
    minted = await house.links.mint(KEY, session_id, UserType.PATIENT, PATIENT.user_id)
    _, secret = await house.links.exchange(minted.token, PROOF)
    await house.enter(PATIENT, session_id)
    for actor in (DOCTOR, OPERATOR, PATIENT):
        with pytest.raises((Forbidden, NotFound)):
            await house.accounts.block(actor, PATIENT.key)
    await house.accounts.block(ADMIN, PATIENT.key)
    assert (await house.sessions.get(ADMIN, session_id)).session.present == []
    with pytest.raises(Unauthenticated):
        await house.access.grant(secret)
    with pytest.raises(Forbidden) as refused:
        await house.sessions.join(PATIENT, session_id)
    assert refused.value.reason == "account_blocked"
    await house.accounts.unblock(ADMIN, PATIENT.key)
    assert (await house.sessions.join(PATIENT, session_id)).participant_id
    with pytest.raises(Forbidden):
        await house.accounts.block(ADMIN, ADMIN.key)


async def test_a_console_link_opens_one_login(house: House) -> None:
    await house.opened()
    logins = Logins(house.commands, house.access, SECRET)
    with pytest.raises(NotFound):
        await logins.mint_link(PATIENT.key, timedelta(minutes=5))
    token = await logins.mint_link(OPERATOR.key, timedelta(minutes=5))
    login, secret = await logins.open(token, PROOF)
    assert (await logins.open(token, PROOF))[1] == secret
    with pytest.raises(LinkUsed):
        await logins.open(token, PROOF + "!")
    house.clock.pass_time(seconds=61)
    with pytest.raises(LinkUsed):
        await logins.open(token, PROOF)
    assert (await logins.login(secret, login.id)).user.role is OPERATOR.role
    with pytest.raises(Unauthenticated):
        await logins.login(secret, "another")
    late = await logins.mint_link(OPERATOR.key, timedelta(minutes=5))
    house.clock.pass_time(minutes=6)
    for wrong in (late, late + "x", "nonsense", ""):
        with pytest.raises(LinkInvalid):
            await logins.open(wrong, PROOF)
    await logins.end(login)
    with pytest.raises(Unauthenticated):
        await logins.login(secret, login.id)

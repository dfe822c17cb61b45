"""What the booking system says, and what becomes of the session when it changes its mind."""

from datetime import timedelta

import pytest

from shinsatsu.domain.appointment import AppointmentStatus
from shinsatsu.domain.errors import Forbidden, InvalidRequest, NotFound, SessionEnded
from shinsatsu.domain.events import EventType
from shinsatsu.domain.participant import Admission
from shinsatsu.domain.roles import AuthUser, UserType
from shinsatsu.domain.session_status import EndReason, SessionStatus
from shinsatsu.service.appointments import PersonDetails
from tests.house import ADMIN, DOCTOR, KEY, OPERATOR, OTHER_DOCTOR, PATIENT, START, SUPPORT, House, details


async def test_putting_twice_changes_nothing(house: House) -> None:
    session_id = await house.book()
    view = await house.appointments.put(KEY, "a1", details())
    assert (view.session.id, view.session.status) == (session_id, SessionStatus.SCHEDULED)
    assert await house.story(session_id) == ["created"]
    assert view.session.version == 1
    doctor = view.person(DOCTOR.key)
    assert doctor is not None
    assert (doctor.licence_year, doctor.specialty) == (2008, "内科")
    assert view.appointment.support_doctor_ids == (SUPPORT.user_id,)


@pytest.mark.parametrize("actor", [PATIENT, DOCTOR, OPERATOR, ADMIN])
async def test_only_the_booking_system_books(house: House, actor: AuthUser) -> None:
    with pytest.raises(Forbidden) as refused:
        await house.appointments.put(actor, "a1", details())
    assert refused.value.reason == "role_may_not"
    with pytest.raises(NotFound):
        await house.appointments.put(OTHER_DOCTOR, "a1", details())


async def test_rescheduling_follows_until_it_is_over(house: House) -> None:
    session_id = await house.book()
    later = START + timedelta(hours=1)
    view = await house.appointments.put(KEY, "a1", details(starts_at=later, scheduled_duration=30))
    assert (view.appointment.starts_at, view.session.metadata.scheduled_duration) == (later, 30)
    assert await house.story(session_id) == ["created", "rescheduled"]


async def test_cancelling_ends_and_booking_again_starts_anew(house: House) -> None:
    session_id = await house.opened()
    cancelled = await house.appointments.put(KEY, "a1", details(status=AppointmentStatus.CANCELLED))
    assert cancelled.session.metadata.end_reason is EndReason.CANCELLED
    with pytest.raises(SessionEnded):
        await house.sessions.create(PATIENT, "a1")
    same = await house.appointments.put(KEY, "a1", details(status=AppointmentStatus.CANCELLED))
    assert same.session.id == session_id
    again = await house.appointments.put(KEY, "a1", details())
    assert again.session.id != session_id
    assert again.session.status is SessionStatus.SCHEDULED


async def test_a_cancellation_of_something_never_booked_is_kept(house: House) -> None:
    view = await house.appointments.put(KEY, "a9", details(status=AppointmentStatus.CANCELLED))
    assert view.session.status is SessionStatus.ENDED


async def test_whoever_is_taken_off_the_booking_is_out(house: House) -> None:
    session_id = await house.opened()
    await house.sessions.join(DOCTOR, session_id)
    patient = await house.sessions.join(PATIENT, session_id)
    successor = PersonDetails(OTHER_DOCTOR.user_id, OTHER_DOCTOR.display_name)
    view = await house.appointments.put(KEY, "a1", details(doctor=successor))
    assert [one.id for one in view.participants] == [patient.participant_id]
    with pytest.raises(NotFound):
        await house.sessions.get(DOCTOR, session_id)
    with pytest.raises(NotFound):
        await house.sessions.create(DOCTOR, "a1")
    assert (await house.sessions.join(OTHER_DOCTOR, session_id)).admission is Admission.ADMITTED


async def test_whoever_is_put_back_on_the_booking_may_come_in_again(house: House) -> None:
    session_id = await house.opened()
    await house.sessions.join(DOCTOR, session_id)
    await house.book(doctor=PersonDetails(OTHER_DOCTOR.user_id, OTHER_DOCTOR.display_name))
    await house.book()
    assert (await house.sessions.join(DOCTOR, session_id)).admission is Admission.ADMITTED


async def test_a_booking_gives_nobody_another_role(house: House) -> None:
    await house.staff()
    with pytest.raises(InvalidRequest) as refused:
        await house.book(doctor=PersonDetails(ADMIN.user_id, "A new name"))
    assert refused.value.field == "doctor.userId"
    with pytest.raises(InvalidRequest) as refused:
        await house.book(support_doctors=(PersonDetails(DOCTOR.user_id, "Twice"),))
    assert refused.value.field == "supportDoctors"


async def test_who_is_booked_is_part_of_the_story(house: House) -> None:
    session_id = await house.book()
    await house.book(doctor=PersonDetails(5, "Doctor 5"), support_doctors=())
    async with house.units_of_work.read() as unit:
        last = (await unit.sessions.events_after(session_id, 0, 100))[-1]
    assert last.event_type is EventType.REBOOKED
    assert (last.metadata["before"]["doctorId"], last.metadata["after"]["doctorId"]) == (3, 5)
    await house.book(doctor=PersonDetails(5, "Doctor 5"), support_doctors=())
    assert (await house.story(session_id)).count("rebooked") == 1


async def test_a_booking_that_renames_somebody_is_on_record_without_the_name(house: House) -> None:
    await house.book()
    await house.book(patient=PersonDetails(7, "Another name", language="ja"))
    async with house.units_of_work.read() as unit:
        (noted,) = await unit.security.after(0, 10)
    assert (noted.event.event_type, noted.event.metadata) == ("user_changed", {"userType": "patient", "userId": 7})


async def test_cancelling_says_what_it_takes_back(house: House) -> None:
    session_id = await house.book()
    minted = await house.links.mint(KEY, session_id, UserType.PATIENT, 7)
    await house.book(status=AppointmentStatus.CANCELLED)
    async with house.units_of_work.read() as unit:
        events = await unit.sessions.events_after(session_id, 0, 100)
    (revoked,) = [one for one in events if one.event_type is EventType.ACCESS_REVOKED]
    assert revoked.metadata == {"links": [minted.id], "grants": [], "invitations": [], "reason": "cancelled"}

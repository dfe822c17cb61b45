"""What the booking system says, and what becomes of the session when it changes its mind."""

from datetime import timedelta

import pytest

from shinsatsu.domain.appointment import AppointmentStatus
from shinsatsu.domain.errors import Forbidden, InvalidRequest, NotFound, SessionEnded
from shinsatsu.domain.participant import Admission
from shinsatsu.domain.roles import AuthUser
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

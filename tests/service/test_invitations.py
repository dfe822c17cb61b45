"""Invitations: what is asked, five wrong tries whatever the race, codes that are sent, and what ends them."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta

import pytest

from shinsatsu.domain.appointment import AppointmentStatus
from shinsatsu.domain.errors import DeliveryFailed, Forbidden, InvalidRequest, LinkRevoked, NotFound, SessionEnded
from shinsatsu.domain.events import EventType, StoredEvent
from shinsatsu.domain.invitation_errors import (
    CheckFailed,
    CodeTooSoon,
    InvitationExpired,
    InvitationInvalid,
    InvitationLocked,
    InvitationRevoked,
)
from shinsatsu.domain.invitations import DeliveryKind, InvitationCheck, InvitationState
from shinsatsu.domain.roles import AuthUser, UserType
from shinsatsu.service.appointments import PersonDetails
from shinsatsu.service.invitation_door import Answer, InvitationDoor
from shinsatsu.service.invitations import Invitations, InvitationWish, SentInvitation
from shinsatsu.service.signing_keys import SigningKeys
from tests.house import DOCTOR, KEY, KEYS, OTHER_DOCTOR, PATIENT, START, House, details

BORN = date(1964, 10, 10)
RIGHT, WRONG = Answer(birth_date=BORN), Answer(birth_date=date(1964, 10, 11))
PHONE = (DeliveryKind.PHONE, "+81 90-1234-5678")
PROOF = "a proof that nobody can guess"


async def invite(
    house: House, session_id: str, check: InvitationCheck = InvitationCheck.BIRTH_DATE, user: AuthUser = PATIENT
) -> SentInvitation:
    wish = InvitationWish(user.key, check, birth_date=BORN, deliver_to=PHONE)
    return await house.invitations.send(KEY, session_id, wish)


async def told(house: House, session_id: str, *types: EventType) -> list[StoredEvent]:
    async with house.units_of_work.read() as unit:
        events = await unit.sessions.events_after(session_id, 0, 1000)
    return [event for event in events if event.event_type in types]


async def test_the_right_answer_gives_a_link_to_the_appointments_session(house: House) -> None:
    session_id = await house.opened()
    sent = await invite(house, session_id)
    assert len(sent.code) >= 43  # 256 bits
    look = await house.invitation_door.look(sent.code)
    assert (look.check, look.starts_at, look.doctor) == (InvitationCheck.BIRTH_DATE, START, DOCTOR.display_name)
    opened = await house.invitation_door.open(sent.code, RIGHT)
    assert opened.session_id == session_id
    grant, _ = await house.links.exchange(opened.token, PROOF)
    assert grant.user == replace(PATIENT, appointment_id="a1")
    (minted,) = await told(house, session_id, EventType.LINK_MINTED)
    assert minted.metadata["invitationId"] == sent.id
    assert (minted.user_type, minted.user_id) == (UserType.SYSTEM, 0)
    again = await house.invitation_door.open(sent.code, RIGHT)  # it is good to the end, its links once each
    await house.links.exchange(again.token, PROOF)


async def test_nothing_of_what_it_knows_is_in_the_database(house: House) -> None:
    session_id = await house.opened()
    sent = await invite(house, session_id, InvitationCheck.CODE)
    await house.invitation_door.send_code(sent.code)
    (_, to, code) = house.delivery.codes[0]
    assert to == "+819012345678"
    born = await invite(house, session_id)
    async with house.units_of_work.read() as unit:
        kept = [repr(one) for one in await unit.invitations.of_appointment("a1")]
        events = [repr(one) for one in await unit.sessions.events_after(session_id, 0, 1000)]
    for secret in (sent.code, born.code, code, "9012345678", "1964-10-10", "19641010"):
        assert not [text for text in (*kept, *events) if secret in text]


async def test_without_a_check_whoever_holds_it_gets_in(house: House) -> None:
    sent = await invite(house, await house.opened(), InvitationCheck.NONE)
    assert (await house.invitation_door.open(sent.code, Answer())).token


async def test_five_wrong_answers_lock_it_and_staff_are_told(house: House) -> None:
    session_id = await house.opened()
    sent = await invite(house, session_id)
    for left in (4, 3, 2, 1):
        with pytest.raises(CheckFailed) as failed:
            await house.invitation_door.open(sent.code, WRONG)
        assert failed.value.tries_left == left
    with pytest.raises(InvitationLocked):
        await house.invitation_door.open(sent.code, WRONG)
    with pytest.raises(InvitationLocked):  # the right one comes too late
        await house.invitation_door.open(sent.code, RIGHT)
    with pytest.raises(InvitationLocked):
        await house.invitation_door.look(sent.code)
    (locked,) = await told(house, session_id, EventType.INVITATION_LOCKED)
    assert locked.metadata == {"invitationId": sent.id, "forUserType": "patient", "forUserId": PATIENT.user_id}
    assert len(await told(house, session_id, EventType.INVITATION_CHECK_FAILED)) == 5
    assert locked in house.bus.events
    (listed,) = await house.invitations.list(DOCTOR, session_id)
    assert (listed.state, listed.invitation.wrong_tries) == (InvitationState.LOCKED, 5)
    for _ in range(2):
        await house.invitations.unlock(DOCTOR, session_id, sent.id)
    assert len(await told(house, session_id, EventType.INVITATION_UNLOCKED)) == 1
    with pytest.raises(CheckFailed) as failed:
        await house.invitation_door.open(sent.code, WRONG)
    assert failed.value.tries_left == 4
    await house.invitation_door.open(sent.code, RIGHT)


async def test_a_right_answer_gives_all_tries_back(house: House) -> None:
    sent = await invite(house, await house.opened())
    for _ in range(3):
        for _ in range(4):
            with pytest.raises(CheckFailed):
                await house.invitation_door.open(sent.code, WRONG)
        await house.invitation_door.open(sent.code, RIGHT)


async def test_as_many_tries_at_once_as_one_likes_are_five(house: House) -> None:
    """Through two servers at that."""
    other, session_id = House(house.engine), await house.opened()
    for _ in range(3):
        sent = await invite(house, session_id)
        doors = (house.invitation_door, other.invitation_door)
        wrong = [Answer(birth_date=BORN + timedelta(days=one)) for one in range(-20, 0)]
        attempts = [doors[place % 2].open(sent.code, answer) for place, answer in enumerate([*wrong, RIGHT])]
        outcomes = await asyncio.gather(*attempts, return_exceptions=True)
        failed = sorted(one.tries_left for one in outcomes if isinstance(one, CheckFailed))
        won = [one for one in outcomes if not isinstance(one, BaseException)]
        if not won:  # the right one came after five others, or it would have opened
            assert failed == [1, 2, 3, 4]
        async with house.units_of_work.read() as unit:
            held = await unit.invitations.hold(sent.id)
        assert held is not None
        assert held.wrong_tries == 5
        assert len(failed) <= 4 + 4 * len(won)


async def test_an_answer_to_something_else_does_not_count(house: House) -> None:
    session_id = await house.opened()
    born = await invite(house, session_id)
    for answer, field in ((Answer(one_time_code="123456"), "birthDate"), (Answer(), "birthDate")):
        with pytest.raises(InvalidRequest) as refused:
            await house.invitation_door.open(born.code, answer)
        assert refused.value.field == field
    (listed,) = await house.invitations.list(KEY, session_id)
    assert listed.invitation.wrong_tries == 0
    code = await invite(house, session_id, InvitationCheck.CODE)
    with pytest.raises(InvalidRequest) as refused:
        await house.invitation_door.open(code.code, RIGHT)
    assert refused.value.field == "oneTimeCode"


async def test_a_code_that_is_sent_opens_once_for_ten_minutes(house: House) -> None:
    session_id = await house.opened()
    sent = await invite(house, session_id, InvitationCheck.CODE)
    assert (await house.invitation_door.look(sent.code)).sent_to == "••••••••••678"
    with pytest.raises(CheckFailed):  # before any was sent
        await house.invitation_door.open(sent.code, Answer(one_time_code=""))
    assert await house.invitation_door.send_code(sent.code) == "••••••••••678"
    ((kind, _, code),) = house.delivery.codes
    assert (kind, len(code), code.isdecimal()) == (DeliveryKind.PHONE, 6, True)
    typed = "".join(chr(ord(one) + 0xFEE0) for one in code)  # full-width, as a Japanese keyboard types it
    await house.invitation_door.open(sent.code, Answer(one_time_code=f" {typed[:3]} {typed[3:]}"))
    with pytest.raises(CheckFailed):
        await house.invitation_door.open(sent.code, Answer(one_time_code=code))
    await house.invitation_door.send_code(sent.code)
    house.clock.pass_time(minutes=10)
    with pytest.raises(CheckFailed):
        await house.invitation_door.open(sent.code, Answer(one_time_code=house.delivery.codes[-1][2]))
    (first, _) = await told(house, session_id, EventType.INVITATION_CODE_SENT)
    assert first.metadata["kind"] == "phone"


async def test_codes_are_sent_half_a_minute_apart_and_five_times(house: House) -> None:
    sent = await invite(house, await house.opened(), InvitationCheck.CODE)
    for _ in range(5):
        await house.invitation_door.send_code(sent.code)
        with pytest.raises((CodeTooSoon, Forbidden)):
            await house.invitation_door.send_code(sent.code)
        house.clock.pass_time(seconds=30)
    with pytest.raises(Forbidden) as refused:
        await house.invitation_door.send_code(sent.code)
    assert refused.value.reason == "sends_used_up"
    await house.invitation_door.open(sent.code, Answer(one_time_code=house.delivery.codes[-1][2]))


async def test_how_long_to_wait_for_another_code(house: House) -> None:
    sent = await invite(house, await house.opened(), InvitationCheck.CODE)
    await house.invitation_door.send_code(sent.code)
    house.clock.pass_time(seconds=29.5)
    with pytest.raises(CodeTooSoon) as refused:
        await house.invitation_door.send_code(sent.code)
    assert (refused.value.code, refused.value.retry_after) == ("rate_limited", 1)


async def test_many_requests_at_once_send_one_code(house: House) -> None:
    sent = await invite(house, await house.opened(), InvitationCheck.CODE)
    outcomes = await asyncio.gather(
        *(house.invitation_door.send_code(sent.code) for _ in range(8)), return_exceptions=True
    )
    assert [type(one) for one in outcomes if isinstance(one, BaseException)] == [CodeTooSoon] * 7
    assert len(house.delivery.codes) == 1


async def test_a_code_that_was_not_delivered_does_not_count(house: House) -> None:
    session_id = await house.opened()
    sent = await invite(house, session_id, InvitationCheck.CODE)
    await house.invitation_door.send_code(sent.code)
    house.clock.pass_time(seconds=30)
    house.delivery.failure = "timeout"
    for _ in range(6):  # neither the number nor the time between
        with pytest.raises(DeliveryFailed):
            await house.invitation_door.send_code(sent.code)
    (listed,) = await house.invitations.list(KEY, session_id)
    assert listed.invitation.sends == 1
    assert len(await told(house, session_id, EventType.INVITATION_CODE_SENT)) == 1
    await house.invitation_door.open(sent.code, Answer(one_time_code=house.delivery.codes[0][2]))


async def test_where_nothing_can_be_sent_nobody_is_asked_for_a_code(house: House) -> None:
    session_id = await house.opened()
    mute = Invitations(house.commands, KEYS, InvitationCheck.CODE, codes_are_sent=False)
    with pytest.raises(InvalidRequest) as refused:
        await mute.send(KEY, session_id, InvitationWish(PATIENT.key, deliver_to=PHONE))
    assert refused.value.field == "check"
    sent = await invite(house, session_id, InvitationCheck.CODE)
    with pytest.raises(DeliveryFailed):
        await InvitationDoor(house.commands, house.links, KEYS, None).send_code(sent.code)
    born = await invite(house, session_id)
    with pytest.raises(InvalidRequest):
        await house.invitation_door.send_code(born.code)


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (InvitationWish(PATIENT.key), "birthDate"),  # the house's own check
        (InvitationWish(PATIENT.key, InvitationCheck.CODE, BORN), "deliverTo"),
        (
            InvitationWish(PATIENT.key, InvitationCheck.CODE, deliver_to=(DeliveryKind.PHONE, "12a")),
            "deliverTo.address",
        ),
        (
            InvitationWish(PATIENT.key, InvitationCheck.CODE, deliver_to=(DeliveryKind.MAIL, "a@b@c")),
            "deliverTo.address",
        ),
        (
            InvitationWish(PATIENT.key, InvitationCheck.CODE, deliver_to=(DeliveryKind.MAIL, "a\r\nBcc: x@y.jp")),
            "deliverTo.address",
        ),
        (InvitationWish((UserType.PATIENT, 99), InvitationCheck.NONE), "userId"),
    ],
)
async def test_what_an_invitation_needs(house: House, wish: InvitationWish, field: str) -> None:
    session_id = await house.opened()
    with pytest.raises(InvalidRequest) as refused:
        await house.invitations.send(KEY, session_id, wish)
    assert refused.value.field == field


async def test_what_the_check_does_not_need_is_not_kept(house: House) -> None:
    session_id = await house.opened()
    for check in InvitationCheck:
        await invite(house, session_id, check)
    code, born, none = (one.invitation.asked for one in await house.invitations.list(KEY, session_id))
    assert (code.birth_date, born.address, born.sent_to) == (None, None, None)
    assert (none.birth_date, none.address, none.kind, none.sent_to) == (None, None, None, None)


async def test_a_fresh_one_takes_back_the_one_before(house: House) -> None:
    session_id = await house.opened()
    first, second = await invite(house, session_id), await invite(house, session_id)
    with pytest.raises(InvitationRevoked):
        await house.invitation_door.open(first.code, RIGHT)
    await house.invitation_door.open(second.code, RIGHT)
    (revoked,) = await told(house, session_id, EventType.INVITATION_REVOKED)
    assert (revoked.metadata["invitationId"], revoked.metadata["reason"]) == (first.id, "resent")


async def test_it_lasts_to_the_appointments_end_and_moves_with_it(house: House) -> None:
    session_id = await house.opened()
    sent = await invite(house, session_id)
    assert sent.expires_at == START + timedelta(minutes=15)
    house.clock.moment = sent.expires_at
    with pytest.raises(InvitationExpired):
        await house.invitation_door.open(sent.code, RIGHT)
    (listed,) = await house.invitations.list(KEY, session_id)
    assert listed.state is InvitationState.EXPIRED
    await house.appointments.put(KEY, "a1", details(starts_at=START + timedelta(days=1)))
    await house.invitation_door.open(sent.code, RIGHT)
    await house.appointments.put(KEY, "a1", details(starts_at=START - timedelta(days=1)))
    with pytest.raises(InvitationExpired):
        await house.invitation_door.look(sent.code)
    with pytest.raises(SessionEnded):
        await invite(house, session_id)


async def test_what_ends_an_invitation(house: House) -> None:
    session_id = await house.opened()
    sent = await invite(house, session_id)
    with pytest.raises(InvitationInvalid):
        await house.invitation_door.look("x" * 43)
    await house.appointments.put(KEY, "a1", details(status=AppointmentStatus.CANCELLED))
    for attempt in (house.invitation_door.look(sent.code), house.invitation_door.open(sent.code, RIGHT)):
        with pytest.raises(InvitationRevoked):
            await attempt
    await house.appointments.put(KEY, "a1", details())  # booked again: what was taken back stays so
    with pytest.raises(InvitationRevoked):
        await house.invitation_door.open(sent.code, RIGHT)


async def test_somebody_removed_replaced_or_blocked_opens_nothing(house: House) -> None:
    session_id = await house.opened()
    sent = await invite(house, session_id)
    patient = await house.enter(PATIENT, session_id)
    await house.moderation.remove(DOCTOR, session_id, patient.participant_id, "wrong person")
    with pytest.raises(InvitationRevoked):
        await house.invitation_door.open(sent.code, RIGHT)
    with pytest.raises(Forbidden):
        await invite(house, session_id)
    second = await house.opened("a2")
    other = await invite(house, second)
    await house.appointments.put(KEY, "a2", details(patient=PersonDetails(8, "Patient 8")))
    with pytest.raises(InvitationRevoked):
        await house.invitation_door.open(other.code, RIGHT)
    third = await house.opened("a3")
    blocked = await invite(house, third)

    async with house.units_of_work.write() as unit:
        await unit.appointments.block(PATIENT.key, house.clock.now())
        await unit.commit()
    with pytest.raises(InvitationRevoked):
        await house.invitation_door.open(blocked.code, RIGHT)


async def test_who_may_invite_list_revoke_and_unlock(house: House) -> None:
    session_id, other = await house.opened(), await house.opened("a2")
    sent, elsewhere = await invite(house, session_id), await invite(house, other)
    for actor, refusal in ((PATIENT, Forbidden), (OTHER_DOCTOR, NotFound)):
        for attempt in (
            house.invitations.send(actor, session_id, InvitationWish(PATIENT.key, birth_date=BORN)),
            house.invitations.list(actor, session_id),
            house.invitations.revoke(actor, session_id, sent.id),
            house.invitations.unlock(actor, session_id, sent.id),
        ):
            with pytest.raises(refusal):
                await attempt
    for invitation_id in (elsewhere.id, "unknown"):
        with pytest.raises(NotFound):
            await house.invitations.revoke(DOCTOR, session_id, invitation_id)
    for _ in range(2):
        await house.invitations.revoke(DOCTOR, session_id, sent.id)
    assert len(await told(house, session_id, EventType.INVITATION_REVOKED)) == 1
    with pytest.raises(InvitationRevoked):
        await house.invitation_door.open(sent.code, RIGHT)
    await house.invitation_door.open(elsewhere.code, RIGHT)


async def test_an_invitation_leads_to_the_session_that_is_open(house: House) -> None:
    first = await house.opened()
    sent = await invite(house, first)
    await house.sessions.end(DOCTOR, first)
    view, _ = await house.sessions.create(PATIENT, "a1")
    opened = await house.invitation_door.open(sent.code, RIGHT)
    assert opened.session_id == view.session.id
    later = await house.invitation_door.open(sent.code, RIGHT)
    with pytest.raises(LinkRevoked):  # as any link that is sent again
        await house.links.exchange(opened.token, PROOF)
    await house.links.exchange(later.token, PROOF)


async def test_a_new_secret_ends_no_invitation_and_a_lost_one_locks_nobody(house: House) -> None:
    session_id = await house.opened()
    born = await invite(house, session_id)
    newer = b"another secret of thirty-two byte"
    rotated = InvitationDoor(house.commands, house.links, SigningKeys([newer, KEYS.newest]), house.delivery)
    alone = InvitationDoor(house.commands, house.links, SigningKeys([newer]), house.delivery)
    with pytest.raises(CheckFailed):
        await rotated.open(born.code, WRONG)
    await rotated.open(born.code, RIGHT)
    with pytest.raises(InvitationRevoked):
        await alone.open(born.code, RIGHT)
    code = await invite(house, session_id, InvitationCheck.CODE)
    with pytest.raises(InvitationRevoked):
        await alone.send_code(code.code)
    await rotated.send_code(code.code)
    await rotated.open(code.code, Answer(one_time_code=house.delivery.codes[-1][2]))
    (listed, _) = await house.invitations.list(KEY, session_id)
    assert listed.invitation.wrong_tries == 0

"""Guests: invited to one session, with less than a patient may, and gone when the invitation is taken back."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from shinsatsu.domain.errors import Forbidden, InvalidRequest, NotFound, SessionEnded
from shinsatsu.domain.guests import GuestKind, withheld_of
from shinsatsu.domain.participant import Admission
from shinsatsu.domain.policy import Permission
from shinsatsu.domain.roles import Action, AuthUser, UserType
from shinsatsu.domain.tracks import TrackType
from shinsatsu.service.guests import Invitee
from tests.house import ADMIN, DOCTOR, OTHER_DOCTOR, PATIENT, House

NOTHING = frozenset[Action]()


@pytest.fixture
def house(engine: AsyncEngine) -> House:
    return House(engine)


async def invited(house: House, session_id: str, withheld: frozenset[Action] = NOTHING) -> AuthUser:
    named = await house.guests.invite(DOCTOR, session_id, Invitee("Aunt", GuestKind.FAMILY, withheld))
    return AuthUser(UserType.PATIENT, named.guest.user_id, None, "Aunt")


async def test_a_guest_waits_and_is_let_in(house: House) -> None:
    session_id = await house.opened()
    guest = await invited(house, session_id)
    joined = await house.sessions.join(guest, session_id)
    assert joined.admission is Admission.WAITING
    assert guest.user_id < 0
    view = await house.moderation.admit(DOCTOR, session_id, joined.participant_id)
    assert [one.relation.value for one in view.participants] == ["guest"]
    assert "guest_invited" in await house.story(session_id)


async def test_a_guest_is_a_stranger_to_every_other_session(house: House) -> None:
    session_id = await house.opened()
    guest = await invited(house, session_id)
    await house.sessions.end(DOCTOR, session_id)
    next_session, _ = await house.sessions.create(PATIENT, "a1")
    with pytest.raises(NotFound):
        await house.sessions.join(guest, next_session.session.id)
    assert [view.session.id for view in await house.sessions.find(guest)] == [session_id]


async def test_what_staff_leave_out_is_refused(house: House) -> None:
    session_id = await house.opened()
    guest = await invited(house, session_id, withheld_of(["share_screen", "unmute"]))
    joined = await house.enter(guest, session_id)
    allowed = {one.action for one in joined.permissions if one.allowed}
    assert Permission(Action.UNMUTE, False) in joined.permissions
    assert Action.SHARE_SCREEN not in allowed
    for change in (
        house.tracks.grant(guest, session_id, joined.participant_id, TrackType.SCREEN),
        house.moderation.unmute(guest, session_id, joined.participant_id, [TrackType.AUDIO]),
    ):
        with pytest.raises(Forbidden) as refusal:
            await change
        assert refusal.value.reason == "withheld"


async def test_what_is_left_out_during_the_call_ends_at_once(house: House) -> None:
    session_id = await house.opened()
    guest = await invited(house, session_id)
    await house.enter(guest, session_id)
    named = await house.guests.withhold(ADMIN, session_id, guest.user_id, withheld_of(["unmute"]))
    assert named.guest.withheld == {Action.UNMUTE}
    view = await house.sessions.get(DOCTOR, session_id)
    stay = view.session.find(guest.key)
    assert stay is not None
    assert set(stay.muted_by) == {TrackType.AUDIO, TrackType.VIDEO}


async def test_an_invitation_taken_back_ends_the_stay(house: House) -> None:
    session_id = await house.opened()
    guest = await invited(house, session_id)
    await house.enter(guest, session_id)
    await house.guests.withdraw(DOCTOR, session_id, guest.user_id)
    assert (await house.story(session_id))[-2:] == ["left", "guest_withdrawn"]
    with pytest.raises(NotFound):
        await house.sessions.get(guest, session_id)
    with pytest.raises(NotFound):
        await house.guests.withdraw(DOCTOR, session_id, guest.user_id)


async def test_only_its_staff_invite_and_only_while_it_is_not_over(house: House) -> None:
    session_id = await house.opened()
    guest = await invited(house, session_id)
    invitee = Invitee("Friend", GuestKind.OTHER, NOTHING)
    for actor in (PATIENT, guest):
        with pytest.raises(Forbidden):
            await house.guests.invite(actor, session_id, invitee)
    with pytest.raises(NotFound):
        await house.guests.invite(OTHER_DOCTOR, session_id, invitee)
    await house.sessions.end(DOCTOR, session_id)
    with pytest.raises(SessionEnded):
        await house.guests.invite(DOCTOR, session_id, invitee)


def test_not_everything_can_be_left_out() -> None:
    for name in ("leave", "view", "nonsense"):
        with pytest.raises(InvalidRequest):
            withheld_of([name])

"""Blocking takes back links, grants and invitations of every appointment; unblocking gives nothing back."""

import pytest

from shinsatsu.domain.errors import Forbidden, LinkRevoked, Unauthenticated
from shinsatsu.domain.invitation_errors import InvitationRevoked
from shinsatsu.domain.invitations import InvitationCheck
from shinsatsu.domain.roles import AuthUser
from shinsatsu.service.invitation_door import Answer
from shinsatsu.service.invitations import InvitationWish
from shinsatsu.service.links import MintedLink
from tests.house import ADMIN, DOCTOR, KEY, PATIENT, House

PROOF = "a proof that nobody can guess"


async def mint(house: House, session_id: str, user: AuthUser = PATIENT) -> MintedLink:
    return await house.links.mint(KEY, session_id, user.user_type, user.user_id)


async def test_unblocking_gives_nothing_back(house: House) -> None:
    links, secrets, codes = [], [], []
    for appointment in ("a1", "a2"):
        session_id = await house.opened(appointment)
        _, secret = await house.links.exchange((await mint(house, session_id)).token, PROOF)
        secrets.append(secret)
        links.append(await mint(house, session_id))
        wish = InvitationWish(PATIENT.key, InvitationCheck.NONE)
        codes.append((await house.invitations.send(KEY, session_id, wish)).code)
        doctors = await mint(house, session_id, DOCTOR)
    await house.accounts.block(ADMIN, PATIENT.key)
    await house.accounts.unblock(ADMIN, PATIENT.key)
    for link in links:
        with pytest.raises(LinkRevoked):
            await house.links.exchange(link.token, PROOF)
    for secret in secrets:
        with pytest.raises(Unauthenticated):
            await house.access.grant(secret)
    for code in codes:
        with pytest.raises(InvitationRevoked):
            await house.invitation_door.open(code, Answer())
    assert (await house.links.exchange(doctors.token, PROOF))[0].user.key == DOCTOR.key  # nobody else's
    assert (await house.links.exchange((await mint(house, session_id)).token, PROOF))[0].user.key == PATIENT.key


async def test_a_blocked_account_exchanges_no_link_and_uses_none_up(house: House) -> None:
    """As one finds it that was blocked before blocking took links back: the link is there, the account is blocked."""
    session_id = await house.opened()
    link = await mint(house, session_id)
    await _only_block(house, blocked=True)
    for _ in range(2):
        with pytest.raises(LinkRevoked) as refused:
            await house.links.exchange(link.token, PROOF)
        assert PATIENT.display_name not in str(refused.value)
    assert "link_exchanged" not in await house.story(session_id)
    async with house.units_of_work.read() as unit:
        kept = await unit.credentials.link(link.id)
    assert kept is not None
    assert (kept.used_at, kept.grant_id) == (None, None)
    await _only_block(house, blocked=False)
    await house.links.exchange(link.token, PROOF)


async def test_nobody_makes_a_link_or_an_invitation_for_a_blocked_account(house: House) -> None:
    session_id = await house.opened()
    await house.accounts.block(ADMIN, PATIENT.key)
    for actor in (KEY, DOCTOR):
        attempts = (
            house.links.mint(actor, session_id, *PATIENT.key),
            house.invitations.send(actor, session_id, InvitationWish(PATIENT.key, InvitationCheck.NONE)),
        )
        for attempt in attempts:
            with pytest.raises(Forbidden) as refused:
                await attempt
            assert refused.value.reason == "account_blocked"
    assert not {"link_minted", "invitation_sent"} & set(await house.story(session_id))


async def _only_block(house: House, *, blocked: bool) -> None:
    async with house.units_of_work.write() as unit:
        assert await unit.appointments.block(PATIENT.key, house.clock.now() if blocked else None)
        await unit.commit()

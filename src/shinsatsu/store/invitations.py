"""`invitations`: codes as hashes, birth dates and one-time codes as digests, addresses sealed."""

from typing import Any

from sqlalchemy import bindparam, insert, select, update

from shinsatsu.domain.invitations import Asked, DeliveryKind, Invitation, InvitationCheck, OneTimeCode
from shinsatsu.domain.roles import UserType
from shinsatsu.domain.timestamps import from_text, to_text
from shinsatsu.store import rows
from shinsatsu.store.invitation_tables import invitations
from shinsatsu.store.statements import Statements

INSERT = insert(invitations)
OF_CODE = select(invitations).where(invitations.c.code_hash == bindparam("key"))
HELD = select(invitations).where(invitations.c.id == bindparam("key")).with_for_update()
OF_APPOINTMENT = (
    select(invitations)
    .where(invitations.c.appointment_id == bindparam("key"))
    .order_by(invitations.c.created_at.desc(), invitations.c.id.desc())
)
UPDATE = update(invitations).where(invitations.c.id == bindparam("key"))


class SqlInvitations:
    """Implements `InvitationRepository`."""

    def __init__(self, connection: Statements) -> None:
        self._connection = connection

    async def add(self, invitation: Invitation) -> None:
        values = {
            "id": invitation.id,
            "code_hash": invitation.code_hash,
            "video_session_id": invitation.session_id,
            "appointment_id": invitation.appointment_id,
            "user_type": invitation.user_type,
            "user_id": invitation.user_id,
            "check_kind": invitation.asked.check,
            "created_by_type": invitation.created_by[0],
            "created_by_id": invitation.created_by[1],
            "created_at": to_text(invitation.created_at),
            "birth_date_digest": invitation.asked.birth_date,
            "delivery_kind": invitation.asked.kind,
            "sealed_address": invitation.asked.address,
            "sent_to": invitation.asked.sent_to,
            **_changeable(invitation),
        }
        await self._connection.execute(INSERT, values)

    async def of_code(self, code_hash: str) -> Invitation | None:
        row = (await self._connection.execute(OF_CODE, {"key": code_hash})).first()
        return None if row is None else _invitation_of(row)

    async def hold(self, invitation_id: str) -> Invitation | None:
        row = (await self._connection.execute(HELD, {"key": invitation_id})).first()
        return None if row is None else _invitation_of(row)

    async def of_appointment(self, appointment_id: str) -> list[Invitation]:
        found = await self._connection.execute(OF_APPOINTMENT, {"key": appointment_id})
        return [_invitation_of(row) for row in found]

    async def save(self, invitation: Invitation) -> None:
        await self._connection.execute(UPDATE, {"key": invitation.id, **_changeable(invitation)})


def _changeable(invitation: Invitation) -> rows.Values:
    one_time = invitation.one_time
    return {
        "one_time_digest": one_time.digest if one_time else None,
        "sent_at": to_text(one_time.sent_at) if one_time else None,
        "sends": invitation.sends,
        "wrong_tries": invitation.wrong_tries,
        "opened_at": rows.moment_text(invitation.opened_at),
        "locked_at": rows.moment_text(invitation.locked_at),
        "revoked_at": rows.moment_text(invitation.revoked_at),
    }


def _invitation_of(row: Any) -> Invitation:
    sent_at = rows.moment(row.sent_at)
    return Invitation(
        id=row.id,
        code_hash=row.code_hash,
        session_id=row.video_session_id,
        appointment_id=row.appointment_id,
        user_type=UserType(row.user_type),
        user_id=row.user_id,
        asked=_asked_of(row),
        created_by=(UserType(row.created_by_type), row.created_by_id),
        created_at=from_text(row.created_at),
        one_time=OneTimeCode(row.one_time_digest, sent_at) if row.one_time_digest and sent_at else None,
        sends=row.sends,
        wrong_tries=row.wrong_tries,
        opened_at=rows.moment(row.opened_at),
        locked_at=rows.moment(row.locked_at),
        revoked_at=rows.moment(row.revoked_at),
    )


def _asked_of(row: Any) -> Asked:
    kind = DeliveryKind(row.delivery_kind) if row.delivery_kind else None
    return Asked(InvitationCheck(row.check_kind), row.birth_date_digest, kind, row.sealed_address, row.sent_to)

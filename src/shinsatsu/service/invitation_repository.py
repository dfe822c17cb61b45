"""What the use cases need to keep of invitations; see `repositories`."""

from typing import Protocol

from shinsatsu.domain.invitations import Invitation


class InvitationRepository(Protocol):
    """`invitations`; codes only as hashes."""

    async def add(self, invitation: Invitation) -> None:
        """Inserts one."""

    async def of_code(self, code_hash: str) -> Invitation | None:
        """The invitation of that code."""

    async def hold(self, invitation_id: str) -> Invitation | None:
        """The invitation as it stands, held to the end of the transaction."""

    async def of_appointment(self, appointment_id: str) -> list[Invitation]:
        """All of them, newest first."""

    async def save(self, invitation: Invitation) -> None:
        """Writes what became of one that is held."""

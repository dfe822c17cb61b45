"""Who is there at this moment, and whose microphone and camera are on: what an event stream says of its participant."""

from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.roles import Action, AuthUser
from shinsatsu.domain.tracks import TrackType
from shinsatsu.service.commands import Commands
from shinsatsu.service.guard import authorize
from shinsatsu.service.repositories import UnitOfWork


class Presence:
    """Use cases of an event stream. `connection_id` is the stream's own name, so that a late goodbye of an old one
    does not part a participant from the stream that took over.
    """

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    async def connected(self, actor: AuthUser, session_id: str, participant_id: str, connection_id: str) -> None:
        """The stream is there; a patient and a doctor both there make the session active. Raises StaleParticipant."""

        async def change(unit: UnitOfWork, consultation: Consultation) -> None:
            authorize(actor, Action.JOIN, consultation)
            now = self._commands.clock.now()
            consultation.session.connect(actor, participant_id, connection_id, now)

        await self._commands.on_session(session_id, change)

    async def disconnected(self, actor: AuthUser, session_id: str, participant_id: str, connection_id: str) -> None:
        """The stream is gone; says nothing when another stream took over or the stay is over anyway."""

        async def change(unit: UnitOfWork, consultation: Consultation) -> None:
            now = self._commands.clock.now()
            consultation.session.disconnect(actor, participant_id, connection_id, now)

        await self._commands.on_session(session_id, change)

    async def media_state(
        self, actor: AuthUser, session_id: str, participant_id: str, audio_muted: bool, video_muted: bool
    ) -> None:
        """The participant's own microphone and camera, in words for the others; no change, no event."""

        async def change(unit: UnitOfWork, consultation: Consultation) -> None:
            for muted in (audio_muted, video_muted):
                authorize(actor, Action.MUTE if muted else Action.UNMUTE, consultation)
            now = self._commands.clock.now()
            state = {TrackType.AUDIO: audio_muted, TrackType.VIDEO: video_muted}
            consultation.session.media_state(actor, participant_id, state, now)

        await self._commands.on_session(session_id, change)

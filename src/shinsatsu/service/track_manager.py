"""Use cases on tracks: grant a name, publish, subscribe, answer, close (spec §3, media-control.md).

Each commits its intent, calls the media plane outside any transaction, and asks the policy again before the plane's
answer counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.edges import permitted_edges
from shinsatsu.domain.errors import (
    DuplicateTrack,
    InvalidSessionDescription,
    InvalidTransition,
    MediaNegotiationRefused,
    MediaSessionGone,
    NotFound,
    TrackNotFound,
    TrackNotGranted,
)
from shinsatsu.domain.events import EventType
from shinsatsu.domain.offers import ClaimedTrack, check_offer, claimed_tracks
from shinsatsu.domain.roles import TIMER, AuthUser
from shinsatsu.domain.subscriptions import Direction, MediaSession, Subscription
from shinsatsu.domain.tracks import Track, TrackState, TrackType
from shinsatsu.service.commands import Commands
from shinsatsu.service.guard import authorize_media
from shinsatsu.service.media_sessions import MediaSessions
from shinsatsu.service.ports import LocalTrack, MediaPlane, Negotiated, OfferReader, TrackResult
from shinsatsu.service.pulls import Pulls
from shinsatsu.service.repositories import UnitOfWork
from shinsatsu.service.stopping import stop_sending

SDP_FIELD = "sessionDescription.sdp"
CONFIRMED_WITHIN = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Publishing:
    """An accepted intent to publish: where, and which tracks under which mids."""

    media: MediaSession
    tracks: Sequence[Track]


class TrackManager:
    """Use cases on the tracks of one participant."""

    def __init__(self, commands: Commands, plane: MediaPlane, offers: OfferReader) -> None:
        self._commands = commands
        self._plane = plane
        self._offers = offers
        self._media = MediaSessions(commands, plane)
        self._pulls = Pulls(commands, plane, self._media)

    async def grant(self, actor: AuthUser, session_id: str, participant_id: str, track_type: TrackType) -> Track:
        """Grants one more track name, the same again until it is used; a screen needs the right to share it."""

        async def change(unit: UnitOfWork, consultation: Consultation) -> Track:
            authorize_media(actor, consultation, track_type)
            session = consultation.session
            participant = session.own(actor, participant_id)
            for track in await self._own_tracks(unit, consultation, actor, participant_id):
                if track.track_type is track_type and track.state is TrackState.GRANTED:
                    return track
            return session.grant_track(participant, track_type, actor, self._commands.clock.now())

        return await self._commands.on_session(session_id, change)

    async def publish(
        self,
        actor: AuthUser,
        session_id: str,
        participant_id: str,
        offer_sdp: str,
        claims: Sequence[ClaimedTrack],
    ) -> Negotiated:
        """Publishes one's own granted tracks; the answer to the offer and a result for each track.

        Raises InvalidSessionDescription, TrackNotGranted, DuplicateTrack (with the field), Forbidden, StaleParticipant,
        NegotiationInProgress, MediaPlaneError.
        """
        sections = self._offers.sections(offer_sdp)

        async def intend(unit: UnitOfWork, consultation: Consultation, media: MediaSession) -> Publishing:
            own = await self._own_tracks(unit, consultation, actor, participant_id)
            tracks = claimed_tracks(claims, [track for track in own if track.state is not TrackState.CLOSED])
            for track in tracks:
                authorize_media(actor, consultation, track.track_type)
            sending = frozenset(
                track.mid for track in own if track.mid is not None and track.media_session_id == media.id
            )
            check_offer(sections, claims, tracks, sending)
            return Publishing(media, tracks)

        intent = await self._media.negotiate(actor, session_id, participant_id, Direction.PUBLISH, intend)
        locals_ = [LocalTrack(claim.mid, claim.track_name) for claim in claims]
        try:
            answer = await self._plane.publish(intent.media.id, offer_sdp, locals_)
        except MediaNegotiationRefused as error:
            raise InvalidSessionDescription(f"The media plane refused the offer: {error}", field=SDP_FIELD) from error
        except MediaSessionGone:
            await self._media.lost(intent.media)
            raise
        else:
            await self._published(actor, session_id, participant_id, intent, answer)
            return answer
        finally:  # only now: until it is recorded, the same names could be published once more
            await self._media.let_go(intent.media)

    async def subscribe(
        self, actor: AuthUser, session_id: str, participant_id: str, track_names: Sequence[str]
    ) -> Negotiated:
        """Pulls other people's published tracks; `sdp` is the offer to answer through `renegotiate`, if there is one.

        What flows already is answered with its mid, and opened first where it was shut. Raises TrackNotFound,
        DuplicateTrack, Forbidden (`not_admitted`, `edge_not_permitted`), StaleParticipant, NegotiationInProgress,
        MediaPlaneError.
        """
        return await self._pulls.pull(actor, session_id, participant_id, track_names)

    async def renegotiate(self, actor: AuthUser, session_id: str, participant_id: str, answer_sdp: str) -> None:
        """Answers the last offer of `subscribe`, and what it offered flows; InvalidTransition when none is open."""
        async with self._commands.units_of_work.read() as unit:
            consultation = await unit.sessions.get(session_id)
            media = await unit.media.current(participant_id, Direction.RECEIVE)
        if consultation is None:
            raise NotFound("There is no such consultation.")
        authorize_media(actor, consultation)
        consultation.session.own(actor, participant_id)
        if media is None or media.negotiating_until is None or media.negotiating_until <= self._commands.clock.now():
            raise InvalidTransition("There is no offer to answer.")
        try:
            await self._plane.renegotiate(media.id, answer_sdp)
        except MediaNegotiationRefused as error:
            raise InvalidSessionDescription(f"The media plane refused the answer: {error}", field=SDP_FIELD) from error
        except MediaSessionGone:
            await self._media.lost(media)
            raise
        await self._pulls.answered(media)

    async def close(
        self, actor: AuthUser, session_id: str, participant_id: str, track_names: Sequence[str]
    ) -> list[TrackResult]:
        """Ends one's own publications, and one's own receiving of other people's tracks; TrackNotFound for others."""

        async def change(unit: UnitOfWork, consultation: Consultation) -> list[Track]:
            authorize_media(actor, consultation)
            consultation.session.own(actor, participant_id)
            if len(set(track_names)) != len(track_names):
                raise DuplicateTrack("A track is named twice.", field="tracks")
            tracks = {track.track_name: track for track in await unit.tracks.of_session(session_id)}
            own = []
            for index, name in enumerate(track_names):
                track = tracks.get(name)
                if track is None:
                    raise TrackNotFound(f"There is no track {name!r}.", field=f"tracks[{index}].trackName")
                if track.participant_id == participant_id:
                    own.append(track)
                else:
                    await self._pulls.give_up(unit, session_id, name, participant_id)
            await self._close_own(unit, consultation, actor, own)
            return own

        own = await self._commands.on_session(session_id, change)
        await self._commands.edges.settle(session_id)
        unconfirmed = await stop_sending(self._plane, own)
        return [TrackResult(name, "", unconfirmed.get(name)) for name in track_names]

    async def unconfirmed(self, session_id: str, within: timedelta = CONFIRMED_WITHIN) -> list[Subscription]:
        """What was to stop longer ago than that, without a word of the media plane that it did: staff should know."""
        async with self._commands.units_of_work.read() as unit:
            late = await unit.media.unconfirmed(session_id, self._commands.clock.now() - within)
            consultation = await unit.sessions.get(session_id) if late else None
            tracks = await unit.tracks.of_session(session_id)
        permitted = permitted_edges(consultation.session, tracks) if consultation else frozenset()
        return [pull for pull in late if pull.edge not in permitted]

    async def silenced(self, session_id: str, tracks: Sequence[Track]) -> None:
        """Notes that publications had to be closed at their source; whoever may go on publishes anew."""
        names = {track.track_name for track in tracks}

        async def change(unit: UnitOfWork, consultation: Consultation) -> None:
            live = [track for track in await unit.tracks.of_session(session_id) if track.track_name in names]
            await self._close_own(unit, consultation, TIMER, live)

        await self._commands.on_session(session_id, change)

    async def _own_tracks(
        self, unit: UnitOfWork, consultation: Consultation, actor: AuthUser, participant_id: str
    ) -> list[Track]:
        participant = consultation.session.own(actor, participant_id)
        tracks = await unit.tracks.of_session(consultation.session.id)
        return [track for track in tracks if track.participant_id == participant.id]

    async def _published(
        self, actor: AuthUser, session_id: str, participant_id: str, intent: Publishing, answer: Negotiated
    ) -> None:
        """Records what the plane took, or takes it back from the plane when the right to it is gone meanwhile."""
        mids = {result.track_name: result.mid for result in answer.tracks if result.error_code is None}

        async def change(unit: UnitOfWork, consultation: Consultation) -> None:
            session, now = consultation.session, self._commands.clock.now()
            participant = session.own(actor, participant_id)
            own = {
                track.track_name: track for track in await self._own_tracks(unit, consultation, actor, participant_id)
            }
            media = await unit.media.current(participant_id, Direction.PUBLISH)
            for track in intent.tracks:
                authorize_media(actor, consultation, track.track_type)
            still_granted = all(own.get(track.track_name) == track for track in intent.tracks)
            if media is None or media.id != intent.media.id or not still_granted:
                raise TrackNotGranted("What was granted was taken back meanwhile.")
            taken = [one.published(media.id, mids[one.track_name]) for one in intent.tracks if one.track_name in mids]
            for track in taken:
                session.record_track(EventType.TRACK_PUBLISHED, track, actor, now)
            await unit.tracks.save(session_id, taken)
            if taken and not participant.connected:  # a program without an event stream is there by its media
                session.connect(actor, participant_id, f"media:{media.id}", now)

        try:
            await self._commands.on_session(session_id, change)
        except Exception:
            await self._media.take_back(intent.media, list(mids.values()))
            raise

    async def _close_own(
        self, unit: UnitOfWork, consultation: Consultation, actor: AuthUser, own: Sequence[Track]
    ) -> None:
        closed = [track.closed() for track in own]
        for track in closed:
            now = self._commands.clock.now()
            consultation.session.record_track(EventType.TRACK_CLOSED, track, actor, now, reason="closed")
        await unit.tracks.save(consultation.session.id, closed)

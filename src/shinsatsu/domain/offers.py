"""Whether an offer to publish says what its tracks claim (media-control.md, "What no SFU can tell")."""

from collections.abc import Sequence
from dataclasses import dataclass

from shinsatsu.domain.errors import DuplicateTrack, InvalidSessionDescription, TrackNotGranted
from shinsatsu.domain.tracks import Track, TrackState


@dataclass(frozen=True, slots=True)
class OfferedSection:
    """One m-line of an offer: its mid, its kind (`audio`, `video`, …) and whether it would send."""

    mid: str
    kind: str
    sends: bool


@dataclass(frozen=True, slots=True)
class ClaimedTrack:
    """The caller's claim that the m-line `mid` carries the track `track_name`."""

    mid: str
    track_name: str


def claimed_tracks(claims: Sequence[ClaimedTrack], own: Sequence[Track]) -> list[Track]:
    """Finds the caller's granted track for each claim, in order.

    Raises TrackNotGranted for a name that is not among `own` or is closed, DuplicateTrack for one said twice or
    published already.
    """
    granted = {track.track_name: track for track in own}
    seen: set[str] = set()
    found = []
    for index, claim in enumerate(claims):
        field = f"tracks[{index}].trackName"
        track = granted.get(claim.track_name)
        if track is None or track.state is TrackState.CLOSED:
            raise TrackNotGranted(f"{claim.track_name!r} was not granted to this participant.", field=field)
        if claim.track_name in seen or track.state is TrackState.PUBLISHED:
            raise DuplicateTrack(f"{claim.track_name!r} is published once only.", field=field)
        seen.add(claim.track_name)
        found.append(track)
    return found


def check_offer(
    sections: Sequence[OfferedSection],
    claims: Sequence[ClaimedTrack],
    tracks: Sequence[Track],
    published_mids: frozenset[str] = frozenset(),
) -> None:
    """Refuses an offer that would send anything but the claimed tracks.

    `tracks` are the granted ones, in the order of `claims`; `published_mids` send already, from earlier offers on the
    same connection. Raises InvalidSessionDescription with the field that is wrong.
    """
    by_mid = {section.mid: section for section in sections}
    if len(by_mid) != len(sections):
        raise InvalidSessionDescription("Two m-lines have the same mid.", field="sessionDescription.sdp")
    claimed: set[str] = set()
    for index, (claim, track) in enumerate(zip(claims, tracks, strict=True)):
        _check_claim(by_mid.get(claim.mid), claim, track, f"tracks[{index}].mid")
        if claim.mid in claimed or claim.mid in published_mids:
            raise InvalidSessionDescription(f"The mid {claim.mid!r} has a track already.", field=f"tracks[{index}].mid")
        claimed.add(claim.mid)
    for section in sections:
        if section.sends and section.mid not in claimed | published_mids:
            raise InvalidSessionDescription(
                f"The m-line with mid {section.mid!r} would send, but no track names it.",
                field="sessionDescription.sdp",
            )


def _check_claim(section: OfferedSection | None, claim: ClaimedTrack, track: Track, field: str) -> None:
    if section is None:
        raise InvalidSessionDescription(f"The offer has no m-line with mid {claim.mid!r}.", field=field)
    if section.kind != track.track_type.media_kind:
        raise InvalidSessionDescription(
            f"The m-line {claim.mid!r} is {section.kind}, but {track.track_type} tracks "
            f"need {track.track_type.media_kind}.",
            field=field,
        )
    if not section.sends:
        raise InvalidSessionDescription(f"The m-line {claim.mid!r} does not send.", field=field)

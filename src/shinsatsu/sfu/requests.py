"""The bodies of the Calls API as values; anything of the wrong shape is a DecodingError that names the field."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

from shinsatsu.rtc.sdp import SdpError, SessionDescription
from shinsatsu.rtc.sdp_parse import parse_sdp
from shinsatsu.sfu.errors import DecodingError, InvalidDescription, InvalidParams

MOST_TRACKS = 64
_MOST_TEXT = 256


@dataclass(frozen=True, slots=True)
class Body:
    """A JSON object and where in the request it stands."""

    values: Mapping[str, object]
    path: str = ""

    def text(self, name: str, *, most: int = _MOST_TEXT, lines: bool = False) -> str | None:
        """A text of 1 to `most` characters; None when absent or null."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, str) or not 1 <= len(value) <= most:
            raise DecodingError(f"{self.path}{name} must be a text of 1 to {most} characters")
        if not lines and not value.isprintable():
            raise DecodingError(f"{self.path}{name} holds a control character")
        return value

    def needed(self, name: str) -> str:
        """As `text`, but it must be there; keys that may be its misspelling are named."""
        value = self.text(name)
        if value is None:
            # As `repr`, since a key may hold what no answer can: half a surrogate pair.
            given = ", ".join(sorted(repr(key[:40]) for key in self.values)[:10]) or "nothing"
            raise DecodingError(f"{self.path}{name} is missing (given: {given})")
        return value

    def choice(self, name: str, *choices: str) -> str | None:
        """One of `choices`; None when absent."""
        value = self.text(name)
        if value is not None and value not in choices:
            raise DecodingError(f"{self.path}{name} must be one of {', '.join(choices)}")
        return value

    def flag(self, name: str) -> bool | None:
        """A boolean; None when absent."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, bool):
            raise DecodingError(f"{self.path}{name} must be true or false")
        return value

    def child(self, name: str) -> "Body | None":
        """An object; None when absent."""
        value = self.values.get(name)
        if value is None:
            return None
        return Body(_object(value, f"{self.path}{name}"), f"{self.path}{name}.")

    def children(self, name: str) -> "list[Body]":
        """A list of at most 64 objects; empty when absent."""
        value = self.values.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise DecodingError(f"{self.path}{name} must be a list")
        if len(value) > MOST_TRACKS:
            raise InvalidParams(f"{self.path}{name} has more than {MOST_TRACKS} entries")
        paths = (f"{self.path}{name}[{index}]" for index in range(len(value)))
        return [Body(_object(item, path), f"{path}.") for item, path in zip(value, paths, strict=True)]


def _object(value: object, path: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise DecodingError(f"{path or 'the body'} must be an object")
    return cast(Mapping[str, object], value)


def read_body(raw: bytes) -> Body:
    """Reads a request's body, which may be empty and of any declared type."""
    if not raw.strip():
        return Body({})
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError) as error:
        where = f" at character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise DecodingError(f"the body is not JSON{where}") from None
    return Body(_object(value, ""))


@dataclass(frozen=True, slots=True)
class TrackRequest:
    """One entry of `tracks`; which fields are needed depends on the call."""

    path: str
    mid: str | None = None
    track_name: str | None = None
    session_id: str | None = None
    preferred_rid: str | None = None
    rid_fallback: bool = False


@dataclass(frozen=True, slots=True)
class TracksRequest:
    """`tracks/new`: all local or all remote."""

    location: Literal["local", "remote"]
    tracks: tuple[TrackRequest, ...]
    offer: str | None = None
    auto_discover: bool = False


@dataclass(frozen=True, slots=True)
class CloseRequest:
    """`tracks/close`."""

    mids: tuple[str, ...]
    force: bool
    offer: str | None = field(default=None, repr=False)


def description_of(body: Body, type_: Literal["offer", "answer"]) -> str | None:
    """The SDP of `sessionDescription`, which must be of this type; None when there is none."""
    description = body.child("sessionDescription")
    if description is None:
        return None
    if description.needed("type") != type_:
        raise InvalidParams(f"{description.path}type must be {type_} here")
    sdp = description.text("sdp", most=1 << 20, lines=True)
    if sdp is None:
        raise DecodingError(f"{description.path}sdp is missing")
    return sdp


def tracks_request(body: Body) -> TracksRequest:
    """Reads `tracks/new`; InvalidParams for what is well-formed but not offered here."""
    items = body.children("tracks")
    locations = {item.choice("location", "local", "remote") for item in items}
    if None in locations:
        raise DecodingError("tracks[].location is missing: local or remote")
    if len(locations) > 1:
        raise InvalidParams("tracks[].location: one call is all local or all remote")
    auto_discover = body.flag("autoDiscover") or False
    if not items and not auto_discover:
        raise InvalidParams("tracks is empty and autoDiscover is not set")
    local = locations != {"remote"}
    offer = description_of(body, "offer")
    if local and offer is None:
        raise InvalidParams("sessionDescription is missing: an offer by the SFU for local tracks is not offered here")
    tracks = tuple(_pushed(item) if local else _pulled(item) for item in items)
    return TracksRequest("local" if local else "remote", tracks, offer, auto_discover)


def _pushed(item: Body) -> TrackRequest:
    _no_bidirectional(item)
    return TrackRequest(item.path, mid=item.needed("mid"), track_name=item.needed("trackName"))


def _pulled(item: Body) -> TrackRequest:
    _no_bidirectional(item)
    preferred, fallback = _layers(item)
    return TrackRequest(
        item.path, item.text("mid"), item.needed("trackName"), item.needed("sessionId"), preferred, fallback
    )


def _no_bidirectional(item: Body) -> None:
    if item.flag("bidirectionalMediaStream") or (item.text("mid") or "").startswith("#"):
        raise InvalidParams(f"{item.path}bidirectionalMediaStream is not offered here")


def _layers(item: Body) -> tuple[str | None, bool]:
    simulcast = item.child("simulcast")
    if simulcast is None:
        return None, False
    simulcast.choice("priorityOrdering", "none", "asciibetical")
    fallback = simulcast.choice("ridNotAvailable", "none", "asciibetical") == "asciibetical"
    return simulcast.text("preferredRid"), fallback


def close_request(body: Body) -> CloseRequest:
    """Reads `tracks/close`."""
    mids = tuple(item.needed("mid") for item in body.children("tracks"))
    if not mids:
        raise InvalidParams("tracks is empty")
    offer, force = description_of(body, "offer"), body.flag("force") or False
    if not force and offer is None:
        raise InvalidParams("sessionDescription is missing: it is needed unless force is true")
    return CloseRequest(mids, force, offer)


def update_request(body: Body) -> tuple[TrackRequest, ...]:
    """Reads `tracks/update`."""
    tracks = []
    for item in body.children("tracks"):
        preferred, fallback = _layers(item)
        tracks.append(
            TrackRequest(
                item.path, item.needed("mid"), item.text("trackName"), item.text("sessionId"), preferred, fallback
            )
        )
    if not tracks:
        raise InvalidParams("tracks is empty")
    return tuple(tracks)


def pause_request(body: Body) -> tuple[tuple[str, bool], ...]:
    """Reads `tracks/pause`: mids and whether each is paused."""
    pairs = []
    for item in body.children("tracks"):
        paused = item.flag("paused")
        if paused is None:
            raise DecodingError(f"{item.path}paused is missing")
        pairs.append((item.needed("mid"), paused))
    if not pairs:
        raise InvalidParams("tracks is empty")
    return tuple(pairs)


def parsed(sdp: str) -> SessionDescription:
    """Reads a client's SDP; InvalidDescription names line and reason."""
    try:
        return parse_sdp(sdp)
    except SdpError as error:
        raise InvalidDescription(f"sessionDescription.sdp: {error}") from None

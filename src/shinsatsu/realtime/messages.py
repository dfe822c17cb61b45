"""The messages of the event stream as text (docs/protocol.md): what a client may say, what it hears."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

HEARTBEAT = '{"type":"heartbeat"}'


class InvalidMessage(Exception):
    """A client message that says nothing we know; the sentence names what is wrong."""


@dataclass(frozen=True, slots=True)
class MediaState:
    """Whether the person switched their own microphone and camera off, in words for the others."""

    audio_muted: bool
    video_muted: bool


ClientMessage = MediaState


def parse_client_message(text: str) -> ClientMessage | None:
    """Reads one client message; None for a heartbeat. Raises `InvalidMessage`."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidMessage("A message is a JSON object.") from None
    if not isinstance(message, dict):
        raise InvalidMessage("A message is a JSON object.")
    match message.get("type"):
        case "heartbeat":
            return None
        case "media_state":
            return MediaState(_boolean(message, "audioMuted"), _boolean(message, "videoMuted"))
        case _:
            raise InvalidMessage("type: heartbeat and media_state are understood.")


def encode(message: Mapping[str, Any]) -> str:
    """A message as compact JSON."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))


def hidden(seq: int) -> str:
    """An event that this viewer may not see: its number alone."""
    return f'{{"seq":{seq}}}'


def error(code: str, detail: str) -> str:
    """The unnumbered answer to a client message that could not be obeyed."""
    return encode({"type": "error", "code": code, "detail": detail})


def _boolean(message: Mapping[str, Any], field: str) -> bool:
    value = message.get(field)
    if not isinstance(value, bool):
        raise InvalidMessage(f"{field}: true or false is expected.")
    return value

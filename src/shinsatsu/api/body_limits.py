"""How large and how deep a body may be, judged before anything parses it."""

import re

from starlette.datastructures import Headers
from starlette.types import Message, Receive

from shinsatsu.api.problems import Refused

MAX_BODY_BYTES = 256 * 1024
MAX_DEPTH = 16
"""Of objects and arrays within each other; the deepest body of ours has five."""
STRING, BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL), re.compile(rb"[][{}]")


def refused_body(headers: Headers, path: str) -> int | None:
    """The status for a body refused by its headers alone, before a byte of it is read; None where it may come."""
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
        return 413
    has_body = length != "0" or "transfer-encoding" in headers
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if has_body and path.startswith("/api/") and media_type != "application/json":
        return 415
    return None


def limited(receive: Receive) -> Receive:
    """The same body, with an end put to one that is too large (413) or too deep (400)."""
    seen = bytearray()

    async def receive_limited() -> Message:
        message = await receive()
        seen.extend(message.get("body", b""))
        if len(seen) > MAX_BODY_BYTES:
            raise Refused(413)
        if not message.get("more_body", False) and depth_of(bytes(seen)) > MAX_DEPTH:
            raise Refused(400)
        return message

    return receive_limited


def depth_of(body: bytes) -> int:
    """How many objects and arrays are within each other in JSON text; what is no JSON is the parser's to refuse."""
    depth = deepest = 0
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH:
        for bracket in BRACKET.findall(STRING.sub(b"", body)):
            depth += 1 if bracket in b"[{" else -1
            deepest = max(deepest, depth)
    return deepest

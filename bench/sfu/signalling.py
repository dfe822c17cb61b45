"""The least SDP that negotiates what a browser would, and the Calls API as the load generator speaks it."""

import re
from dataclasses import dataclass
from typing import Any

import httpx

from shinsatsu.rtc.parameters import DtlsFingerprint, IceParameters
from shinsatsu.rtc.stun import Address

VIDEO_SSRC, RTX_SSRC, AUDIO_SSRC = 1000, 1001, 1002
VIDEO_TYPE, RTX_TYPE, AUDIO_TYPE = 96, 97, 111
ABS_SEND_TIME_ID, TRANSPORT_WIDE_ID = 2, 3

_SESSION = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {mids}\r\n"
_TRANSPORT = (
    "m={kind} 9 UDP/TLS/RTP/SAVPF {types}\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:{ufrag}\r\na=ice-pwd:{password}\r\n"
    "a=fingerprint:sha-256 {fingerprint}\r\na=setup:{setup}\r\na=mid:{mid}\r\n"
    "a={direction}\r\na=rtcp-mux\r\na=rtcp-rsize\r\n"
    # Ours learns the address from STUN; Janus wants to be told.
    "a=candidate:1 1 udp 2130706431 {host} {port} typ host\r\na=end-of-candidates\r\n"
)
_EXTENSION = "a=extmap:{id} {uri}\r\n"
_VIDEO = (
    "a=rtpmap:{video} VP8/90000\r\na=rtcp-fb:{video} nack\r\na=rtcp-fb:{video} nack pli\r\n"
    "a=rtcp-fb:{video} transport-cc\r\na=rtpmap:{rtx} rtx/90000\r\na=fmtp:{rtx} apt={video}\r\n"
)
_AUDIO = (
    "a=rtpmap:{audio} opus/48000/2\r\na=rtcp-fb:{audio} transport-cc\r\na=fmtp:{audio} minptime=10;useinbandfec=1\r\n"
)
_VIDEO_SOURCES = (
    "a=msid:s v\r\na=ssrc-group:FID 1000 1001\r\na=ssrc:1000 cname:x\r\na=ssrc:1000 msid:s v\r\n"
    "a=ssrc:1001 cname:x\r\na=ssrc:1001 msid:s v\r\n"
)
_AUDIO_SOURCES = "a=msid:s a\r\na=ssrc:1002 cname:x\r\na=ssrc:1002 msid:s a\r\n"
_ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
_TRANSPORT_WIDE = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"


@dataclass(frozen=True, slots=True)
class Local:
    """A load peer as its descriptions show it."""

    ice: IceParameters
    fingerprint: DtlsFingerprint
    address: Address


@dataclass(frozen=True, slots=True)
class Section:
    """One m-line of the other side's description."""

    kind: str
    mid: str
    media_type: int
    rtx_type: int | None
    transport_id: int
    extensions: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Remote:
    """What the other side's SDP says of it: where it is, and how it numbers what it sends."""

    ice: IceParameters
    fingerprint: DtlsFingerprint
    address: Address
    sections: tuple[Section, ...]

    def of_kind(self, kind: str) -> Section:
        """The first m-line of a kind."""
        return next(section for section in self.sections if section.kind == kind)


class CallsSignalling:
    """Makes sessions, pushes and pulls at one Calls API."""

    def __init__(self, url: str, app_id: str, secret: str) -> None:
        self._http = httpx.Client(
            base_url=f"{url}/v1/apps/{app_id}", headers={"Authorization": f"Bearer {secret}"}, timeout=20
        )

    def push(self, local: Local) -> tuple[str, Remote]:
        """A session that publishes a video and an audio track; returns its id and the answer."""
        session = self._session()
        tracks = [
            {"location": "local", "mid": mid, "trackName": kind} for mid, kind in (("0", "video"), ("1", "audio"))
        ]
        body = {"sessionDescription": {"type": "offer", "sdp": push_offer(local)}, "tracks": tracks}
        answer = self._call("POST", f"/sessions/{session}/tracks/new", body)
        return session, read_remote(answer["sessionDescription"]["sdp"])

    def pull(self, publisher: str, local: Local) -> Remote:
        """A session that receives both; answers the offer."""
        session = self._session()
        tracks = [{"location": "remote", "sessionId": publisher, "trackName": kind} for kind in ("video", "audio")]
        offer = self._call("POST", f"/sessions/{session}/tracks/new", {"tracks": tracks})
        remote = read_remote(offer["sessionDescription"]["sdp"])
        answer = pull_answer(remote, local)
        self._call("PUT", f"/sessions/{session}/renegotiate", {"sessionDescription": {"type": "answer", "sdp": answer}})
        return remote

    def _session(self) -> str:
        return str(self._call("POST", "/sessions/new", {})["sessionId"])

    def _call(self, method: str, path: str, body: dict[str, Any]) -> Any:
        response = self._http.request(method, path, json=body)
        if response.is_error:
            raise RuntimeError(f"{method} {path}: {response.status_code} {response.text}")
        return response.json()


def push_offer(local: Local) -> str:
    """A publisher's offer: VP8 with RTX under mid 0, Opus under mid 1."""
    ids = ((ABS_SEND_TIME_ID, _ABS_SEND_TIME), (TRANSPORT_WIDE_ID, _TRANSPORT_WIDE))
    video = Section("video", "0", VIDEO_TYPE, RTX_TYPE, TRANSPORT_WIDE_ID, ids)
    audio = Section("audio", "1", AUDIO_TYPE, None, TRANSPORT_WIDE_ID, ids)
    head = _SESSION.format(mids="0 1")
    return (
        head
        + _describe(video, local, "active", "sendonly")
        + _VIDEO_SOURCES
        + _describe(audio, local, "active", "sendonly")
        + _AUDIO_SOURCES
    )


def pull_answer(remote: Remote, local: Local) -> str:
    """A subscriber's answer to the other side's offer, m-line by m-line."""
    head = _SESSION.format(mids=" ".join(section.mid for section in remote.sections))
    return head + "".join(_describe(section, local, "active", "recvonly") for section in remote.sections)


def _describe(section: Section, local: Local, setup: str, direction: str) -> str:
    types = [section.media_type] if section.rtx_type is None else [section.media_type, section.rtx_type]
    text = _TRANSPORT.format(
        kind=section.kind,
        types=" ".join(map(str, types)),
        ufrag=local.ice.username_fragment,
        password=local.ice.password,
        fingerprint=local.fingerprint.value,
        setup=setup,
        host=local.address[0],
        port=local.address[1],
        mid=section.mid,
        direction=direction,
    )
    text += "".join(_EXTENSION.format(id=number, uri=uri) for number, uri in section.extensions)
    if section.kind == "audio":
        return text + _AUDIO.format(audio=section.media_type)
    codec = _VIDEO.format(video=section.media_type, rtx=section.rtx_type)
    return text + (codec if section.rtx_type is not None else codec.partition("a=rtpmap:None")[0])


def read_remote(sdp: str) -> Remote:
    """Reads an offer or answer; the candidate taken is the first for UDP."""
    _, *blocks = re.split(r"(?m)^(?=m=)", sdp)
    transport = blocks[0]
    host, port = _found(r"a=candidate:\S+ 1 udp \d+ (\S+) (\d+)", sdp)
    return Remote(
        IceParameters(_found(r"a=ice-ufrag:(\S+)", transport)[0], _found(r"a=ice-pwd:(\S+)", transport)[0]),
        DtlsFingerprint("sha-256", _found(r"a=fingerprint:sha-256 (\S+)", sdp)[0]),
        (host, int(port)),
        tuple(_section(block) for block in blocks),
    )


def _section(block: str) -> Section:
    kind, types = _found(r"m=(\S+) \S+ \S+ ([\d ]+)", block)
    media_type = int(types.split()[0])
    rtx = re.search(rf"a=fmtp:(\d+) apt={media_type}\b", block)
    known = (_ABS_SEND_TIME, _TRANSPORT_WIDE)
    extensions = tuple(
        (int(number), uri) for number, uri in re.findall(r"a=extmap:(\d+)\S* (\S+)", block) if uri in known
    )
    transport_id = next((number for number, uri in extensions if uri == _TRANSPORT_WIDE), 0)
    mid = _found(r"a=mid:(\S+)", block)[0]
    return Section(kind, mid, media_type, int(rtx[1]) if rtx else None, transport_id, extensions)


def _found(pattern: str, text: str) -> tuple[str, ...]:
    found = re.search(pattern, text, re.IGNORECASE)
    if found is None:
        raise RuntimeError(f"the SDP has no {pattern}")
    return found.groups()

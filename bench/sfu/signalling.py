"""The Calls API as the load generator speaks it: the least SDP that negotiates what a browser would."""

import re
from dataclasses import dataclass
from typing import Any

import httpx

from shinsatsu.rtc.parameters import DtlsFingerprint, IceParameters

MEDIA_SSRC, RTX_SSRC, PAYLOAD_TYPE, RTX_PAYLOAD_TYPE = 1000, 1001, 96, 97
ABS_SEND_TIME_ID, TRANSPORT_WIDE_ID = 2, 3

_SESSION = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {mid}\r\n"
_MEDIA = (
    "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:{ufrag}\r\na=ice-pwd:{password}\r\n"
    "a=fingerprint:sha-256 {fingerprint}\r\na=setup:{setup}\r\na=mid:{mid}\r\n"
    "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time\r\n"
    "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n"
    "a={direction}\r\na=rtcp-mux\r\na=rtcp-rsize\r\na=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\n"
    "a=rtcp-fb:96 nack pli\r\na=rtcp-fb:96 transport-cc\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n"
)
_SOURCES = "a=msid:- t\r\na=ssrc-group:FID 1000 1001\r\na=ssrc:1000 cname:x\r\na=ssrc:1001 cname:x\r\n"


@dataclass(frozen=True, slots=True)
class Remote:
    """What the SFU's SDP says of its side; `transport_id` is the receiver's id of the transport-wide number."""

    ice: IceParameters
    fingerprint: DtlsFingerprint
    address: tuple[str, int]
    mid: str
    transport_id: int


class Signalling:
    """Makes sessions, pushes and pulls at one SFU."""

    def __init__(self, url: str, app_id: str, secret: str) -> None:
        self._http = httpx.Client(
            base_url=f"{url}/v1/apps/{app_id}", headers={"Authorization": f"Bearer {secret}"}, timeout=20
        )

    def push(self, ice: IceParameters, fingerprint: DtlsFingerprint) -> tuple[str, Remote]:
        """A session that publishes one video track; returns its id and the SFU's answer."""
        session = self._session()
        offer = _describe(ice, fingerprint, "actpass", "0", "sendonly") + _SOURCES
        tracks = [{"location": "local", "mid": "0", "trackName": "video"}]
        answer = self._call(
            "POST",
            f"/sessions/{session}/tracks/new",
            {"sessionDescription": {"type": "offer", "sdp": offer}, "tracks": tracks},
        )
        return session, _remote(answer["sessionDescription"]["sdp"])

    def pull(self, publisher: str, ice: IceParameters, fingerprint: DtlsFingerprint) -> Remote:
        """A session that receives that track; answers the SFU's offer."""
        session = self._session()
        tracks = [{"location": "remote", "sessionId": publisher, "trackName": "video"}]
        offer = self._call("POST", f"/sessions/{session}/tracks/new", {"tracks": tracks})
        remote = _remote(offer["sessionDescription"]["sdp"])
        answer = _describe(ice, fingerprint, "active", remote.mid, "recvonly")
        self._call("PUT", f"/sessions/{session}/renegotiate", {"sessionDescription": {"type": "answer", "sdp": answer}})
        return remote

    def _session(self) -> str:
        return str(self._call("POST", "/sessions/new", {})["sessionId"])

    def _call(self, method: str, path: str, body: dict[str, Any]) -> Any:
        response = self._http.request(method, path, json=body)
        if response.is_error:
            raise RuntimeError(f"{method} {path}: {response.status_code} {response.text}")
        return response.json()


def _describe(ice: IceParameters, fingerprint: DtlsFingerprint, setup: str, mid: str, direction: str) -> str:
    return (_SESSION + _MEDIA).format(
        ufrag=ice.username_fragment,
        password=ice.password,
        fingerprint=fingerprint.value,
        setup=setup,
        mid=mid,
        direction=direction,
    )


def _remote(sdp: str) -> Remote:
    def line(pattern: str) -> str:
        found = re.search(pattern, sdp)
        if found is None:
            raise RuntimeError(f"the SFU's SDP has no {pattern}")
        return found[1]

    return Remote(
        IceParameters(line(r"a=ice-ufrag:(\S+)"), line(r"a=ice-pwd:(\S+)")),
        DtlsFingerprint("sha-256", line(r"a=fingerprint:sha-256 (\S+)")),
        (line(r"a=candidate:\S+ 1 udp \d+ (\S+)"), int(line(r"a=candidate:\S+ 1 udp \d+ \S+ (\d+)"))),
        line(r"a=mid:(\S+)"),
        int(line(r"a=extmap:(\d+)\S* http://www.ietf.org/id/draft-holmer")),
    )

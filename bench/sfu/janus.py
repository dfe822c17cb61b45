"""Janus as the benches run it: its configuration, and its video room over WebSocket.

One event loop for all handles, as a server on one core would be set up; NACK, RTX and transport-wide feedback on; no
recording, no event handlers, no data channels, no limits on bitrate.
"""

import json
import secrets
import socket
import time
from pathlib import Path
from typing import Any

from websockets.sync.client import connect
from websockets.typing import Subprotocol

from bench.sfu.signalling import Local, Remote, pull_answer, push_offer, read_remote

ROOM = 1
_NO_SUCH_FEED = 428
_JOIN_TRIES = 100

_GENERAL = """
general: {{
  configs_folder = "{folder}"
  debug_level = 3
  session_timeout = 0
  event_loops = 1
  server_name = "bench"
}}
media: {{ dtls_mtu = 1200, min_nack_queue = 500 }}
nat: {{ ice_lite = true, ice_enforce_list = "{host}" }}
plugins: {{ disable = "{plugins}" }}
transports: {{ disable = "{transports}" }}
"""
_WEBSOCKETS = """
general: {{ json = "compact", ws = true, ws_port = {port}, ws_ip = "127.0.0.1", wss = false }}
admin: {{ admin_ws = false, admin_wss = false }}
"""
_OTHER_PLUGINS = "audiobridge duktape echotest lua nosip recordplay sip streaming textroom videocall voicemail"
_OTHER_TRANSPORTS = "http mqtt nanomsg pfunix rabbitmq"


class NoSuchFeed(RuntimeError):
    """The video room knows no such publisher, or not yet."""


def write_configuration(folder: Path, host: str) -> int:
    """Writes what Janus reads; returns the port of its WebSocket side, on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    plugins = ",".join(f"libjanus_{name}.so" for name in _OTHER_PLUGINS.split())
    transports = ",".join(f"libjanus_{name}.so" for name in _OTHER_TRANSPORTS.split())
    general = _GENERAL.format(folder=folder, host=host, plugins=plugins, transports=transports)
    (folder / "janus.jcfg").write_text(general)
    (folder / "janus.transport.websockets.jcfg").write_text(_WEBSOCKETS.format(port=port))
    (folder / "janus.plugin.videoroom.jcfg").write_text("general: {}\n")
    return port


def room_request() -> dict[str, Any]:
    """The room that is made: as many publishers as come, the extensions that ours has too."""
    return {
        "request": "create",
        "room": ROOM,
        "publishers": 1000,
        "bitrate": 0,
        "audiocodec": "opus",
        "videocodec": "vp8",
        "opus_fec": True,
        "transport_wide_cc_ext": True,
        "notify_joining": False,
        "fir_freq": 0,
    }


class JanusSignalling:
    """Publishes into and subscribes from one video room; OSError while Janus is not listening yet."""

    def __init__(self, port: int) -> None:
        self._socket = connect(
            f"ws://127.0.0.1:{port}", subprotocols=[Subprotocol("janus-protocol")], max_size=None, ping_interval=None
        )
        self._session = self._ask({"janus": "create"})["data"]["id"]
        self._message(self._attach(), room_request())

    def push(self, local: Local) -> tuple[str, Remote]:
        """A publisher of video and audio; returns its feed's id and the answer."""
        body = {"request": "joinandconfigure", "room": ROOM, "ptype": "publisher", "audio": True, "video": True}
        event = self._message(self._attach(), body, {"type": "offer", "sdp": push_offer(local)})
        return str(event["plugindata"]["data"]["id"]), read_remote(event["jsep"]["sdp"])

    def pull(self, publisher: str, local: Local) -> Remote:
        """A subscriber of that feed; answers the offer."""
        handle = self._attach()
        body = {"request": "join", "room": ROOM, "ptype": "subscriber", "streams": [{"feed": int(publisher)}]}
        offer = self._joined(handle, body)["jsep"]["sdp"]
        remote = read_remote(offer)
        answer = pull_answer(remote, local)
        self._message(handle, {"request": "start"}, {"type": "answer", "sdp": answer})
        return remote

    def _joined(self, handle: int, body: dict[str, Any]) -> dict[str, Any]:
        """Joins; a feed is there only once Janus has noticed that its publisher is connected."""
        for _ in range(_JOIN_TRIES):
            try:
                return self._message(handle, body)
            except NoSuchFeed:
                time.sleep(0.02)
        return self._message(handle, body)

    def _attach(self) -> int:
        return int(self._ask({"janus": "attach", "plugin": "janus.plugin.videoroom"})["data"]["id"])

    def _message(self, handle: int, body: dict[str, Any], jsep: dict[str, str] | None = None) -> dict[str, Any]:
        request = {"janus": "message", "handle_id": handle, "body": body} | ({"jsep": jsep} if jsep else {})
        reply = self._ask(request)
        data = reply["plugindata"]["data"]
        if data.get("error_code") == _NO_SUCH_FEED:
            raise NoSuchFeed(data["error"])
        if "error" in data:
            raise RuntimeError(f"Janus refused {body['request']}: {data['error']}")
        return reply

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Sends one request and waits for its last answer; what Janus tells unasked in between is left aside."""
        transaction = secrets.token_hex(8)
        session = {"session_id": self._session} if request["janus"] != "create" else {}
        self._socket.send(json.dumps(request | session | {"transaction": transaction}))
        while True:
            reply: dict[str, Any] = json.loads(self._socket.recv(timeout=20))
            if reply.get("transaction") != transaction or reply["janus"] == "ack":
                continue
            if reply["janus"] == "error":
                raise RuntimeError(f"Janus: {reply['error']['reason']}")
            return reply

"""The Calls API with a real browser at both ends: what is pushed arrives, what is closed stops."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.contracts.conftest import CallsUnderTest

PEER = (Path(__file__).parent / "peer.js").read_text()
FLAGS = [
    "--no-sandbox",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream=fps=30",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
]

pytestmark = pytest.mark.e2e


class _Blank(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>peer</title><body>")

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Blank)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, origin: str, calls: CallsUnderTest) -> Iterator[Page]:
    context = browser.new_context()
    page = context.new_page()
    page.goto(origin)
    page.add_script_tag(content=PEER)
    page.evaluate("([base, secret]) => Object.assign(settings, {base, secret})", [calls.app_url, calls.secret])
    yield page
    context.close()


def run(page: Page, script: str) -> Any:
    """Runs the body of an async function in the page."""
    return page.evaluate("async () => {" + script + "}")


def test_camera_and_microphone_arrive(page: Page) -> None:
    seen = run(
        page,
        """
        const pub = await new Publisher().open(), rcv = await new Receiver().open();
        const pushed = await pub.publish(await media());
        const started = performance.now();
        const pulled = await rcv.pull(pub.session, ['mic', 'cam']);
        const [mic, cam] = pulled.tracks.map((t) => t.mid);
        const decoded = await rcv.until(cam, 'framesDecoded', 0);
        const first = performance.now() - started;
        return {pushed, pulled, first, decoded, frames: await rcv.growth(cam, 'framesDecoded', 2000),
          energy: await rcv.until(mic, 'totalAudioEnergy', 0), state: await calls('GET', `/sessions/${rcv.session}`)};
        """,
    )
    assert [track["trackName"] for track in seen["pushed"]["tracks"]] == ["mic", "cam"]
    assert seen["pushed"]["requiresImmediateRenegotiation"] is False
    assert seen["pulled"]["requiresImmediateRenegotiation"] is True
    assert seen["pulled"]["renegotiated"]["status"] == 200
    assert seen["decoded"]
    assert seen["frames"] > 20
    assert seen["energy"] > 0
    assert {track["status"] for track in seen["state"]["tracks"]} == {"active"}


def test_h264_is_forwarded_and_begins_with_a_key_frame_for_who_joins_later(page: Page) -> None:
    seen = run(
        page,
        """
        const h264 = RTCRtpSender.getCapabilities('video').codecs.filter(({mimeType, sdpFmtpLine: line}) =>
          mimeType === 'video/rtx' || (mimeType === 'video/H264' && line.includes('packetization-mode=1')
            && line.includes('profile-level-id=42e01f')));
        if (h264.length < 2) return null;
        const pub = await new Publisher().open(), one = await new Receiver().open(), two = await new Receiver().open();
        const {cam} = await media();
        await pub.publish({cam: [cam[0], {codecs: h264}]});
        const first = (await one.pull(pub.session, ['cam'])).tracks[0].mid;
        const frames = await one.until(first, 'framesDecoded', 60);
        const later = (await two.pull(pub.session, ['cam'])).tracks[0].mid;
        const joined = await two.until(later, 'framesDecoded', 30);
        const inbound = await two.inbound(later);
        return {frames, joined, inbound, codec: await two.codec(later)};
        """,
    )
    if seen is None:
        pytest.skip("this browser encodes no H.264")
    assert seen["frames"]
    assert seen["joined"]
    assert seen["inbound"]["keyFramesDecoded"] >= 1
    assert seen["codec"]["mimeType"] == "video/H264"
    assert "profile-level-id=42e01f" in seen["codec"]["sdpFmtpLine"]
    assert "packetization-mode=1" in seen["codec"]["sdpFmtpLine"]


def test_a_forced_close_stops_the_receiver_and_a_new_pull_restores(page: Page) -> None:
    seen = run(
        page,
        """
        const pub = await new Publisher().open(), rcv = await new Receiver().open();
        await pub.publish(await media());
        const [mic, cam] = (await rcv.pull(pub.session, ['mic', 'cam'])).tracks.map((t) => t.mid);
        await rcv.until(cam, 'framesDecoded', 5);
        const closed = await rcv.close([cam]);
        await wait(300);
        const after = await rcv.growth(cam, 'packetsReceived', 700);
        const audio = await rcv.growth(mic, 'packetsReceived', 700);
        const again = await rcv.close([cam]);
        const mids = [];
        for (let i = 0; i < 3; i++) {
          const pulled = await rcv.pull(pub.session, ['cam']);
          mids.push(pulled.tracks[0].mid);
          if (!(await rcv.until(mids[i], 'framesDecoded', 0))) return {failed: i, pulled};
          if (i < 2) await rcv.close([mids[i]]);
        }
        return {closed, after, audio, again, mids, cam,
          sections: rcv.pc.localDescription.sdp.split('m=').length - 1};
        """,
    )
    assert seen["closed"]["tracks"] == [{"mid": seen["cam"]}]
    assert seen["after"] == 0
    assert seen["audio"] > 20
    assert seen["again"]["tracks"][0]["errorCode"] == "close_track_error"
    assert len({*seen["mids"], seen["cam"]}) == 4
    assert seen["sections"] <= 4


def test_a_publisher_closed_by_force_ends_for_all_and_a_fresh_transceiver_works(page: Page) -> None:
    seen = run(
        page,
        """
        const pub = await new Publisher().open(), one = await new Receiver().open(), two = await new Receiver().open();
        const tracks = await media();
        const pushed = await pub.publish(tracks);
        const pulls = await Promise.all([one, two].map((receiver) => receiver.pull(pub.session, ['cam'])));
        const [a, b] = pulls.map((pull) => pull.tracks[0].mid);
        await one.until(a, 'framesDecoded', 0);
        await two.until(b, 'framesDecoded', 0);
        const closed = await pub.close([pushed.tracks[1].mid], true);
        await wait(300);
        const after = await one.growth(a, 'packetsReceived', 500) + await two.growth(b, 'packetsReceived', 500);
        const gone = await one.pull(pub.session, ['cam']);
        const fresh = await pub.publish({cam2: [tracks.cam[0].clone(), {}]});
        const pulled = await one.pull(pub.session, ['cam2', 'mic']);
        return {closed, after, gone, fresh, pulled, frames: await one.until(pulled.tracks[0].mid, 'framesDecoded', 5),
          audio: await one.until(pulled.tracks[1].mid, 'packetsReceived', 10)};
        """,
    )
    assert "errorCode" not in seen["closed"]["tracks"][0]
    assert seen["after"] == 0
    assert seen["gone"]["tracks"][0]["errorCode"] == "not_found_track_error"
    assert seen["gone"]["tracks"][0]["mid"] == ""
    assert seen["gone"]["requiresImmediateRenegotiation"] is False
    assert "sessionDescription" not in seen["gone"]
    assert "errorCode" not in seen["fresh"]["tracks"][0]
    assert seen["frames"]
    assert seen["audio"]


def test_a_negotiated_close_is_answered(page: Page) -> None:
    seen = run(
        page,
        """
        const pub = await new Publisher().open();
        const pushed = await pub.publish(await media());
        const mid = pushed.tracks[1].mid;
        pub.pc.getTransceivers()[1].stop();
        await pub.pc.setLocalDescription();
        const offer = {type: 'offer', sdp: pub.pc.localDescription.sdp};
        const without = await calls('PUT', `/sessions/${pub.session}/tracks/close`, {tracks: [{mid}], force: false});
        const reply = await calls('PUT', `/sessions/${pub.session}/tracks/close`,
          {tracks: [{mid}, {mid: '99'}], force: false, sessionDescription: offer});
        await pub.pc.setRemoteDescription(reply.sessionDescription);
        return {reply, without, mid, directions: pub.pc.getTransceivers().map((t) => t.currentDirection)};
        """,
    )
    assert seen["without"]["errorCode"] == "invalid_params"
    first, second = seen["reply"]["tracks"]
    assert first == {"mid": seen["mid"]}
    assert second["errorCode"] == "close_track_error"
    assert seen["directions"][0] == "sendonly"


def test_a_pull_with_an_offer_of_its_own(page: Page) -> None:
    seen = run(
        page,
        """
        const pub = await new Publisher().open(), rcv = await new Receiver().open();
        await pub.publish(await media());
        rcv.pc.addTransceiver('audio', {direction: 'recvonly'});
        rcv.pc.addTransceiver('video', {direction: 'recvonly'});
        await rcv.pc.setLocalDescription();
        const reply = await calls('POST', `/sessions/${rcv.session}/tracks/new`, {
          sessionDescription: {type: 'offer', sdp: rcv.pc.localDescription.sdp},
          tracks: ['cam', 'mic'].map((trackName) => ({location: 'remote', sessionId: pub.session, trackName}))});
        await rcv.pc.setRemoteDescription(reply.sessionDescription);
        const [cam, mic] = reply.tracks.map((t) => t.mid);
        return {reply, frames: await rcv.until(cam, 'framesDecoded', 3),
          audio: await rcv.until(mic, 'packetsReceived', 10)};
        """,
    )
    assert seen["reply"]["requiresImmediateRenegotiation"] is False
    assert seen["reply"]["sessionDescription"]["type"] == "answer"
    assert seen["frames"]
    assert seen["audio"]


def test_overlapping_negotiations_are_refused_and_a_forced_close_is_not(page: Page) -> None:
    seen = run(
        page,
        """
        const pub = await new Publisher().open(), rcv = await new Receiver().open();
        await pub.publish(await media());
        const ask = (trackName) => calls('POST', `/sessions/${rcv.session}/tracks/new`,
          {tracks: [{location: 'remote', sessionId: pub.session, trackName}]});
        const first = await ask('cam'), second = await ask('mic');
        const closed = await rcv.close([first.tracks[0].mid]);
        const third = await ask('mic');
        const accepted = await rcv.accept(third.sessionDescription);
        const twice = await calls('PUT', `/sessions/${rcv.session}/renegotiate`,
          {sessionDescription: {type: 'answer', sdp: rcv.pc.localDescription.sdp}});
        return {first, second, closed, third, accepted, twice,
          audio: await rcv.until(third.tracks[0].mid, 'packetsReceived', 5)};
        """,
    )
    assert seen["second"]["status"] == 406
    assert seen["second"]["errorCode"] == "invalid_session_description"
    assert "errorCode" not in seen["closed"]["tracks"][0]
    assert seen["accepted"]["status"] == 200
    assert seen["twice"]["errorCode"] == "invalid_session_description"
    assert seen["audio"]


def test_simulcast_layers_are_chosen_by_rid(page: Page) -> None:
    seen = run(
        page,
        """
        const pub = await new Publisher().open(), rcv = await new Receiver().open();
        const {cam} = await media();
        const sendEncodings = [{rid: 'q', scaleResolutionDownBy: 4}, {rid: 'h', scaleResolutionDownBy: 2}];
        await pub.publish({cam: [cam[0], {sendEncodings}]});
        const pulled = await rcv.pull(pub.session, ['cam'], {preferredRid: 'q'});
        const mid = pulled.tracks[0].mid;
        await rcv.until(mid, 'frameWidth', 319);
        const low = (await rcv.inbound(mid)).frameWidth;
        const update = (preferredRid) => calls('PUT', `/sessions/${rcv.session}/tracks/update`,
          {tracks: [{location: 'remote', mid, sessionId: pub.session, trackName: 'cam', simulcast: {preferredRid}}]});
        const changed = await update('h');
        const high = await rcv.until(mid, 'frameWidth', 321, 15000);
        return {pulled, low, high, changed, wrong: await update('x')};
        """,
    )
    assert seen["low"] == 320
    assert seen["high"] == 640
    assert "errorCode" not in seen["changed"]["tracks"][0]
    assert seen["wrong"]["tracks"][0]["errorCode"] == "update_track_error"


def test_pausing_shuts_and_opens_the_gate(page: Page, own_sfu: CallsUnderTest) -> None:
    seen = run(
        page,
        """
        const pub = await new Publisher().open(), rcv = await new Receiver().open();
        await pub.publish(await media());
        const mid = (await rcv.pull(pub.session, ['cam'])).tracks[0].mid;
        await rcv.until(mid, 'framesDecoded', 0);
        const pause = (paused) => calls('PUT', `/sessions/${rcv.session}/tracks/pause`, {tracks: [{mid, paused}]});
        const paused = await pause(true);
        await wait(300);
        const silent = await rcv.growth(mid, 'packetsReceived', 500);
        await pause(false);
        const decoded = (await rcv.inbound(mid)).framesDecoded;
        const resumed = await rcv.until(mid, 'framesDecoded', decoded + 5);
        await calls('DELETE', `/sessions/${pub.session}`);
        await wait(300);
        return {paused, silent, resumed, after: await rcv.growth(mid, 'packetsReceived', 500),
          gone: await calls('GET', `/sessions/${pub.session}`)};
        """,
    )
    assert seen["paused"]["tracks"] == [{"mid": seen["paused"]["tracks"][0]["mid"], "paused": True}]
    assert seen["silent"] == 0
    assert seen["resumed"]
    assert seen["after"] == 0
    assert seen["gone"]["status"] == 410

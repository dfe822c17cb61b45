"""Loads a media plane with publisher-subscriber pairs and counts what comes out.

`python -m bench.sfu.load --plane Janus --pairs 20 --rate 20000 --seconds 10` starts the plane on one core, runs on
another, and prints one JSON line: packets lost, CPU per forwarded packet of the plane's process tree, delay added,
resident memory; what would make the run say nothing (how busy the generator was, how much of the plane's core others
took); and counters that show that both planes did the same work.
"""

import argparse
import heapq
import json
import os
import selectors
import time
from collections.abc import Callable
from functools import partial

from bench.sfu.peers import LoadPeer
from bench.sfu.planes import STARTS, Plane
from bench.sfu.publisher import Publisher
from bench.sfu.subscriber import Subscriber
from shinsatsu.rtc.dtls import Certificate

_FRAMES_A_SECOND = 30
_AUDIO_A_SECOND = 50
_GCM = b"AEAD_AES_128_GCM"

Figures = dict[str, float | int | str]
Due = tuple[float, int, float, Callable[[float], None]]
"""When, whose turn among equals, how often, and what to call with the time."""


class Load:
    """The pairs, and the loop that keeps them at their rate."""

    def __init__(self, options: argparse.Namespace, plane: Plane) -> None:
        certificate = Certificate.generate()
        video = options.rate / options.pairs - _AUDIO_A_SECOND
        self.per_frame = max(1, round(video / _FRAMES_A_SECOND))
        self.publishers: list[Publisher] = []
        self.subscribers: list[Subscriber] = []
        self._selector = selectors.DefaultSelector()
        for index in range(options.pairs):
            publisher = Publisher(options.host, certificate, options.segments, options.size)
            feed, remote = plane.signalling.push(publisher.local)
            publisher.connect(remote)
            publisher.send_frame(self.per_frame, time.monotonic())
            publisher.send_audio(time.monotonic())
            subscriber = Subscriber(options.host, certificate, options.segments, options.loss, index)
            subscriber.connect(plane.signalling.pull(feed, subscriber.local))
            self.publishers.append(publisher)
            self.subscribers.append(subscriber)
            for peer in (publisher, subscriber):
                self._selector.register(peer.socket, selectors.EVENT_READ, peer)

    def run(self, seconds: float) -> None:
        """Sends frames in time for so long; the publishers' frames and sounds are spread over their intervals."""
        start = time.monotonic()
        due = self._schedule(start)
        feedback_at = start
        while (now := time.monotonic()) < start + seconds:
            while due[0][0] <= now:
                at, index, interval, send = due[0]
                send(now)
                heapq.heapreplace(due, (at + interval, index, interval, send))
            if now - feedback_at >= 0.02:
                feedback_at = now
                self._feedback(now)
            self._read(max(0.0, due[0][0] - time.monotonic()))

    def _schedule(self, start: float) -> list[Due]:
        """A heap of what each publisher sends first; the index keeps equal times in order."""
        due: list[Due] = []
        for index, publisher in enumerate(self.publishers):
            share = index / len(self.publishers)
            frame, sound = 1 / _FRAMES_A_SECOND, 1 / _AUDIO_A_SECOND
            due.append((start + frame * share, 2 * index, frame, partial(publisher.send_frame, self.per_frame)))
            due.append((start + sound * share, 2 * index + 1, sound, publisher.send_audio))
        heapq.heapify(due)
        return due

    def settle(self, seconds: float) -> None:
        """Goes on receiving without sending, so that what is under way arrives."""
        end = time.monotonic() + seconds
        while (now := time.monotonic()) < end:
            self._feedback(now)
            self._read(0.02)

    def _read(self, timeout: float) -> None:
        for key, _ in self._selector.select(timeout):
            peer: LoadPeer = key.data
            peer.read()

    def _feedback(self, now: float) -> None:
        for publisher, subscriber in zip(self.publishers, self.subscribers, strict=True):
            publisher.keep_consent(now)
            publisher.report(now)
            subscriber.keep_consent(now)
            subscriber.feedback(now)


def measure(options: argparse.Namespace) -> Figures:
    """One run: warms up for 2 s, then counts. Raises RuntimeError when the plane did not do the work of an SFU."""
    cores = os.sched_getaffinity(0)
    plane = STARTS[options.plane](options.host, min(cores))
    os.sched_setaffinity(0, cores - {min(cores)} or cores)
    try:
        return _run(options, plane)
    finally:
        plane.stop()
        os.sched_setaffinity(0, cores)


def _run(options: argparse.Namespace, plane: Plane) -> Figures:
    load = Load(options, plane)
    load.run(2)
    load.settle(0.3)
    for subscriber in load.subscribers:
        subscriber.forget()
    sent_before = sum(publisher.sent for publisher in load.publishers)
    before, core_before, own_before, at = plane.usage(), plane.core_seconds(), time.process_time(), time.monotonic()
    load.run(options.seconds)
    after, core, own, took = plane.usage(), plane.core_seconds(), time.process_time(), time.monotonic() - at
    load.settle(0.5)
    cpu = after.cpu - before.cpu
    sent = sum(publisher.sent for publisher in load.publishers) - sent_before
    return {
        "plane": options.plane,
        "pairs": options.pairs,
        "packets_per_second": round(sent / took),
        "us_per_packet": round(cpu / sent * 1e6, 2),
        "busy_percent": round(100 * cpu / took, 1),
        "others_busy_percent": max(0.0, round(100 * (core - core_before - cpu) / took, 1)),
        "resident_mb": round(plane.usage().resident, 1),
        "generator_busy_percent": round(100 * (own - own_before) / took, 1),
    } | _traffic(load, sent)


def _traffic(load: Load, sent: int) -> Figures:
    received = sum(len(subscriber.unique) for subscriber in load.subscribers)
    delays = sorted(delay for subscriber in load.subscribers for delay in subscriber.delays)
    return {
        "lost_percent": max(0.0, round(100 * (sent - received) / sent, 4)),
        "delay_p50_us": round(delays[len(delays) // 2] / 1000),
        "delay_p99_us": round(delays[len(delays) * 99 // 100] / 1000),
        "features_missing": ", ".join(_missing_features(load)),
    }


def _missing_features(load: Load) -> list[str]:
    """What an SFU for browsers does and this one did not, by the peers' own counters."""
    publishers, subscribers = load.publishers, load.subscribers
    dropped, resent = (sum(getattr(one, name) for one in subscribers) for name in ("dropped", "resent"))
    done = {
        "AES-GCM": all(_GCM in peer.profile for peer in (*publishers, *subscribers)),
        "transport-wide feedback to publishers": all(publisher.feedbacks for publisher in publishers),
        "receiver reports to publishers": all(publisher.reports for publisher in publishers),
        "key frames asked for": all(publisher.key_frames > 1 for publisher in publishers),
        "sender reports to subscribers": all(subscriber.reports for subscriber in subscribers),
        f"resending ({resent} of {dropped})": resent >= 0.9 * dropped,
    }
    return [name for name, was in done.items() if not was]


def options_parser(description: str | None) -> argparse.ArgumentParser:
    """The options of one run."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plane", choices=STARTS, default="shinsatsu")
    parser.add_argument("--host", default="127.0.0.1", help="address of all media; Janus ignores loopback")
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--rate", type=int, default=20000, help="packets a second over all pairs")
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--size", type=int, default=1100, help="bytes of a video packet's RTP")
    parser.add_argument(
        "--loss", type=float, default=0.01, help="share of video packets the subscribers pretend to lose"
    )
    parser.add_argument("--segments", action="store_true", help="let the generator use UDP_SEGMENT too")
    return parser


def main() -> None:
    """Reads the options, runs, prints."""
    print(json.dumps(measure(options_parser(__doc__).parse_args())))


if __name__ == "__main__":
    main()

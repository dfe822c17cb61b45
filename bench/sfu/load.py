"""Loads an SFU with publisher-subscriber pairs: `python -m bench.sfu.load --pairs 20 --rate 20000 --seconds 10`.

Starts the SFU on one core and runs on another; prints one JSON line: packets lost, CPU per forwarded packet of the SFU's
process, delay added, resident memory, and how busy the generator itself was (above 80 % the run says nothing).
"""

import argparse
import json
import os
import secrets
import selectors
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bench.sfu.peers import LoadPeer, Publisher, Subscriber
from bench.sfu.signalling import Signalling
from shinsatsu.rtc.dtls import Certificate

_FRAMES_A_SECOND = 30
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds and resident megabytes of a process."""

    cpu: float
    resident: float


class SfuProcess:
    """The SFU under load, on core 0."""

    def __init__(self) -> None:
        self.secret = secrets.token_hex(16)
        environment = {**os.environ, "SHINSATSU_SFU_APP_ID": "bench", "SHINSATSU_SFU_APP_SECRET": self.secret}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "shinsatsu.sfu.server"],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        os.sched_setaffinity(self._process.pid, {0})
        assert self._process.stdout is not None
        self.url = json.loads(self._process.stdout.readline())["url"]

    def usage(self) -> Usage:
        """As the kernel counts it."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        cpu = (int(fields[11]) + int(fields[12])) / _TICKS
        return Usage(cpu, int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / 1e6)

    def stop(self) -> None:
        """Ends it."""
        self._process.terminate()
        self._process.wait(5)


class Load:
    """The pairs, and the loop that keeps them at their rate."""

    def __init__(self, options: argparse.Namespace, sfu: SfuProcess) -> None:
        certificate = Certificate.generate()
        signalling = Signalling(sfu.url, "bench", sfu.secret)
        self.per_frame = max(1, round(options.rate / options.pairs / _FRAMES_A_SECOND))
        self.publishers: list[Publisher] = []
        self.subscribers: list[Subscriber] = []
        self._selector = selectors.DefaultSelector()
        for index in range(options.pairs):
            publisher = Publisher(certificate, options.segments, options.size)
            session, remote = signalling.push(publisher.ice, certificate.fingerprint)
            publisher.connect(remote)
            publisher.send_frame(self.per_frame, time.monotonic())
            subscriber = Subscriber(certificate, options.segments, options.loss, index)
            subscriber.connect(signalling.pull(session, subscriber.ice, certificate.fingerprint))
            self.publishers.append(publisher)
            self.subscribers.append(subscriber)
            for peer in (publisher, subscriber):
                self._selector.register(peer.socket, selectors.EVENT_READ, peer)

    def run(self, seconds: float) -> None:
        """Sends frames in time for so long; the publishers' frames are spread over the frame interval."""
        interval = 1 / _FRAMES_A_SECOND
        start = time.monotonic()
        due = [start + interval * index / len(self.publishers) for index in range(len(self.publishers))]
        feedback_at = start
        while (now := time.monotonic()) < start + seconds:
            for index, publisher in enumerate(self.publishers):
                if due[index] <= now:
                    publisher.send_frame(self.per_frame, now)
                    due[index] += interval
            if now - feedback_at >= 0.02:
                feedback_at = now
                self._feedback(now)
            self._read(max(0.0, min(due) - time.monotonic()))

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
            subscriber.keep_consent(now)
            subscriber.feedback(now)


def measure(options: argparse.Namespace) -> dict[str, float | int]:
    """One run: warms up for 2 s, then counts."""
    sfu = SfuProcess()
    os.sched_setaffinity(0, {1} if len(os.sched_getaffinity(0)) > 1 else {0})
    try:
        load = Load(options, sfu)
        load.run(2)
        load.settle(0.3)
        for subscriber in load.subscribers:
            subscriber.unique.clear()
            subscriber.delays.clear()
            subscriber.dropped = subscriber.resent = subscriber.duplicates = 0
        sent_before = sum(publisher.sent for publisher in load.publishers)
        before, own_before, at = sfu.usage(), time.process_time(), time.monotonic()
        load.run(options.seconds)
        after, own, took = sfu.usage(), time.process_time() - own_before, time.monotonic() - at
        load.settle(0.5)
        sent = sum(publisher.sent for publisher in load.publishers) - sent_before
        return _summary(options, load, sent, after.cpu - before.cpu, own / took, took, sfu.usage().resident)
    finally:
        sfu.stop()


def _summary(
    options: argparse.Namespace, load: Load, sent: int, cpu: float, busy: float, took: float, resident: float
) -> dict[str, float | int]:
    received = sum(len(subscriber.unique) for subscriber in load.subscribers)
    delays = sorted(delay for subscriber in load.subscribers for delay in subscriber.delays)
    return {
        "pairs": options.pairs,
        "packets_per_second": round(sent / took),
        "lost_percent": round(100 * (sent - received) / sent, 4),
        "dropped_by_receiver": sum(subscriber.dropped for subscriber in load.subscribers),
        "resent": sum(subscriber.resent for subscriber in load.subscribers),
        "sfu_us_per_packet": round(cpu / sent * 1e6, 2),
        "sfu_busy_percent": round(100 * cpu / took, 1),
        "delay_p50_us": round(delays[len(delays) // 2] / 1000),
        "delay_p99_us": round(delays[len(delays) * 99 // 100] / 1000),
        "sfu_resident_mb": round(resident, 1),
        "resident_budget_mb": 70 + 0.3 * 2 * options.pairs,
        "generator_busy_percent": round(100 * busy, 1),
    }


def main() -> None:
    """Reads the options, runs, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--rate", type=int, default=20000, help="packets a second over all pairs")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--size", type=int, default=1100, help="bytes of an RTP packet")
    parser.add_argument("--loss", type=float, default=0.0, help="share of packets the subscribers pretend to lose")
    parser.add_argument("--segments", action="store_true", help="let the generator use UDP_SEGMENT too")
    print(json.dumps(measure(parser.parse_args())))


if __name__ == "__main__":
    main()

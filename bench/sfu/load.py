"""Loads an SFU with publisher-subscriber pairs: `python -m bench.sfu.load --pairs 20 --rate 20000 --seconds 10`.

Starts the SFU on one core and runs on another; prints one JSON line: packets lost, CPU per forwarded packet of the SFU's
process, delay added, resident memory, and what would make the run say nothing: how busy the generator itself was (above
80 %) and how much of the SFU's core other processes took.
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
    """The SFU under load, on one core."""

    def __init__(self, core: int) -> None:
        self._core = core
        self.secret = secrets.token_hex(16)
        environment = {**os.environ, "SHINSATSU_SFU_APP_ID": "bench", "SHINSATSU_SFU_APP_SECRET": self.secret}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "shinsatsu.sfu.server"],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        os.sched_setaffinity(self._process.pid, {core})
        assert self._process.stdout is not None
        self.url = json.loads(self._process.stdout.readline())["url"]

    def usage(self) -> Usage:
        """As the kernel counts it."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        cpu = (int(fields[11]) + int(fields[12])) / _TICKS
        return Usage(cpu, int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / 1e6)

    def core_seconds(self) -> float:
        """How long its core has been busy since the machine started, whoever it worked for."""
        lines = Path("/proc/stat").read_text().splitlines()
        fields = next(line for line in lines if line.startswith(f"cpu{self._core} ")).split()[1:9]
        return (sum(map(int, fields)) - int(fields[3]) - int(fields[4])) / _TICKS  # without idle and waiting for disks

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
    cores = os.sched_getaffinity(0)
    sfu = SfuProcess(min(cores))
    os.sched_setaffinity(0, cores - {min(cores)} or cores)
    try:
        return _run(options, sfu)
    finally:
        sfu.stop()
        os.sched_setaffinity(0, cores)


def _run(options: argparse.Namespace, sfu: SfuProcess) -> dict[str, float | int]:
    load = Load(options, sfu)
    load.run(2)
    load.settle(0.3)
    for subscriber in load.subscribers:
        subscriber.unique.clear()
        subscriber.delays.clear()
        subscriber.dropped = subscriber.resent = subscriber.duplicates = 0
    sent_before = sum(publisher.sent for publisher in load.publishers)
    before, core_before, own_before, at = sfu.usage(), sfu.core_seconds(), time.process_time(), time.monotonic()
    load.run(options.seconds)
    after, core, own, took = sfu.usage(), sfu.core_seconds(), time.process_time(), time.monotonic() - at
    load.settle(0.5)
    cpu = after.cpu - before.cpu
    sent = sum(publisher.sent for publisher in load.publishers) - sent_before
    return _traffic(load, sent) | {
        "pairs": options.pairs,
        "packets_per_second": round(sent / took),
        "sfu_us_per_packet": round(cpu / sent * 1e6, 2),
        "sfu_busy_percent": round(100 * cpu / took, 1),
        "others_busy_percent": max(0.0, round(100 * (core - core_before - cpu) / took, 1)),
        "sfu_resident_mb": round(sfu.usage().resident, 1),
        "resident_budget_mb": 70 + 0.3 * 2 * options.pairs,
        "generator_busy_percent": round(100 * (own - own_before) / took, 1),
    }


def _traffic(load: Load, sent: int) -> dict[str, float | int]:
    received = sum(len(subscriber.unique) for subscriber in load.subscribers)
    delays = sorted(delay for subscriber in load.subscribers for delay in subscriber.delays)
    return {
        "lost_percent": round(100 * (sent - received) / sent, 4),
        "dropped_by_receiver": sum(subscriber.dropped for subscriber in load.subscribers),
        "resent": sum(subscriber.resent for subscriber in load.subscribers),
        "delay_p50_us": round(delays[len(delays) // 2] / 1000),
        "delay_p99_us": round(delays[len(delays) * 99 // 100] / 1000),
    }


def options_parser(description: str | None, seconds: float) -> argparse.ArgumentParser:
    """The options of a run; the defaults are those of the measure: 20 pairs, 20,000 packets a second."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--rate", type=int, default=20000, help="packets a second over all pairs")
    parser.add_argument("--seconds", type=float, default=seconds)
    parser.add_argument("--size", type=int, default=1100, help="bytes of an RTP packet")
    parser.add_argument("--loss", type=float, default=0.0, help="share of packets the subscribers pretend to lose")
    parser.add_argument("--segments", action="store_true", help="let the generator use UDP_SEGMENT too")
    return parser


def main() -> None:
    """Reads the options, runs, prints."""
    print(json.dumps(measure(options_parser(__doc__, 10).parse_args())))


if __name__ == "__main__":
    main()

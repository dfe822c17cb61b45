"""The SFU beside Janus 1.1.2, in one run: `make bench-sfu`, about ten minutes; `python -m bench.sfu --rounds 1 --seconds 4` for a look.

Both take AES-GCM, 1 % of what they send is "lost" and asked for again, both give and get transport-wide feedback and
reports: the peers' counters show it. Planes take turns; medians of the rounds. A run in which the generator was above
80 %, or other processes took more than 10 % of the plane's core, is measured again, three times at most, and marked.
"""

import argparse
import shutil
import statistics
import sys
from dataclasses import dataclass

from bench.sfu.load import Figures, measure, options_parser
from bench.sfu.network import HOST, enter

_TRIES = 3
_GENERATOR_BUSY = 80
_OTHERS_BUSY = 10


@dataclass(frozen=True, slots=True)
class Scene:
    """A load, and what is held against Janus: the share of its CPU, and of lost packets and ms that ours may have."""

    pairs: int
    rate: int
    cpu_ratio: float | None = None
    lost_percent: float = 0.5
    delay_p99_ms: float | None = None


SCENES = (
    Scene(20, 10000),
    Scene(20, 20000, cpu_ratio=0.6),
    Scene(20, 50000, cpu_ratio=0.9),
    Scene(150, 20000),
    Scene(150, 40000, delay_p99_ms=20),
)


def spoilt(figures: Figures) -> str:
    """Why a run says nothing about the plane; "" when it does."""
    if float(figures["generator_busy_percent"]) > _GENERATOR_BUSY:
        return f"the generator was {figures['generator_busy_percent']} % busy"
    if float(figures["others_busy_percent"]) > _OTHERS_BUSY:
        return f"other processes took {figures['others_busy_percent']} % of the plane's core"
    return ""


def run(plane: str, host: str, scene: Scene, options: argparse.Namespace) -> Figures:
    """One run that counts, or the last that does not, marked."""
    arguments = f"--plane {plane} --host {host} --pairs {scene.pairs} --rate {scene.rate} --seconds {options.seconds}"
    figures: Figures = {}
    for _ in range(_TRIES):
        figures = measure(options_parser(None).parse_args(arguments.split()))
        figures["spoilt"] = spoilt(figures)
        if not figures["spoilt"]:
            break
    missing = figures["features_missing"]
    print(f"  {plane:9} {line(figures)}{f'  NOT THE SAME WORK: {missing}' if missing else ''}", flush=True)
    return figures


def line(figures: Figures) -> str:
    """The figures of one plane in one line."""
    return (
        f"{figures['us_per_packet']:6} µs a packet  {figures['lost_percent']:7} % lost  "
        f"p50 {figures['delay_p50_us']:6} p99 {figures['delay_p99_us']:6} µs  {figures['resident_mb']:6} MB  "
        f"generator {figures['generator_busy_percent']} %{'  SPOILT: ' + str(figures['spoilt']) if figures['spoilt'] else ''}"
    )


def median(runs: list[Figures]) -> Figures:
    """Each number's median over the rounds; what is text joined."""
    numbers = {key: statistics.median(float(one[key]) for one in runs) for key in runs[0] if _is_number(runs[0][key])}
    said = {
        key: "; ".join(sorted({str(one[key]) for one in runs if one[key]})) for key in ("spoilt", "features_missing")
    }
    return {**{key: round(value, 2) for key, value in numbers.items()}, **said}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)


def judge(scene: Scene, ours: Figures, theirs: Figures | None) -> list[str]:
    """What is held against a target, in words."""
    said = []
    lost, p99 = float(ours["lost_percent"]), float(ours["delay_p99_us"]) / 1000
    said.append(f"lost {lost} % (≤ {scene.lost_percent})")
    if theirs is not None:
        ratio = float(ours["us_per_packet"]) / float(theirs["us_per_packet"])
        target = f" (≤ {scene.cpu_ratio})" if scene.cpu_ratio else ""
        said.append(f"CPU {ratio:.2f} × Janus{target}")
        said.append(
            f"p99 {p99:.1f} ms (Janus {float(theirs['delay_p99_us']) / 1000:.1f}, or ≤ {scene.delay_p99_ms or 2})"
        )
    else:
        said.append(f"p99 {p99:.1f} ms")
    budget = 70 + 0.3 * 2 * scene.pairs
    said.append(f"resident {ours['resident_mb']} MB (≤ {budget:g})")
    return said


def main() -> None:
    """Measures every scene and prints it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--only", type=int, action="append", help="number of a scene, from 0")
    options = parser.parse_args()
    host = enter("bench.sfu", sys.argv[1:])
    beside = host == HOST and shutil.which("janus") is not None
    planes = ["shinsatsu", "Janus"] if beside else ["shinsatsu"]
    if not beside:
        print(
            "Janus is left out: it must be installed, and root, ip and unshare make it a network that is not loopback"
        )
    for index, scene in enumerate(SCENES):
        if options.only and index not in options.only:
            continue
        print(f"{scene.pairs} pairs, {scene.rate} packets/s", flush=True)
        runs: dict[str, list[Figures]] = {plane: [] for plane in planes}
        for _ in range(options.rounds):
            for plane in planes:
                runs[plane].append(run(plane, host, scene, options))
        medians = {plane: median(of) for plane, of in runs.items()}
        print("  → " + "; ".join(judge(scene, medians["shinsatsu"], medians.get("Janus"))), flush=True)


if __name__ == "__main__":
    main()

"""The SFU's measure: 20,000 packets/s over 20 pairs on one core with < 0.1 % loss, ≤ 70 MB + 0.3 MB a connection.

`python -m bench.sfu`, under a minute. A run that other processes or the generator itself spoilt is repeated, three at
most; the last one counts, and says so.
"""

from bench.sfu.load import measure, options_parser

_RUNS = 3
_GENERATOR_BUSY = 80
_OTHERS_BUSY = 10


def spoilt(figures: dict[str, float | int]) -> str:
    """Why a run says nothing about the SFU; "" when it does."""
    if figures["generator_busy_percent"] > _GENERATOR_BUSY:
        return f"the generator was {figures['generator_busy_percent']} % busy"
    if figures["others_busy_percent"] > _OTHERS_BUSY:
        return f"other processes took {figures['others_busy_percent']} % of the SFU's core"
    return ""


def report(figures: dict[str, float | int]) -> None:
    """The figures in words, each beside its target."""
    print(
        f"{figures['packets_per_second']} packets/s over {figures['pairs']} pairs: "
        f"lost {figures['lost_percent']} % (target < 0.1)"
    )
    print(f"SFU: {figures['sfu_us_per_packet']} µs a packet, {figures['sfu_busy_percent']} % of one core")
    print(f"added delay: p50 {figures['delay_p50_us']} µs, p99 {figures['delay_p99_us']} µs")
    print(f"SFU resident: {figures['sfu_resident_mb']} MB (target ≤ {figures['resident_budget_mb']:g})")
    print(f"generator: {figures['generator_busy_percent']} % of its core")


def main() -> None:
    """Measures until a run counts, and prints it."""
    options = options_parser(__doc__, 8).parse_args()
    for _ in range(_RUNS):
        figures = measure(options)
        report(figures)
        reason = spoilt(figures)
        if not reason:
            return
        print(f"  this run says little: {reason}", flush=True)


if __name__ == "__main__":
    main()

"""`python -m bench [NAME …]`: runs the named measurements, all of them without a name; each prints its figures."""

import runpy
import sys

MEASUREMENTS = {
    "api": "bench.api_throughput",
    "call": "bench.call",
    "sfu": "bench.sfu",
    "demo": "bench.demo_start",
    "streams": "bench.streams",
    "restart": "bench.restart",
    "cut": "bench.cut",
    "audit": "bench.audit",
    "links": "bench.links",
}


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in MEASUREMENTS]
    if unknown:
        print(f"unknown measurement {unknown[0]!r}; there are: {', '.join(MEASUREMENTS)}", file=sys.stderr)
        return 2
    sys.argv = sys.argv[:1]
    for name in names or MEASUREMENTS:
        print(f"== {name}", flush=True)
        runpy.run_module(MEASUREMENTS[name], run_name="__main__")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

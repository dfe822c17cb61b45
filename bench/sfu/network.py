"""A network namespace of the bench's own, with one address that is not loopback: Janus ignores loopback interfaces."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence

HOST = "10.9.0.1"
_INSIDE = "SHINSATSU_BENCH_NETWORK"
_COMMANDS = (
    "ip link set lo up",
    "ip link add bench0 type veth peer name bench1",
    f"ip addr add {HOST}/24 dev bench0",
    "ip link set bench0 up",
    "ip link set bench1 up",
)


def enter(module: str, arguments: Sequence[str]) -> str:
    """The address to measure on: begins the module anew in a namespace where that can be made, else loopback.

    The namespace ends with the process.
    """
    if not os.environ.get(_INSIDE):
        if os.geteuid() != 0 or shutil.which("unshare") is None or shutil.which("ip") is None:
            return "127.0.0.1"
        sys.stdout.flush()
        os.environ[_INSIDE] = "1"
        os.execvp("unshare", ["unshare", "--net", sys.executable, "-m", module, *arguments])  # noqa: S606
    for command in _COMMANDS:
        subprocess.run(command.split(), check=True, timeout=10)
    return HOST

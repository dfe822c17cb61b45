"""Runs another module as `python -m` would, and ends it when the parent that started it is gone.

`python -m shinsatsu.lifeline MODULE ARGS…`: the parent keeps the other end of standard input open; the pipe closes
with the parent, however it died, so that no child outlives it. Imports nothing heavy: the SFU runs under it.
"""

import os
import runpy
import signal
import sys
import threading


def _end_with_parent() -> None:
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Hands `sys.argv` on to the named module."""
    if len(sys.argv) < 2:
        sys.exit("usage: python -m shinsatsu.lifeline MODULE [ARGS…]")
    module, *arguments = sys.argv[1:]
    sys.argv = [module, *arguments]
    threading.Thread(target=_end_with_parent, daemon=True, name="lifeline").start()
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()

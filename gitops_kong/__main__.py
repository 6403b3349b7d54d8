"""Entry point of the console script and of `python -m gitops_kong`."""

import atexit
import gc
import os
import sys
import threading

from gitops_kong.cli.main import main as run


def main() -> None:
    """Run the command line.

    A command makes hundreds of thousands of values that live until it ends and hardly a cycle among them: looking for
    garbage as often as Python does by default takes a fifth of the time of a check, and giving all of them back one by
    one at the end, which the system does at once, a tenth.
    """
    gc.set_threshold(1_000_000, 50, 1000)
    try:
        run()
    except SystemExit as e:
        _leave(e.code)
        raise


def _leave(code: object) -> None:
    """End the process as Python would, but for freeing its memory; returns where only Python can end it."""
    if threading.active_count() > 1 or not isinstance(code, int):
        return
    atexit._run_exitfuncs()  # noqa: SLF001 - there is no other way to it
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # Python says what is wrong with them
        return
    os._exit(code)


if __name__ == "__main__":
    main()

"""How the program ends: at once, with all that it has said and all that was to be done at its end."""

import subprocess
import sys

ENDING = """
import atexit, sys
from gitops_kong import __main__

def run():
    sys.stdout.write("said")
    sys.stderr.write("warned")
    atexit.register(lambda: sys.stdout.write(", done"))
    {more}
    sys.exit({code})

__main__.run = run
__main__.main()
"""


def ending(code: str, more: str = "pass", **streams: object) -> "subprocess.CompletedProcess[str]":
    program = ENDING.format(code=code, more=more)
    given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
    return subprocess.run([sys.executable, "-I", "-c", program], text=True, timeout=60, check=False, **given)  # type: ignore[call-overload, no-any-return]


def test_nothing_that_was_said_or_is_to_be_done_is_lost() -> None:
    done = ending("3")
    assert (done.returncode, done.stdout, done.stderr) == (3, "said, done", "warned")


def test_what_is_still_at_work_is_waited_for() -> None:
    work = "import threading, time; threading.Thread(target=lambda: (time.sleep(.2), print(', worked'))).start()"
    done = ending("0", work)
    assert (done.returncode, done.stdout) == (0, "said, worked\n, done")


def test_a_full_disk_is_told() -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = ending("0", stdout=full)
    assert done.returncode == 120
    assert "No space left" in done.stderr


def test_an_exit_with_a_message_is_python_s_own() -> None:
    done = ending("'why'")
    assert (done.returncode, done.stderr) == (1, "warnedwhy\n")

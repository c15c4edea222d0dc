"""The program `isokern`, as `pip install` puts it on the command line."""

import signal
import sys

from . import _native


def main() -> None:
    """Runs the program with the arguments of this process, and ends with its exit code."""
    # As of a program without an interpreter: Ctrl-C ends it, and so does a pipe nobody reads.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(_native.run_program(["isokern", *sys.argv[1:]]))


if __name__ == "__main__":
    main()

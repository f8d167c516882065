"""Starts a command that dies with its parent: `python tether.py PARENT_PID COMMAND…`.

On Linux the kernel ends the command when the supervisor ends, even by `kill -9`. Elsewhere there is no such
call, and a command outlives a supervisor that was killed that way. The supervisor runs this file, not a
`preexec_fn`, because code between fork and exec is not safe in a process with threads.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Tie this process to its parent, then become the command."""
    parent = int(sys.argv[1])
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the tie was made
        raise SystemExit(1)
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 (no shell is wanted: the command is a list)


if __name__ == "__main__":
    main()

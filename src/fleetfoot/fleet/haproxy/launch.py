"""Become a program that dies with its parent: ``python -I -S launch.py PARENT PROGRAM ARGS...``.

A file of its own because nothing but ``exec`` may run between fork and exec of a process that has threads.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1

if __name__ == "__main__":
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() == int(sys.argv[1]):  # else it died before we could ask to be told
        os.execv(sys.argv[2], sys.argv[2:])

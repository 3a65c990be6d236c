"""From what the user wrote to what the shell runs."""

from __future__ import annotations

import re
import shlex

_ASSIGNMENT = re.compile(r"\s*[A-Za-z_]\w*=")


def argv(command: str) -> list[str]:
    """``/bin/sh -c "exec COMMAND"``: the task is the command itself, its exit code and signals are its own.

    A command with shell operators (``a && b``) runs under the shell as it stands, since ``exec`` would
    end it after the first part; one that begins with an assignment goes through ``env``.
    """
    return ["/bin/sh", "-c", _line(command.strip())]


def _line(command: str) -> str:
    if _compound(command):
        return command
    return f"exec env {command}" if _ASSIGNMENT.match(command) else f"exec {command}"


def _compound(command: str) -> bool:
    words = shlex.shlex(command, posix=True, punctuation_chars=True)
    words.commenters = ""
    try:
        return "\n" in command or any(word and set(word) <= set("();|&") for word in words)
    except ValueError:  # an open quote: the shell says so better than we can
        return False

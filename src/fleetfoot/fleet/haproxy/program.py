"""Is HAProxy installed, and is it one that we can use? Standard library only: the keeper imports this."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from typing import Any, NamedTuple

OLDEST = (2, 6)
INSTALL = "sudo apt-get install -y haproxy"
EMBEDDED_ONLY = ("shed", "classes")  # settings that HAProxy has no match for
_ANSWER_S = 10


class Unusable(Exception):
    """HAProxy is not installed, or too old; the text says what to do."""


class Program(NamedTuple):
    """An HAProxy on this machine. ``lua``: it can hold requests while no task is ready."""

    path: str
    version: tuple[int, int]
    lua: bool


def find(path: str | None = None) -> Program:
    """The HAProxy of ``path`` (like $PATH; None: that one, then the usual places). Raises Unusable."""
    found = shutil.which("haproxy", path=path)
    if found is None and path is None:
        found = shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise Unusable(f"balancer: haproxy is not installed; to install it: {INSTALL}")
    try:
        said = subprocess.run([found, "-vv"], capture_output=True, text=True, timeout=_ANSWER_S, check=False).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unusable(f"balancer: {found} cannot be run: {error}") from error
    return read(found, said)


def unusable(settings: Mapping[str, Any]) -> str:
    """Why a service with these balancer settings, as plain values, cannot be served here; empty when it can."""
    if settings.get("kind") != "haproxy":
        return ""
    for key in EMBEDDED_ONLY:
        if settings.get(key) not in (None, "off", (), []):
            return f"balancer: {key} is for kind: embedded; HAProxy cannot do it"
    try:
        find()
    except Unusable as error:
        return str(error)
    return ""


def read(path: str, said: str) -> Program:
    """What ``haproxy -vv`` said. Raises Unusable."""
    number = re.search(r"version (\d+)\.(\d+)", said)
    if number is None:
        raise Unusable(f"balancer: {path} does not look like HAProxy: {said[:80]!r}")
    version = int(number[1]), int(number[2])
    if version < OLDEST:
        raise Unusable(f"balancer: {path} is version {number[1]}.{number[2]}; 2.6 or later is needed: {INSTALL}")
    return Program(path, version, "USE_LUA=1" in said or "+LUA" in said)

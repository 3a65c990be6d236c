"""Files a fleetfoot.yaml names: read once, beside it; and written into the journal's copy, which must need no file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import NamedTuple

from fleetfoot.spec.errors import Wrong, shown

MOST_BYTES = 1_000_000
_PINNED = re.compile(r"^# fleetfoot read (.+?): (.*)$", re.MULTILINE)


class _Reading(NamedTuple):
    folder: Path
    pinned: Mapping[str, str]
    read: dict[str, str]


_reading: ContextVar[_Reading] = ContextVar("reading")


@contextmanager
def reading(folder: Path, text: str, read: dict[str, str]) -> Iterator[None]:
    """While a file in ``folder`` with this ``text`` is read; what it names is kept in ``read``."""
    token = _reading.set(_Reading(folder, dict(_PINNED.findall(text)), read))
    try:
        yield
    finally:
        _reading.reset(token)


def path_of(name: str) -> str:
    """Where the file ``name`` is."""
    now = _reading.get(None)
    return str((now.folder if now is not None else Path()) / Path(name).expanduser())


def lines_of(name: str) -> list[str]:
    """The lines of the file ``name``. Raises ``Wrong``."""
    now = _reading.get(None) or _Reading(Path(), {}, {})
    if name in now.pinned:
        return now.pinned[name].split(";")
    path = now.folder / Path(name).expanduser()
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
        text = data.decode("utf-8")
    except (OSError, ValueError) as failure:
        why = failure.strerror if isinstance(failure, OSError) else "it is no text"
        raise Wrong(f"{shown(str(path))} cannot be read: {why}") from None
    if len(data) > MOST_BYTES:
        raise Wrong(f"{shown(str(path))} is larger than {MOST_BYTES // 1_000_000} MB")
    found = text.splitlines()
    now.read[name] = ";".join(line.partition("#")[0].replace(";", " ").strip() for line in found)
    return found


def pinned(text: str, read: Mapping[str, str]) -> str:
    """``text`` with what was read beside it, so that it says the same wherever and whenever it is read again."""
    return text.rstrip("\n") + "".join(f"\n# fleetfoot read {name}: {lines}" for name, lines in read.items()) + "\n"

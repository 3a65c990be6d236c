"""Files of traffic as they lie there, plain or gzip, and what is told of wrong ones."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from io import BufferedReader
from pathlib import Path
from typing import Any, NamedTuple

MOST_SHOWN = 10  # errors printed; the rest is counted


class TraceError(NamedTuple):
    """One thing wrong in a file. ``line`` counts from 1; 0 means the file as a whole."""

    line: int
    message: str


class TraceErrors(ValueError):
    """Everything wrong with a file of traffic. ``errors`` in the order of the file."""

    def __init__(self, name: str, errors: list[TraceError]) -> None:
        self.name, self.errors = name, errors
        rows = [f"{name}:{e.line}: {e.message}" if e.line else f"{name}: {e.message}" for e in errors[:MOST_SHOWN]]
        more = len(errors) - len(rows)
        super().__init__("\n".join(rows + [f"... and {more} more of the kind"] * (more > 0)))


@contextmanager
def unpacked(
    source: Path | BufferedReader[Any], name: str
) -> Iterator[tuple[BufferedReader[Any] | gzip.GzipFile, BufferedReader[Any]]]:
    """``(what it holds, the file itself)``; gzip is told by its first bytes, not by the name.

    Raises TraceErrors, also when what goes wrong is found out while it is read.
    """
    try:
        with source.open("rb") if isinstance(source, Path) else nullcontext(source) as raw:
            if raw.peek(2)[:2] == b"\x1f\x8b":
                with gzip.open(raw) as data:
                    yield data, raw
            else:
                yield raw, raw
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise TraceErrors(name, [TraceError(0, "the gzip file is damaged or cut short")]) from None
    except OSError as error:
        raise TraceErrors(name, [TraceError(0, f"cannot read it: {error.strerror or error}")]) from None

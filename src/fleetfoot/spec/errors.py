"""What is wrong with a file, for a person: where, which key, what stands there, what is allowed.

A model raises ``Wrong`` (or ``Many``); only the loader knows positions, and turns them into
``SpecError``. ``Wrong.at`` is the path from the part that raised to the key that is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any


class Wrong(ValueError):
    """One thing wrong with one value.

    ``at``: path to the key, from the part that raised. ``about``: paths of the other keys the
    sentence speaks of; when one of them is broken itself, this sentence is left out.
    ``on_key``: the key itself is wrong, not its value. ``meant``: the key that was probably meant.
    ``stays``: what stands under the wrong key is judged all the same.
    """

    def __init__(
        self,
        message: str,
        *,
        at: tuple[str | int, ...] = (),
        about: Iterable[tuple[str | int, ...]] = (),
        on_key: bool = False,
        suggestion: str = "",
        meant: str = "",
        stays: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.at = at
        self.about = tuple(about)
        self.on_key = on_key
        self.suggestion = suggestion
        self.meant = meant
        self.stays = stays

    def under(self, *prefix: str | int) -> Wrong:
        """The same sentence, seen from ``prefix`` levels further out."""
        return Wrong(
            self.message,
            at=(*prefix, *self.at),
            about=[(*prefix, *path) for path in self.about],
            on_key=self.on_key,
            suggestion=self.suggestion,
            meant=self.meant,
            stays=self.stays,
        )


class Many(ValueError):
    """Several things wrong at once, or a nested part's own error seen from further out."""

    def __init__(self, wrongs: Iterable[Wrong] = (), inner: ValueError | None = None, prefix: tuple[str, ...] = ()):
        self.wrongs = tuple(wrongs)
        self.inner = inner
        self.prefix = prefix
        super().__init__("; ".join(w.message for w in self.wrongs) or str(inner))


def raise_if_any(wrongs: list[Wrong]) -> None:
    """Raise all of ``wrongs`` together; nothing when there are none."""
    if wrongs:
        raise Many(wrongs)


@dataclass(frozen=True)
class SpecError:
    """One error with its place. Lines and columns count from 1; 0 means the file as a whole."""

    file: str
    line: int
    column: int
    key: str
    value: str
    message: str
    suggestion: str = ""

    def __str__(self) -> str:
        place = self.file if self.line == 0 else f"{self.file}:{self.line}:{self.column}"
        key = f"{self.key}: " if self.key else ""
        suggestion = f"; {self.suggestion}" if self.suggestion else ""
        return f"{place}: {key}{self.message}{suggestion}"


class SpecErrors(Exception):
    """Every error of one file, in the order of the file."""

    def __init__(self, errors: Iterable[SpecError]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(str(error) for error in self.errors))

    def __str__(self) -> str:
        return "\n".join(str(error) for error in self.errors)


def shown(value: Any) -> str:
    """``value`` as it may stand in a message: quoted, one line, at most 60 characters."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    if value is None:
        return "nothing"
    text = " ".join(str(value).split())
    return f"'{text[:57]}...'" if len(text) > 60 else f"'{text}'"


def nearest(word: str, allowed: Iterable[str]) -> str:
    """The allowed word that was probably meant, or an empty text."""
    plain = {a.replace(" ", "").replace("_", "").replace("-", "").lower(): a for a in allowed}
    key = word.replace(" ", "").replace("_", "").replace("-", "").lower()
    near = [key] if key in plain else get_close_matches(key, plain, n=1, cutoff=0.6)
    return plain[near[0]] if near else ""


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """``did you mean 'x'?`` for the nearest allowed word, or an empty text."""
    near = nearest(word, allowed)
    return f"did you mean '{near}'?" if near else ""


def listed(words: Iterable[str]) -> str:
    """``a, b or c``."""
    words = list(words)
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}" if words else ""

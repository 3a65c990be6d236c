"""Times as people write and read them. Instants are wall ms since 1970, shown in the local zone."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

_UNITS = {
    "ms": 1, "s": 1000, "sec": 1000, "second": 1000, "seconds": 1000, "m": 60_000, "min": 60_000, "minute": 60_000,
    "minutes": 60_000, "h": 3_600_000, "hour": 3_600_000, "hours": 3_600_000, "d": 86_400_000, "day": 86_400_000,
    "days": 86_400_000,
}  # fmt: skip
_PART = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")


class NotATime(ValueError):
    """The text says why, and what is understood."""


def clock_time(wall: int) -> str:
    """09:03:12"""
    return local(wall).strftime("%H:%M:%S")


def date_time(wall: int) -> str:
    """2031-05-04 09:03:12"""
    return local(wall).strftime("%Y-%m-%d %H:%M:%S")


def local(wall: int) -> datetime:
    return datetime.fromtimestamp(wall / 1000).astimezone()


def length_ms(text: str) -> int:
    """30m, 1h30m, 90 s, 2 days: ms. Raises NotATime."""
    position, total = 0, 0.0
    while position < len(text) and (part := _PART.match(text.lower(), position)):
        if part[2] not in _UNITS:
            break
        total += float(part[1]) * _UNITS[part[2]]
        position = part.end()
    if not text or position < len(text) or total <= 0:
        raise NotATime(f"{text!r} is no length of time: write 90s, 30m, 1h30m or 2 days")
    return round(total)


def window(text: str, wall: int, around: int = 15_000) -> tuple[int, int]:
    """The instants a person means by 09:03, 09:03:12, an ISO time, '2 min ago' or 'now'. Raises NotATime.

    A minute means all of it, anything finer ``around`` ms on both sides. A time of day is the last one
    that has begun at ``wall``.
    """
    text = text.strip()
    if text == "now":
        return wall - around, wall
    if text.endswith(" ago"):
        at = wall - length_ms(text.removesuffix(" ago"))
        return at - around, at + around
    clock = _CLOCK.fullmatch(text)
    if clock:
        return _time_of_day(clock, text, wall, around)
    try:
        at = round(datetime.fromisoformat(text).astimezone().timestamp() * 1000)
    except ValueError:
        raise NotATime(f"{text!r} is no time: write 09:03, 09:03:12, 2031-05-04T09:03 or '2 min ago'") from None
    if re.search(r"\d{2}:\d{2}:\d{2}", text):
        return at - around, at + around
    whole = 60_000 if ":" in text else 86_400_000
    return at, at + whole - 1


def next_time(text: str, wall: int) -> int:
    """The instant after ``wall`` (ms) that a person means by 18:00, 18:00:30 or an ISO time. Raises NotATime."""
    clock = _CLOCK.fullmatch(text.strip())
    at, _ = window(text, wall, around=0)
    if clock and at <= wall:
        at = round((local(at) + timedelta(days=1)).timestamp() * 1000)
    if at <= wall:
        raise NotATime(f"{text!r} is over: write a time to come, such as 18:00")
    return at


def _time_of_day(clock: re.Match[str], text: str, wall: int, around: int) -> tuple[int, int]:
    hour, minute, second = int(clock[1]), int(clock[2]), int(clock[3] or 0)
    if hour > 23 or minute > 59 or second > 59:
        raise NotATime(f"{text!r} is no time of day")
    day = local(wall).replace(hour=hour, minute=minute, second=second, microsecond=0)
    if day.timestamp() * 1000 > wall:
        day -= timedelta(days=1)
    at = round(day.timestamp() * 1000)
    return (at - around, at + around) if clock[3] else (at, at + 59_999)

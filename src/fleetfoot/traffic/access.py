"""Access logs to a trace: common and combined format (Apache, nginx) and AWS application load balancers.

One pass in bounded memory: a line is read, its second counted, the line forgotten. Lines may come in any order
and from several files; each names its zone, and the trace is in UTC. What is no line of a log is counted and
the first few are shown; when most are, the file is something else and is refused.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from io import BufferedReader
from pathlib import Path
from typing import Any

from fleetfoot.traffic.samples import MOST_ROWS, Samples
from fleetfoot.traffic.unpacked import TraceError, TraceErrors, unpacked

LONGEST = 65_536  # bytes of a line; what is longer is malformed and not kept
SHOWN = 5  # malformed lines remembered
STEP = 20_000  # lines between two words of progress

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_COMMON = re.compile(
    r"\S+ \S+ [^\[]*\[(?P<at>\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] "
    rf"{_QUOTED} (?P<status>\d{{3}}) (?:\d+|-)(?:\s.*)?$"
)
# The time of an entry is the answer's; request_creation_time, four quoted fields on, is the arrival's.
_ALB = re.compile(
    r"(?:http|https|h2|grpcs|ws|wss) (?P<at>\S+) \S+ \S+ \S+ \S+ \S+ \S+ (?P<status>\d{3}|-) \S+ \S+ \S+ "
    rf"{_QUOTED}(?: {_QUOTED} \S+ \S+ \S+ {_QUOTED} {_QUOTED} {_QUOTED} \S+ (?P<created>\d\S*))?(?:\s.*)?$"
)
_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = {name: month for month, name in enumerate(_NAMES, 1)}
_STATUS = re.compile(r"(!?)([1-5](?:\d\d|xx))")


@dataclass
class Log:
    """What was counted so far: requests per interval, and the lines that were none."""

    interval: float = 1.0  # seconds
    counts: Counter[int] = field(default_factory=Counter)
    lines: int = 0
    requests: int = 0
    filtered: int = 0  # requests the status filter left out
    malformed: int = 0
    shown: list[str] = field(default_factory=list)  # the first malformed lines, "file:line: text"

    def samples(self, name: str) -> Samples:
        """Requests per second of each interval, the empty ones too. Raises TraceErrors when this is no log."""
        if 2 * self.malformed > self.lines:
            told = f"{self.malformed:,} of {self.lines:,} lines are not of an access log (common, combined or ALB)"
            raise TraceErrors(name, [TraceError(0, "; ".join([told, *self.shown]))])
        if not self.counts:
            raise TraceErrors(name, [TraceError(0, "no request" + (" of that status" if self.filtered else ""))])
        first, last = min(self.counts), max(self.counts)
        long = last - first + 1
        if long > MOST_ROWS:
            told = f"{long:,} intervals from {_date(first * self.interval)} to {_date(last * self.interval)}"
            raise TraceErrors(name, [TraceError(0, f"{told}, {MOST_ROWS:,} are the most; give a longer interval")])
        if long < 2:
            raise TraceErrors(name, [TraceError(0, "all requests fall into one interval; give a shorter one")])
        at = tuple(i * self.interval for i in range(first, last + 1))
        value = tuple(self.counts[i] / self.interval for i in range(first, last + 1))
        return Samples(name, at, value, self.interval, iso=True)


def read_log(
    source: Path | BufferedReader[Any],
    log: Log,
    keep: Callable[[str], bool] = lambda _: True,
    progress: Callable[[int], None] = lambda _: None,
) -> None:
    """Count the requests of one file (plain or gzip) or stream into ``log``.

    ``keep`` judges the status (``"200"``; ``"-"`` where there was none); ``progress`` is told the bytes of the
    file read so far. Raises TraceErrors for a file that cannot be read.
    """
    name = str(source) if isinstance(source, Path) else "stdin"
    for number, line in enumerate(_lines(source, name, progress), 1):
        text = line.decode("utf-8", "replace").strip()
        if not text:
            continue
        log.lines += 1
        entry = _entry(text) if len(line) < LONGEST else None
        if entry is None or entry[0] < 0:  # nobody logged before 1970
            log.malformed += 1
            if len(log.shown) < SHOWN:
                log.shown.append(f"{name}:{number}: {text[:60]!r}")
            continue
        at, status = entry
        if keep(status):
            log.counts[int(at // log.interval)] += 1
            log.requests += 1
            if len(log.counts) > MOST_ROWS:
                raise TraceErrors(name, [TraceError(number, f"more than {MOST_ROWS:,} intervals; give longer ones")])
        else:
            log.filtered += 1


def statuses(text: str) -> Callable[[str], bool]:
    """``2xx,304`` keeps these, ``!429,!5xx`` keeps all but these. Raises ValueError."""
    kept: list[str] = []
    dropped: list[str] = []
    for word in text.split(","):
        found = _STATUS.fullmatch(word.strip().lower())
        if not found:
            raise ValueError(f"{word.strip()!r} is not a status; write it like 200, 2xx or !5xx")
        (dropped if found[1] else kept).append(found[2].rstrip("x"))

    def keep(status: str) -> bool:
        return (not kept or status.startswith(tuple(kept))) and not (dropped and status.startswith(tuple(dropped)))

    return keep


def _entry(line: str) -> tuple[float, str] | None:
    found = _COMMON.match(line)
    try:
        if found:
            return _common_time(found["at"]), found["status"]
        if found := _ALB.match(line):
            return _iso_time(found["created"] or found["at"]), found["status"]
    except ValueError:  # a date there is not, such as 31 February
        return None
    return None


def _common_time(text: str) -> float:
    """``10/Oct/2000:13:55:36 -0700`` as seconds since 1970. Raises ValueError."""
    second = int(text[18:20])
    if second > 60:
        raise ValueError(f"no second {second}")
    return _minute(text[:17], text[21:]) + second


@lru_cache(64)
def _minute(text: str, zone: str) -> float:
    """The start of ``10/Oct/2000:13:55``; the lines of a minute share it."""
    iso = f"{text[7:11]}-{_MONTHS.get(text[3:6], 0):02d}-{text[:2]}T{text[12:]}:00{zone[:3]}:{zone[3:]}"
    return datetime.fromisoformat(iso).timestamp()


def _iso_time(text: str) -> float:
    """The load balancer's ``2026-03-01T08:00:00.123456Z`` as seconds since 1970. Raises ValueError."""
    date = datetime.fromisoformat(text)
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()


def _lines(source: Path | BufferedReader[Any], name: str, progress: Callable[[int], None]) -> Iterator[bytes]:
    """The lines, each cut to ``LONGEST`` bytes."""
    number = 0
    with unpacked(source, name) as (data, raw):
        while line := data.readline(LONGEST):
            number += 1
            rest = line
            while len(rest) == LONGEST and not rest.endswith(b"\n"):
                rest = data.readline(LONGEST)
            yield line
            if number % STEP == 0 and raw.seekable():
                progress(raw.tell())


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")

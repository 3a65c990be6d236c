"""The file of a trace: CSV ``timestamp,value`` (plain or gzip) or Parquet, read and checked.

Timestamps are ISO-8601 (UTC where no zone is named) or plain seconds; values are requests per second.
A trace stands on a regular grid. Anything wrong is an error with file and line, all of them at once:
a trace that is quietly repaired is a measurement of something else.
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from io import TextIOWrapper
from itertools import pairwise
from pathlib import Path
from typing import Literal, NamedTuple

from fleetfoot.traffic import table
from fleetfoot.traffic.unpacked import TraceError, TraceErrors, unpacked

Fill = Literal["line"]
MOST_ROWS = 5_000_000  # two months by the second; a bigger file is a mistake, or a bomb
HEADER = ["timestamp", "value"]


class Row(NamedTuple):
    """One sample: where it stood in the file, seconds (since 1970 when ``iso``), requests per second."""

    line: int
    at: float
    value: float
    iso: bool


class Samples(NamedTuple):
    """The samples of a checked file. ``interval`` is the grid in seconds, ``iso`` whether it told dates."""

    name: str
    at: tuple[float, ...]
    value: tuple[float, ...]
    interval: float
    iso: bool


def read_samples(path: str | Path, *, fill: Fill | None = None) -> Samples:
    """Read and check a trace file. Raises TraceErrors naming every bad line."""
    name = str(path)
    rows, errors = _rows(_cells(Path(path), name))
    if not errors:
        errors = _order(rows)
    if errors:
        raise TraceErrors(name, errors)
    interval = _interval(rows)
    if fill is None and (holes := _holes(rows, interval)):
        raise TraceErrors(name, holes)
    return Samples(name, tuple(r.at for r in rows), tuple(r.value for r in rows), interval, rows[0].iso)


def _text(path: Path, name: str) -> Iterator[str]:
    """The lines of the file."""
    try:
        with unpacked(path, name) as (data, _), TextIOWrapper(data, encoding="utf-8-sig", newline="") as lines:
            yield from lines
    except UnicodeDecodeError:
        raise TraceErrors(name, [TraceError(0, "not a text file: it is not UTF-8")]) from None


def is_table(path: Path) -> bool:
    """Whether the file begins as a Parquet file does. Raises OSError."""
    with path.open("rb") as raw:
        return raw.read(4) == table.MAGIC


def is_trace(path: Path) -> bool:
    """Whether the file is Parquet, or its first line (of gzip too) the head of a trace. Raises OSError."""
    if is_table(path):
        return True
    try:
        with unpacked(path, str(path)) as (data, _):
            first = data.readline(200).decode("utf-8-sig", "replace")
    except TraceErrors:
        return False
    return [cell.strip().lower() for cell in first.split(",")] == HEADER


def _cells(path: Path, name: str) -> Iterator[tuple[int, list[str]]]:
    """``(line, cells)`` of each row, the head first; a Parquet file counts rows as lines."""
    try:
        if is_table(path):
            yield from enumerate(table.rows(path), 1)
            return
    except table.TableError as error:
        raise TraceErrors(name, [TraceError(0, str(error))]) from None
    except OSError:
        pass  # told below, in the same words for every file
    reader = csv.reader(_text(path, name))
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as error:
        raise TraceErrors(name, [TraceError(reader.line_num, f"not CSV: {error}")]) from None


def _rows(cells_of: Iterable[tuple[int, list[str]]]) -> tuple[list[Row], list[TraceError]]:
    rows: list[Row] = []
    errors: list[TraceError] = []
    lines = iter(cells_of)
    head = next(lines, None)
    if head is None:
        return rows, [TraceError(0, "the file is empty; it starts with the line timestamp,value")]
    if [cell.strip().lower() for cell in head[1]] != HEADER:
        return rows, [TraceError(1, f"the first line must be timestamp,value, not {short(','.join(head[1]))}")]
    for line, cells in lines:
        if not cells:
            continue  # an empty line is only an empty line
        if len(rows) + len(errors) >= MOST_ROWS:
            return rows, [TraceError(line, f"more than {MOST_ROWS:,} samples")]
        row = _row(line, cells)
        rows.append(row) if isinstance(row, Row) else errors.append(row)
    if not errors and len(rows) < 2:
        found = "no sample" if not rows else "one sample"
        errors.append(TraceError(0, f"{found}; a trace needs at least two"))
    return rows, errors


def _row(line: int, cells: list[str]) -> Row | TraceError:
    if len(cells) != 2:
        return TraceError(line, f"{len(cells)} columns where timestamp,value are 2")
    stamp = parse_time(cells[0])
    if stamp is None:
        return TraceError(line, f"timestamp {short(cells[0])} is neither ISO-8601 nor seconds")
    try:
        value = float(cells[1])
    except ValueError:
        what = "is missing" if not cells[1].strip() else f"{short(cells[1])} is not a number"
        return TraceError(line, f"value {what}")
    if not math.isfinite(value):
        return TraceError(line, f"value {short(cells[1])} is not a finite number")
    if value < 0:
        return TraceError(line, f"value {short(cells[1])} is negative; a rate is 0 or more")
    return Row(line, stamp[0], value, stamp[1])


def parse_time(text: str) -> tuple[float, bool] | None:
    """``(seconds, whether it was a date)``, or None when it is neither a date nor seconds."""
    text = text.strip()
    try:
        seconds = float(text)
        return (seconds, False) if math.isfinite(seconds) else None
    except ValueError:
        pass
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp(), True


def _order(rows: list[Row]) -> list[TraceError]:
    errors = []
    for before, row in pairwise(rows):
        if row.iso != before.iso:
            errors.append(TraceError(row.line, "dates and plain seconds are mixed"))
        elif row.at == before.at:
            errors.append(TraceError(row.line, f"the same timestamp as line {before.line}"))
        elif row.at < before.at:
            errors.append(TraceError(row.line, f"not sorted: earlier than line {before.line}"))
    return errors


def _interval(rows: list[Row]) -> float:
    """The commonest distance; the smaller one of equally common ones."""
    seen = Counter(round(b.at - a.at, 6) for a, b in pairwise(rows))
    return min(seen, key=lambda gap: (-seen[gap], gap))


def _holes(rows: list[Row], interval: float) -> list[TraceError]:
    holes: list[TraceError] = []
    missing = 0
    for before, row in pairwise(rows):
        gap = row.at - before.at
        if abs(gap - interval) <= 1e-3 * interval:
            continue
        lost = max(0, round(gap / interval) - 1)
        missing += lost
        what = f"a hole of {lost} samples" if lost else "off the grid"
        told = f"{what} after line {before.line} ({gap:g} s where the grid is {interval:g} s)"
        holes.append(TraceError(row.line, told))
    if holes:
        many = f"{missing} samples missing in {len(holes)} places; mend the file or bridge them (fill line)"
        holes.insert(0, TraceError(0, many))
    return holes


def short(text: str) -> str:
    """``text`` as an error quotes it."""
    text = text.strip()
    return repr(text if len(text) <= 40 else text[:37] + "...")

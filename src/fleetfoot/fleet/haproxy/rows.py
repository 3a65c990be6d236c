"""``show stat``: one row for the frontend, each server and each backend."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from typing import NamedTuple


class Row(NamedTuple):
    """What we take from a row. Counts are cumulative from the start of the process; absent ones are 0."""

    waiting: int  # in the queue now
    current: int  # requests now; of a backend: those that wait too
    offered: int  # requests that came in
    ended: int  # requests that had their end, by whatever status
    bad: int  # of a server: 5xx, refused and broken connections
    broken: int  # of these: refused and broken connections
    retried: int
    response_ms: int  # mean time to the first byte over the last 1024
    up: bool


Rows = Mapping[tuple[str, str], Row]
NOTHING = Row(0, 0, 0, 0, 0, 0, 0, 0, False)
_CLASSES = ("hrsp_1xx", "hrsp_2xx", "hrsp_3xx", "hrsp_4xx", "hrsp_5xx", "hrsp_other")


def parse(text: str) -> Rows:
    """(proxy, server) -> row. ValueError when it is no ``show stat``."""
    lines = text.strip().splitlines()
    if not lines or not lines[0].startswith("# pxname"):
        raise ValueError(f"not the statistics of HAProxy: {text[:80]!r}")
    rows = csv.DictReader([lines[0].removeprefix("# "), *lines[1:]])
    return {(row["pxname"], row["svname"]): _row(row) for row in rows}


def _row(row: Mapping[str, str]) -> Row:
    def number(name: str) -> int:
        return int(row.get(name) or 0)

    offered = "req_tot" if row["svname"] == "FRONTEND" else "stot"  # req_tot of a backend counts the ended ones
    return Row(
        waiting=number("qcur"),
        current=number("scur"),
        offered=number(offered),
        ended=sum(map(number, _CLASSES)),
        bad=number("hrsp_5xx") + number("econ") + number("eresp"),
        broken=number("econ") + number("eresp"),
        retried=number("wretr"),
        response_ms=number("rtime"),
        up=row["status"].startswith(("UP", "OPEN", "no check")),
    )

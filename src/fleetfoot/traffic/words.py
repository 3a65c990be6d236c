"""Traffic by one word of a command line: a rate, stages, a shape by name, or a file with a trace."""

from __future__ import annotations

import math
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from fleetfoot.traffic import parse, shapes
from fleetfoot.traffic.shape import Shape
from fleetfoot.traffic.trace import load_trace

ENDINGS = (".csv", ".gz", ".parquet")
LENGTH = 7200.0  # s of endless traffic where nobody says how long


@dataclass(frozen=True)
class Change:
    """What is done to the traffic, in the words of ``fleetfoot load`` and ``trace``."""

    length: str | None = None  # --for
    speed: float = 1.0
    scale: float = 1.0
    peak: str | None = None
    start: str | None = None  # --from
    end: str | None = None  # --to
    repeat: int = 1
    fill: bool = False


def is_file(text: str) -> bool:
    """Whether ``text`` means a file: there is one, or it is written like one."""
    return text.lower().endswith(ENDINGS) or text.startswith((".", "/", "~")) or Path(text).is_file()


def traffic(text: str, change: Change = Change()) -> Shape:
    """``200/s``, ``20@30m,200@1h``, ``flash:base=20,...`` or ``day.csv``, as a shape that ends. Raises ValueError."""
    if change.peak is not None and change.scale != 1:
        raise ValueError("scale and peak both set the height; give one of them")
    if not (math.isfinite(change.scale) and change.scale > 0):
        raise ValueError(f"scale must be over 0, not {change.scale:g}")
    length = None if change.length is None else parse.seconds(change.length)
    if is_file(text):
        return parse.finite(_trace(text, change), length, LENGTH)
    if change.start or change.end or change.fill or change.speed != 1 or change.peak is not None:
        raise ValueError("speed, peak, from, to and fill belong to a trace")
    shape = parse.finite(_made(text), length, LENGTH)
    if change.repeat != 1:
        shape = shape.repeat(change.repeat)
    return shape * change.scale if change.scale != 1 else shape


def _made(text: str) -> Shape:
    if "@" in text:
        return parse.stages(text)
    if text.strip()[:1].isdigit():
        return shapes.steady(parse.rate(text))
    return parse.shape(text)


def _trace(text: str, change: Change) -> Shape:
    path = Path(text).expanduser()
    if not path.exists():
        beside = [one.name for one in path.parent.iterdir()] if path.parent.is_dir() else []
        near = get_close_matches(path.name, beside, 1)
        raise ValueError(f"there is no trace {text}" + (f"; did you mean {path.with_name(near[0])}?" if near else ""))
    return load_trace(
        path, speed=change.speed, scale=change.scale, peak=None if change.peak is None else parse.rate(change.peak),
        start=change.start, end=change.end, repeat=change.repeat, fill="line" if change.fill else None,
    )  # fmt: skip

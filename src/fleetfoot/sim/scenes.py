"""What is played in a comparison: the synthetic set, a folder of traces, or traffic of one's own."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, isinf
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fleetfoot.sim.measuring import FRIENDLY, WINDOW, per_second, scaled, window
from fleetfoot.sim.setup import Setup
from fleetfoot.traffic import parse
from fleetfoot.traffic.samples import read_samples
from fleetfoot.traffic.shape import Shape
from fleetfoot.traffic.shapes import Lines
from fleetfoot.traffic.trace import shape_of
from fleetfoot.traffic.words import ENDINGS

BLOCK = 1_000_000  # seconds looked at together in a long trace

#: name -> its words. Heights are only relative: a comparison scales them to a size of fleet.
SYNTHETIC = {
    "step": "100@1h,300@1h",
    "ramp": "100@40m,100..400@20m,400@1h",
    "flash": "flash:base=100,peak=400,at=1h,rise=30s,half=5m,seconds=2h",
    "day": "day:mean=100,swing=60,seconds=24h,noise=20%",
    "black friday": "blackfriday:low=20,peak=200,seconds=24h",
    "sawtooth": "sawtooth:low=50,high=300,period=20m,times=6",
    "on/off": "onoff:on=300,off=50,on_for=10m,off_for=10m,times=6",
}
NO_LOAD = ("nab_asg_cpu",)  # an outcome of somebody's scaler, not a load (issue 4)


@dataclass(frozen=True)
class Scene:
    """Traffic by name: requests/s of every second."""

    name: str
    rates: NDArray[np.float64]


def synthetic(setup: Setup = FRIENDLY, tasks: int = 8, seconds: int = WINDOW) -> list[Scene]:
    """The synthetic set for a fleet of about ``tasks``; what is longer than ``seconds`` is cut around its peak."""
    made = {name: parse.stages(words) if "@" in words else parse.shape(words) for name, words in SYNTHETIC.items()}
    return [scene(name, shape, setup, tasks, seconds) for name, shape in made.items()]


def scene(name: str, shape: Shape, setup: Setup, tasks: int | None, seconds: int = WINDOW) -> Scene:
    """``shape`` as the measuring plant wants it, for a fleet of about ``tasks``; None leaves it as it is."""
    rates = per_second(shape, seconds) if isinf(shape.duration) else seconds_of(shape)
    return Scene(name, rates if tasks is None else scaled(window(rates, seconds), setup, tasks))


def recorded(folder: Path, setup: Setup = FRIENDLY, tasks: int = 8, seconds: int = WINDOW) -> list[Scene]:
    """Every trace of ``folder`` as ``scene`` has it. Raises ValueError where there is none, or one is wrong."""
    try:
        files = sorted(path for path in folder.iterdir() if path.name.lower().endswith(ENDINGS))
    except OSError as error:
        raise ValueError(f"cannot read the folder {folder}: {error.strerror or error}") from None
    loads = [path for path in files if name_of(path) not in NO_LOAD]
    if not loads:
        raise ValueError(f"no trace in {folder}: a trace is a file {', '.join(ENDINGS)} of timestamp,value")
    return [Scene(name_of(path), scaled(cut(path, seconds), setup, tasks)) for path in loads]


def name_of(path: Path) -> str:
    """``wc98`` for wc98.csv.gz."""
    return path.name.partition(".")[0]


def cut(path: Path, seconds: int) -> NDArray[np.float64]:
    """``window(per_second(trace), seconds)``, without keeping every second of months of it."""
    lines = shape_of(read_samples(path))
    length = ceil(lines.duration)
    if length <= seconds or not isinstance(lines, Lines):
        return window(seconds_of(lines), seconds)
    parts = (_means(lines, begin, min(begin + BLOCK, length)) for begin in range(0, length, BLOCK))
    tops = [(float(part.max()), BLOCK * i + int(part.argmax())) for i, part in enumerate(parts)]
    peak = max(tops, key=lambda top: top[0])[1]
    begin = min(max(peak - 2 * seconds // 3, 0), length - seconds)
    return _means(lines, begin, begin + seconds)


def seconds_of(shape: Shape) -> NDArray[np.float64]:
    """``per_second(shape)`` of a shape that ends, at once where it is made of straight lines: a year takes seconds."""
    if not isinstance(shape, Lines):
        return per_second(shape)
    length = ceil(shape.duration)
    return np.concatenate([_means(shape, at, min(at + BLOCK, length)) for at in range(0, length, BLOCK)])


def _means(lines: Lines, begin: int, end: int) -> NDArray[np.float64]:
    """The mean of each second from ``begin`` to ``end``; the integral is exact."""
    spans, first, last = np.array([(piece.seconds, piece.first, piece.last) for piece in lines.pieces]).T
    starts = np.concatenate(([0.0], np.cumsum(spans)))
    sums = np.concatenate(([0.0], np.cumsum(spans * (first + last) / 2.0)))
    t = np.minimum(np.arange(begin, end + 1, dtype=np.float64), starts[-1])
    i = np.clip(np.searchsorted(starts, t, side="right") - 1, 0, len(spans) - 1)
    x = t - starts[i]
    totals = sums[i] + (first[i] + (last[i] - first[i]) / spans[i] * x / 2.0) * x
    found: NDArray[np.float64] = np.maximum(np.diff(totals), 0.0)
    return found

"""Traffic in one line of words: ``200``, ``20@30s,200@60s``, ``flash:base=20,peak=200,at=10s``."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable
from difflib import get_close_matches

from fleetfoot.traffic import made, shapes
from fleetfoot.traffic.shape import Shape

_SPAN = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s*(ms|s|m|h|d)?")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_RATE = re.compile(r"(\d+(?:\.\d+)?|\.\d+)(?:/(s|m|h))?")

# name -> who makes it; the words after the colon are its arguments
SHAPES: dict[str, Callable[..., Shape]] = {
    "steady": shapes.steady,
    "step": shapes.step,
    "ramp": shapes.ramp,
    "spike": shapes.spike,
    "sawtooth": shapes.sawtooth,
    "onoff": shapes.onoff,
    "day": shapes.Day,
    "flash": shapes.Flash,
    "blackfriday": made.black_friday,
}
_RATES = {"rate", "before", "after", "start:ramp", "end", "base", "peak", "low", "high", "on", "off", "mean", "swing"}
_NOISE = {"noise", "every", "seed"}  # every shape that ends takes these


def seconds(text: str) -> float:
    """``500ms``, ``30s``, ``1m30s``, ``2h`` or a plain number of seconds. Raises ValueError."""
    text = text.strip()
    parts = _SPAN.findall(text)
    plain = len(parts) == 1 or all(unit for _, unit in parts)
    if not parts or not plain or _SPAN.sub("", text).strip():
        raise ValueError(f"{text!r} is not a time; write it like 500ms, 30s, 1m30s or 2h")
    return sum(float(number) * _UNITS[unit or "s"] for number, unit in parts)


def rate(text: str) -> float:
    """``200``, ``200/s`` or ``600/m`` as requests per second. Raises ValueError."""
    found = _RATE.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text!r} is not a rate; write it like 200 or 200/s")
    return float(found[1]) / _UNITS[found[2] or "s"]


def stages(text: str) -> Shape:
    """``20@30s,200@60s,200..20@10s``: steady stages, or a straight ramp with two dots. Raises ValueError."""
    pieces = []
    for part in text.split(","):
        level, at, span = part.partition("@")
        if not at:
            raise ValueError(f"stage {part.strip()!r} has no duration; write it like 200@60s or 20..200@30s")
        first, dots, last = level.partition("..")
        pieces.append(shapes.Piece(seconds(span), rate(first), rate(last if dots else first)))
    return shapes.Lines(tuple(pieces))


def shape(text: str) -> Shape:
    """``NAME:key=value,...`` for the names in ``SHAPES``; a key that ends traffic is ``seconds``.

    ``noise=20%`` makes any of them unsteady, by ``every=10s`` and ``seed=1``. Raises ValueError.
    """
    name, _, rest = text.strip().partition(":")
    make = SHAPES.get(name)
    if make is None:
        near = get_close_matches(name, SHAPES, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(f"no shape {name!r}{hint} There are {', '.join(SHAPES)}".replace("' There", "'. There"))
    known = {k: v for k, v in inspect.signature(make).parameters.items() if not k.startswith("_")}
    given = {}
    for word in filter(None, (w.strip() for w in rest.split(","))):
        key, eq, value = word.partition("=")
        if not eq or key not in {*known, *_NOISE}:
            raise ValueError(f"{name} does not know {word!r}; it takes {', '.join(known)}, noise")
        given[key] = _value(name, key, value)
    noise = {key: given.pop(key) for key in _NOISE & given.keys()}
    lacking = [k for k, p in known.items() if p.default is inspect.Parameter.empty and k not in given]
    if lacking:
        raise ValueError(f"{name} needs {', '.join(lacking)}; for example {name}:{_example(known)}")
    made_shape = make(**given)
    return _noisy(made_shape, noise) if noise else made_shape


def _noisy(shape: Shape, noise: dict[str, float | int]) -> Shape:
    if "noise" not in noise:
        raise ValueError(f"{' and '.join(sorted(noise))} belong to noise; for example noise=20%")
    return made.Noisy(shape, noise["noise"], noise.get("every", made.EVERY), int(noise.get("seed", 1)))


def _value(name: str, key: str, text: str) -> float | int:
    if key in ("times", "seed"):
        if not text.isdigit():
            raise ValueError(f"{key} must be a whole number, not {text!r}")
        return int(text)
    if key == "noise":
        return _share(text)
    return rate(text) if key in _RATES or f"{key}:{name}" in _RATES else seconds(text)


def _share(text: str) -> float:
    number, percent, rest = text.strip().partition("%")
    if rest or not re.fullmatch(r"\d+(\.\d+)?|\.\d+", number.strip()):
        raise ValueError(f"noise {text!r} is not a share; write it like 20% or 0.2")
    return float(number) / (100.0 if percent else 1.0)


def _example(known: dict[str, inspect.Parameter]) -> str:
    needed = [k for k, p in known.items() if p.default is inspect.Parameter.empty]
    return ",".join(f"{k}={'100' if k in _RATES else '10s'}" for k in needed)


def finite(shape: Shape, length: float | None, default: float) -> Shape:
    """``shape`` cut to ``length`` seconds; to ``default`` seconds when it is endless and no length is given."""
    if length is None:
        return shape.cut(default) if math.isinf(shape.duration) else shape
    return shape.cut(length)

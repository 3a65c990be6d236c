"""Words: the only place where a reason becomes prose. English, Korean, Japanese."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import Any

from fleetfoot.core.model import Decision, Reason, Want
from fleetfoot.core.sentences import (
    CLOCKS,
    EXTRA,
    FLIP,
    FORECASTS,
    GROW,
    GUARD,
    HELD,
    LEARNT,
    POOL,
    SENTENCES,
    SOONER,
    TERM_FIELDS,
    TERMS,
    UPPER,
    WANTED,
)
from fleetfoot.core.warm import Pool

LANGUAGES = tuple(SENTENCES)


class _Fields(dict[str, object]):
    """Unknown fields show as a question mark: a sentence never fails for want of a number."""

    def __missing__(self, key: str) -> object:
        return "?"


def number(value: object) -> str:
    """A figure as a person writes it: 212, 8.5, 0.031."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
        return str(value)
    if isinstance(value, int) or value == int(value):
        return str(int(value))
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def sentence(reason: Reason, lang: str = "en") -> str:
    """One reason in words. An unknown language raises KeyError naming it; an unknown code is told as it is."""
    template = SENTENCES[lang].get(str(reason.code))
    if template is None:
        return str(reason.code)
    return template.format_map(_fields(reason.data, lang))


def _fields(data: Mapping[str, float | int | str], lang: str) -> _Fields:
    fields = _Fields({name: number(value) for name, value in data.items()})
    for name, value in data.items():
        if name in TERM_FIELDS:
            fields[name] = TERMS[lang].get(str(value), value)
        elif isinstance(value, (int, float)) and isfinite(value):
            fields[f"{name}_s"] = number(round(value / 1000)) if value >= 1000 else number(value / 1000)
            fields[f"{name}_pct"] = f"{value:.0%}"
    extra, sooner, flip = data.get("extra", 0), data.get("sooner", 0), data.get("flip")
    more = EXTRA[lang].format(extra=extra) if extra else ""
    fields[f"extra_{lang}"] = more + (SOONER[lang].format(sooner=sooner) if sooner else "")
    fields[f"flip_{lang}"] = FLIP[lang].format(flip=number(flip)) if flip is not None else ""
    fields[f"upper_{lang}"] = UPPER[lang] if data.get("upper") else ""
    return fields


def headline(decision: Decision, lang: str = "en") -> str:
    """ "8 -> 14" or "held at 14"."""
    frame = HELD if decision.desired == decision.current else GROW
    return frame[lang].format(current=decision.current, desired=decision.desired)


def why(decision: Decision, lang: str = "en") -> list[str]:
    """The reasons of a decision: what was wanted and why, then what each guard did, one line each."""
    lines = [sentence(reason, lang) for reason in decision.reasons]
    lines += [
        GUARD[lang].format(guard=t.guard, before=t.before, after=t.after, why=sentence(t.reason, lang))
        for t in decision.trail
    ]
    return lines


def votes(decision: Decision, lang: str = "en") -> str:
    """ "default wanted 14, target cpu wanted 9"."""
    told = [
        WANTED[lang].format(policy=name, count=vote.tasks)
        if isinstance(vote, Want)
        else f"{name}: {sentence(vote.reason, lang)}"
        for name, vote in decision.votes
    ]
    return ", ".join(told)


def pool(size: Pool, lang: str = "en") -> str:
    """The warm pool in one line."""
    return POOL[lang].format(tasks=size.tasks, why=sentence(size.reason, lang))


def clocks(spans: Sequence[float | None], lang: str = "en") -> str:
    """The four clocks (ms, None = not known) in one line; empty when none is known."""
    title, names, comma = CLOCKS[lang]
    known = [name.format(s=f"{ms / 1000:.1f}") for name, ms in zip(names, spans, strict=True) if ms is not None]
    return title + comma.join(known) if known else ""


def learnt(facts: Mapping[str, Any], at: Callable[[int], str], lang: str = "en") -> str:
    """What the engine has learnt of a service, as ``status`` has it, in one line; empty when that is nothing.

    ``at`` writes an instant (ms).
    """
    said, parts = LEARNT[lang], []
    if facts.get("startup_p50"):
        seconds = {name: number(facts[f"startup_{name}"] / 1000) for name in ("p50", "p95")}
        parts.append(said["startup"].format_map(seconds))
    for own in facts["policies"].values():
        if own.get("quick"):
            parts.append(said["quick"].format(quick=f"{own['quick']:.0f}"))
        if "forecast" in own:
            member = FORECASTS[lang][own["forecast"]]
            parts.append(said["forecast"].format(forecast=member, margin=f"{own['margin']:.0%}"))
        for surge in own.get("surges", [])[:1]:
            fields = {"rate": number(surge["rate"]), "period": _period(surge["period"], lang), "at": at(surge["at"])}
            parts.append(said["surges"].format_map(fields))
    return said["title"] + said["comma"].join(parts) if parts else ""


def _period(ms: int, lang: str) -> str:
    """90 min, 2 h, 24 h: as exact as a period is kept."""
    minutes = round(ms / 60_000)
    exact = minutes >= 120 and minutes % 60 == 0
    return LEARNT[lang]["h" if exact else "min"].format(n=minutes // 60 if exact else minutes)


def tell(decision: Decision, lang: str = "en") -> str:
    """The whole decision in one line."""
    return f"{headline(decision, lang)}  {'; '.join(why(decision, lang))}"

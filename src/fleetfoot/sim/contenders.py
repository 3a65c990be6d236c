"""Who takes part in a comparison: policies of fleetfoot, the peers' scalers, and the bounds."""

from __future__ import annotations

from difflib import get_close_matches

from fleetfoot.core.policies import POLICIES
from fleetfoot.sim.live import PLANE, SOURCES, Source, engine
from fleetfoot.sim.rivals import RIVALS, fixed_peak, make
from fleetfoot.sim.rivals.published import published
from fleetfoot.sim.scaler import Scaler
from fleetfoot.sim.setup import Setup
from fleetfoot.spec import Service, SpecErrors, loads

YOURS = "yours"  # the service with its policies as its file has them
PUBLISHED = "as published"  # the peer's scaler the service's policies come from
FIXED = "fixed peak"
BOUNDS = ("clairvoyant", "reactive limit")
ALL_RIVALS = "rivals"
#: What a comparison runs where nobody says.
USUAL = ("slo", "default", "kpa concurrency", "hpa requests", "aws target tracking 20 s", "aws target tracking 60 s")


def names() -> list[str]:
    """Everything a user may name."""
    return [YOURS, PUBLISHED, *POLICIES, *RIVALS, FIXED, ALL_RIVALS]


def named(words: str, yours: bool) -> list[str]:
    """The contenders of ``slo, hpa requests, rivals``, each once. ``yours``: whether there is a file.

    Raises ValueError for a name that is none, with the nearest one.
    """
    found: list[str] = []
    for word in filter(None, (" ".join(part.split()).lower() for part in words.split(","))):
        if word == ALL_RIVALS:
            found += [*RIVALS, FIXED]
        elif word in (YOURS, PUBLISHED) and not yours:
            raise ValueError(f"{word} means the policies of a fleetfoot.yaml: give the file")
        elif word in names():
            found.append(word)
        else:
            raise ValueError(f"no policy or rival {word!r}{_near(word, names())} There are: {', '.join(names())}")
    if not found:
        raise ValueError(f"name a policy or a rival: {', '.join(names())}")
    return list(dict.fromkeys(found))


def source_named(text: str) -> Source:
    """``plane``, ``cloudwatch 60s``, ``metrics-server``... Raises ValueError with the nearest name."""
    word = text.lower().replace(" ", "").removesuffix("s") if text.lower() != "metrics-server" else "metrics-server"
    for name, source in SOURCES.items():
        if word in (name, name.removesuffix("s")):
            return source
    raise ValueError(f"no metrics {text!r}{_near(word, list(SOURCES))} There are: {', '.join(SOURCES)}")


def _near(word: str, known: list[str]) -> str:
    begun = [name for name in known if name.startswith(word)] or get_close_matches(word, known, 1, 0.5)
    return f"; did you mean {begun[0]!r}?" if begun else "."


def with_policy(service: Service, kind: str) -> Service:
    """``service`` under the policy ``kind`` with its defaults. Raises ValueError where it has none."""
    text = f"services: {{x: {{target: dryrun, policies: [{kind}]}}}}"
    try:
        policies = loads(text).services["x"].policies
    except SpecErrors as errors:
        why = errors.errors[0].message
        raise ValueError(f"{kind}: {why}. Put it into a fleetfoot.yaml and compare {YOURS!r}") from None
    return service.model_copy(update={"policies": policies})


def measured(setup: Setup) -> Service:
    """The service of the measuring plant, as one would write it."""
    text = f"""
services:
  measured:
    target: dryrun
    objective: {{p95: {setup.objective:g}ms}}
    capacity: {{min: {setup.minimum}, max: {setup.maximum}}}
    task: {{throughput: {setup.throughput:g}/s, startup: {setup.lead / 1000:g}s, drain: {setup.drain / 1000:g}s}}
"""
    return loads(text).services["measured"]


def scaler(name: str, setup: Setup, service: Service, peak: float, source: Source = PLANE) -> Scaler:
    """A fresh contender. ``peak``: requests/s, for who may know it; ``source``: for fleetfoot's own policies."""
    if name == PUBLISHED:
        return published(service, name)
    if name == FIXED:
        return fixed_peak(setup, peak)
    if name in RIVALS:
        return make(name, setup)
    return engine(service if name == YOURS else with_policy(service, name), source, name)

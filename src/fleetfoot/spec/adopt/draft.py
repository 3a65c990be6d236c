"""A service as it will stand in fleetfoot.yaml, and the text of the file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from fleetfoot.spec.adopt.at import At
from fleetfoot.spec.forms import plain
from fleetfoot.spec.signals import is_built_in

#: What another scaler does not have: with these switched off nothing but the imported policies shapes the count.
BARE = {
    "stabilisation": "{out: 0, in: 0}", "cooldown": "{out: 0, in: 0}", "rate": "off", "pay": "off", "incident": "off",
}  # fmt: skip
REQUESTS = re.compile(
    r"((http|https|istio|ingress|nginx_ingress_controller|traefik_service|server|app)[_./-])*(rps|qps|requests?)"
    r"([_./-]?(total|rate|count|(per|/)[_-]?s(ec(ond)?)?))*",
    re.IGNORECASE,
)
#: Lines of YAML: where the tasks are, as far as a file tells.
DRYRUN = ("target: dryrun                 # it only says what it would do; with local and run it starts tasks",)


@dataclass
class Draft:
    """One service. ``policies``: lines of YAML, unindented; ``notes``: what was not, or not fully, carried over."""

    name: str
    origin: str  # what it was, and file:line
    at: At  # where it was
    minimum: int = 1
    maximum: int = 10
    policies: list[str] = field(default_factory=list)
    guards: dict[str, str] = field(default_factory=lambda: dict(BARE))
    signals: dict[str, str] = field(default_factory=dict)
    task: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    waits: dict[str, tuple[float, float]] = field(default_factory=dict)  # guard -> s out and in, of AWS's policies
    target: Sequence[str] = DRYRUN

    def note(self, place: str, text: str) -> None:
        line = f"{place}: {text}"
        if line not in self.notes:
            self.notes.append(line)

    def own(self, metric: str, place: str, names: Mapping[str, str], what: str) -> str:
        """The signal that stands for a foreign ``metric``: as the user says, a built-in one, or one of the app's."""
        if metric in names and is_built_in(names[metric]):
            return names[metric]
        snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", metric)
        if metric not in names and REQUESTS.fullmatch(snake):
            self.note(place, f"{what} {metric} is taken for the signal requests, in requests a second")
            return "requests"
        name = signal_name(names.get(metric, snake))
        self.signals[name] = f"{{from: agent, metric: app.{name}}}"
        self.note(
            place,
            f"{what} {metric} has no source here: the app must push it as app.{name} (docs/agent.md); until then it is "
            f"missing, and nothing scales in. --signal '{metric}=SIGNAL' takes a signal fleetfoot has instead",
        )
        return name


def signal_name(text: str) -> str:
    """A name fleetfoot.yaml allows a signal."""
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:40] or "metric"
    return name if name[0].isalpha() else f"m_{name}"[:40]


def flow(pairs: Iterable[tuple[str, object]]) -> str:
    """``{a: 1, b: x}``."""
    return "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"


def seconds(value: float) -> str:
    """``300`` -> ``5m``."""
    if value and value % 60 == 0:
        return f"{plain(value / 60)}m"
    return f"{plain(value)}s" if value else "0"


def quoted(text: str) -> str:
    """``text`` as a scalar of one line."""
    return text if re.fullmatch(r"[A-Za-z][A-Za-z0-9 _./-]*", text) else json.dumps(text)


def service_name(text: str, taken: Iterable[str]) -> str:
    """A name fleetfoot.yaml allows, and that is not taken."""
    base = re.sub(r"[^a-z0-9-]+", "-", text.lower()).strip("-")[:36] or "service"
    name, number, known = base, 1, set(taken)
    while name in known:
        number += 1
        name = f"{base}-{number}"
    return name


def render(drafts: Sequence[Draft]) -> str:
    """The file, with every note as a comment above its service."""
    lines = [
        "# Written by fleetfoot. It decides as the scaler it comes from does; each NOTE is something that",
        "# was not, or not fully, carried over. `fleetfoot check` says in words what it means.",
        "",
        "services:",
    ]
    for draft in drafts:
        lines += ["", *_service(draft)] if lines[-1] != "services:" else _service(draft)
    return "\n".join(lines) + "\n"


def _service(draft: Draft) -> Iterator[str]:
    yield f"  # {draft.origin}"
    yield from (f"  # NOTE {text}" for text in draft.notes)
    yield f"  {draft.name}:"
    yield from (f"    {line}" for line in draft.target)
    yield "    objective: {p95: 1s}           # the scaler promised nothing: write what you promise"
    yield f"    capacity: {{min: {draft.minimum}, max: {draft.maximum}}}"
    if draft.task:
        yield f"    task: {flow(draft.task.items())}"
    if draft.signals:
        yield "    signals:"
        yield from (f"      {name}: {text}" for name, text in draft.signals.items())
    yield "    policies:"
    yield from (f"      {line}" for line in draft.policies)
    yield "    guards:                        # what the scaler does not have; without a line fleetfoot's own holds"
    yield from (f"      {name}: {text}" for name, text in draft.guards.items())

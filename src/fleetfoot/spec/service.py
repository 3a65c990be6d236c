"""One of ``services``."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, field_validator, model_validator

from fleetfoot.spec.balancer import Balancer
from fleetfoot.spec.capacity import Capacity
from fleetfoot.spec.ecs import Ecs, misplaced
from fleetfoot.spec.errors import Wrong, raise_if_any, shown
from fleetfoot.spec.forms import ChoiceForm, TextForm, VerbatimForm, matching
from fleetfoot.spec.guards import Guards
from fleetfoot.spec.health import Health
from fleetfoot.spec.objective import Objective
from fleetfoot.spec.part import Part
from fleetfoot.spec.policies import BacklogPolicy, DefaultPolicy, ForecastPolicy, PolicySpec, SchedulePolicy, with_names
from fleetfoot.spec.policies.forecast import MOST, RAISE
from fleetfoot.spec.policies.schedule import ScheduleWindow
from fleetfoot.spec.provision import Provision
from fleetfoot.spec.signals import SignalSpec, is_built_in, unknown_signal
from fleetfoot.spec.task import Task
from fleetfoot.spec.update import Update

FIRST_PORT = 8080
PRIORITIES = ("critical", "high", "normal", "low")


def _listen(text: str) -> str:
    match = re.fullmatch(r"(?:([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):)?([0-9]{1,5})", text)
    if match is None:
        suggestion = f"did you mean '127.0.0.1{text}'?" if re.fullmatch(r":[0-9]{1,5}", text) else ""
        raise Wrong(f"{shown(text)} is not an address: write host:port, such as 127.0.0.1:8080", suggestion=suggestion)
    if int(match[2]) > 65_535:
        raise Wrong(f"port {match[2]} is out of range: allowed is 1 to 65535, or 0 for any free port")
    return f"{match[1] or '127.0.0.1'}:{int(match[2])}"


_app = matching(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*", "is not a Python app: write module:attribute, such as orders:app")


def _too_high(most: int, index: int, name: str, window: ScheduleWindow) -> Wrong | None:
    """A floor above the maximum, which only a written max raises."""
    if window.min is None or window.min <= (window.max or most):
        return None
    message = (
        f"min {window.min} is above capacity.max {most}: write max: {window.min} beside it to raise that meanwhile"
    )
    return Wrong(message, at=("policies", index, "schedule", name, "min"), about=[("capacity",)])


class Service(Part):
    """One service: a command, its promise, and how it scales."""

    hidden: ClassVar[frozenset[str]] = frozenset({"name"})
    shapes: ClassVar[dict[str, dict[str, Any]]] = {
        "env": {
            "type": "object",
            "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"},
            "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
        }
    }
    example: ClassVar[str] = "{run: uvicorn app:app --port $PORT, objective: {p95: 1s}}"

    name: str = ""
    """The key it stands under."""
    run: Annotated[str, TextForm("a command", "uvicorn app:app --port $PORT")] | None = None
    """Any command that listens on $PORT; the shell runs it, one process per task. Required for target local."""
    start: Annotated[str, ChoiceForm(("command", "zygote"))] = "command"
    """How a task starts: command runs run; zygote imports app once and forks each task from there, in a
    few milliseconds. Default command: it works for every program."""
    app: Annotated[str, TextForm("a Python app", "module:app", _app)] | None = None
    """The ASGI or WSGI app of start zygote. It must start no thread, event loop or connection while it is
    imported; that is refused."""
    directory: Annotated[str, TextForm("a directory", "app or /srv/app")] | None = None
    """Where the command runs. Default: the directory of this file."""
    env: dict[str, Annotated[str, VerbatimForm()]] = Field(default={})
    """Environment variables of the tasks, beside PORT and FLEETFOOT_* which are given."""
    listen: Annotated[str, TextForm("an address", "127.0.0.1:8080", _listen)] = f"127.0.0.1:{FIRST_PORT}"
    """Where the balancer listens, host:port; port 0 takes any free one. Default 127.0.0.1:8080, the next
    service 8081 and so on: nothing is open to the network unless you write so."""
    target: Annotated[str, ChoiceForm(("local", "dryrun", "ecs"), ("asg", "kubernetes", "rds-replicas"))] = "local"
    """Where tasks run: local starts them on this machine, dryrun only says what it would do, ecs sets the count of a
    service on Amazon ECS (`fleetfoot control`). Default local: it needs nothing but this machine."""
    ecs: Ecs = Ecs()
    """Which service target ecs scales."""
    priority: Annotated[str, ChoiceForm(PRIORITIES)] = "normal"
    """Who comes first where services share a limit: the more important is granted all it wishes before the next.
    Default normal."""
    objective: Objective = Objective()
    """The promise to the users."""
    capacity: Capacity = Capacity()
    """Bounds of the task count."""
    task: Task = Task()
    """What one task can do and needs."""
    signals: dict[str, SignalSpec] = Field(default={})
    """Signals of your own, by name, and what is agreed on any of them. Built in are requests, latency, errors,
    in_flight, queue, completed, cpu, memory and app.NAME."""
    policies: tuple[PolicySpec, ...] = (DefaultPolicy(name="default"),)
    """How many tasks are wanted; the highest wish grows, a shrink needs all. Default: the policy default."""
    guards: Guards = Guards()
    """What may hold a decision back."""
    health: Health = Health()
    """Readiness and liveness."""
    balancer: Balancer = Balancer()
    """Limits of the balancer."""
    update: Update = Update()
    """How a new version comes in, and when it is taken back."""
    provision: Provision = Provision()
    """What `fleetfoot synth` needs beside it to write a template for AWS. The controller does not read it."""

    @classmethod
    def hint(cls, key: str) -> str:
        for part, field in cls.model_fields.items():
            inner = field.annotation
            if isinstance(inner, type) and issubclass(inner, Part) and inner.known(key):
                return f"it belongs under '{part}'"
        return super().hint(key)

    @field_validator("env", mode="before")
    @classmethod
    def _env(cls, env: Any) -> Any:
        wrongs = []
        for key in env if isinstance(env, dict) else ():
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key):
                message = f"{shown(key)} is no name of a variable: write letters, digits and '_'"
                wrongs.append(Wrong(message, at=(key,), on_key=True))
            elif key == "PORT" or key.startswith("FLEETFOOT_"):
                wrongs.append(Wrong(f"{key} is set by fleetfoot: remove it", at=(key,), on_key=True))
        raise_if_any(wrongs)
        return {k: "" if v is None else v for k, v in env.items()} if isinstance(env, dict) else env

    @field_validator("signals", mode="before")
    @classmethod
    def _signals(cls, signals: Any) -> Any:
        wrongs = []
        for key in signals if isinstance(signals, dict) else ():
            if not is_built_in(key) and not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", key):
                message = f"{shown(key)} is not allowed: a signal's name is small letters, digits and '_'"
                wrongs.append(Wrong(message, at=(key,), on_key=True))
        raise_if_any(wrongs)
        return signals

    @field_validator("signals", mode="after")
    @classmethod
    def _fitting(cls, signals: dict[str, SignalSpec]) -> dict[str, SignalSpec]:
        wrongs = [wrong.under(name) for name, signal in signals.items() for wrong in signal.misfits(name)]
        above = [name for name, signal in signals.items() if signal.formula is None]
        for name, signal in signals.items():
            for read in signal.formula.reads if signal.formula is not None else ():
                if not is_built_in(read) and read not in above:
                    below = f"{read} is no signal above it: a formula reads those, the built-in ones and app.NAME"
                    unknown = unknown_signal(read, above, at=(name, "formula"))
                    wrongs.append(Wrong(below, at=(name, "formula")) if read in signals else unknown)
            if signal.formula is not None:
                above.append(name)
        raise_if_any(wrongs)
        return signals

    @field_validator("policies", mode="before")
    @classmethod
    def _one_policy(cls, policies: Any) -> Any:
        if isinstance(policies, (list, tuple)) and not policies:
            raise Wrong("is empty: write a policy, or leave policies out for the default one")
        return policies

    @field_validator("policies", mode="after")
    @classmethod
    def _names(cls, policies: tuple[Any, ...]) -> tuple[Any, ...]:
        return with_names(policies)

    @model_validator(mode="after")
    def _rules(self) -> Self:
        wrongs: list[Wrong | None] = []
        if self.start == "zygote" and self.app is None:
            wrongs.append(Wrong("missing: start zygote needs the app, such as module:app", at=("app",)))
        if self.start == "zygote" and self.run is not None:
            wrongs.append(Wrong("is not used by start zygote: remove it", at=("run",), on_key=True))
        if self.start != "zygote" and self.app is not None:
            wrongs.append(Wrong("is used by start zygote only: write start: zygote, or remove it", at=("app",)))
        if self.target == "local" and self.run is None and self.app is None:
            message = "missing: target local needs the command to run, such as uvicorn app:app --port $PORT"
            wrongs.append(Wrong(message, at=("run",), about=[("target",)]))
        wrongs += misplaced(self.target, "ecs" in self.model_fields_set, self.task.warm.max == 0)
        forecasts = [index for index, policy in enumerate(self.policies) if policy.kind == "forecast"]
        for index in forecasts[1:]:
            message = "a service has one forecast: remove this one"
            wrongs.append(Wrong(message, at=("policies", index, "forecast"), on_key=True))
        for index, policy in enumerate(self.policies):
            if isinstance(policy, BacklogPolicy):
                lacking = policy.lacks(self.task.throughput)
                wrongs += [wrong.under("policies", index, policy.kind) for wrong in lacking]
            for path, signal in policy.signals():
                if not is_built_in(signal) and signal not in self.signals:
                    at: tuple[str | int, ...] = ("policies", index, policy.kind, *path)
                    wrongs.append(unknown_signal(signal, self.signals, at=at, on_key=path[-1] != "signal"))
            if isinstance(policy, SchedulePolicy):
                wrongs += [_too_high(self.capacity.max, index, *named) for named in policy.windows.items()]
        raise_if_any([wrong for wrong in wrongs if wrong is not None])
        return self

    @property
    def most(self) -> int:
        """The largest count any rule of the file allows: capacity.max, the highest max of a schedule's windows, or
        what a forecast may raise it to."""
        schedules = [policy for policy in self.policies if isinstance(policy, SchedulePolicy)]
        raised = any(isinstance(policy, ForecastPolicy) and policy.on_breach == RAISE for policy in self.policies)
        most = self.capacity.max * (MOST if raised else 1)
        return max([most, *(w.max or 0 for schedule in schedules for w in schedule.windows.values())])

"""``backlog``: workers by what waits in a queue."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Self

from pydantic import model_validator

from fleetfoot.spec.errors import Wrong, listed, raise_if_any
from fleetfoot.spec.forms import NumberForm
from fleetfoot.spec.policies.base import Policy, SignalName
from fleetfoot.spec.signals import unit_of
from fleetfoot.spec.units import DurationForm

OBJECTIVES = ("per task", "drain", "age")


class BacklogPolicy(Policy):
    """As many workers as a queue of messages needs, from and to zero: by its length, by the time to drain it, or by
    the age of its oldest message.
    """

    kind: ClassVar[str] = "backlog"
    shape_rules: ClassVar[dict[str, Any]] = {"oneOf": [{"required": [key]} for key in OBJECTIVES]}
    example: ClassVar[str] = "{signal: jobs, per task: 10}"

    signal: SignalName
    """How many messages wait; with age, how many seconds the oldest has waited. Required."""
    per_task: Annotated[float, NumberForm(above=0)] | None = None
    """Messages one worker stands for. Exactly one of per task, drain and age."""
    drain: Annotated[int, DurationForm(low=1000)] | None = None
    """The time in which the queue is to be empty; needs task.throughput, the messages/s of one worker."""
    age: Annotated[int, DurationForm(low=1000)] | None = None
    """How long the oldest message may wait."""
    in_flight: SignalName | None = None
    """The signal of the messages being worked on, which count too. Default: none; the first signal has them, or nobody
    tells."""
    activation: Annotated[float, NumberForm(low=0)] = 0
    """How many messages are too few for the first worker, and for keeping the last; with age, seconds. Default 0: one
    message at zero workers starts one."""

    @model_validator(mode="after")
    def _rules(self) -> Self:
        written = [key for key in OBJECTIVES if getattr(self, key.replace(" ", "_")) is not None]
        wrongs = []
        if not written:
            wrongs.append(
                Wrong(f"missing: write {listed(OBJECTIVES)}", at=("per task",), about=[(key,) for key in OBJECTIVES])
            )
        wrongs += [
            Wrong(f"{written[0]} and {key} exclude each other: write one", at=(key,), on_key=True)
            for key in written[1:]
        ]
        for key, signal in (("signal", self.signal), ("in flight", self.in_flight)):
            if signal is not None and type(unit_of(signal)) is not NumberForm:
                wrongs.append(
                    Wrong(f"{signal} is no count of messages: name a signal that is a plain number", at=(key,))
                )
        raise_if_any(wrongs)
        return self

    def signals(self) -> list[tuple[tuple[str | int, ...], str]]:
        return super().signals() + ([(("in flight",), self.in_flight)] if self.in_flight else [])

    def lacks(self, throughput: float | None) -> list[Wrong]:
        """What the service's task must say for it."""
        if self.drain is None or throughput is not None:
            return []
        message = "needs task.throughput, the messages/s one worker handles: write it, or per task in place of drain"
        return [Wrong(message, at=("drain",))]

"""What all policies have, and the values their settings are written in."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from fleetfoot.spec.errors import Wrong, nearest, shown
from fleetfoot.spec.forms import Form, NumberForm, TextForm, matching
from fleetfoot.spec.part import Part
from fleetfoot.spec.signals import UNITS, is_built_in, unit_of, unknown_signal
from fleetfoot.spec.units import DurationForm


class ValueForm(Form):
    """A value in the unit of the policy's signal; ``rewrite`` has read it already."""

    noun = "a value in the signal's unit"
    examples = "100/s, 800ms, 70% or 40"

    def parse(self, text: str) -> float:
        return float(NumberForm().read(text))

    def python(self, value: Any) -> float:
        return float(super().python(value))

    def schema(self) -> dict[str, Any]:
        return {"type": ["string", "number"]}


_name = matching(
    r"[a-z0-9][a-z0-9 _-]{0,39}", "is not allowed: a name is 1 to 40 small letters, digits, spaces, '_' and '-'"
)


Name = Annotated[str, TextForm("a name", "requests", _name)]
SignalName = Annotated[str, TextForm("the name of a signal", "requests, latency or cpu")]
Value = Annotated[float, ValueForm()]
Window = Annotated[int, DurationForm(low=1000, high=3_600_000)]
Cooldown = Annotated[int, DurationForm(high=86_400_000)]


def value_of(signal: str, value: Any, *at: str) -> Any:
    """``value`` in the unit of ``signal``; what is no text is left as it is.

    A misspelt built-in signal is told as that: its value cannot be judged.
    """
    if not isinstance(value, str):
        return value
    try:
        return unit_of(signal).read(value)
    except Wrong as wrong:
        if not is_built_in(signal) and nearest(signal, UNITS):
            named = at if at[-1] == signal else ("signal",)
            raise unknown_signal(signal, at=named, on_key=named is at) from None
        raise Wrong(f"{wrong.message} (the unit of {signal})", at=at, suggestion=wrong.suggestion) from None


def signal_first(data: dict[str, Any]) -> str:
    """The signal's name, without which no threshold has a unit."""
    signal = data.get("signal")
    if signal is None:
        raise Wrong("missing: write the signal to watch, such as requests, latency or cpu", at=("signal",))
    if not isinstance(signal, str):
        raise Wrong(f"must be the name of a signal, not {shown(signal)}", at=("signal",))
    return signal.strip()


class Policy(Part):
    """What all policies have."""

    kind: ClassVar[str] = ""

    name: Name = ""
    """Its name in reasons and in memory, unique in the service. Default: its kind; a second one is step-2."""

    def signals(self) -> list[tuple[tuple[str | int, ...], str]]:
        """The signals it reads, each with the path of the key that names it."""
        signal = getattr(self, "signal", None)
        return [(("signal",), signal)] if signal else []

    @property
    def grows(self) -> bool:
        """Whether its wish can ever be more than there is."""
        return True

    @property
    def shrinks(self) -> bool:
        """Whether its wish can ever be less."""
        return True

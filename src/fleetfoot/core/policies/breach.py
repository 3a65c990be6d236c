"""What step scaling and thresholds share: a relative change counts from the count at which its breach began.

While the tasks of a step start, and during the policy's own cooldown, only the difference to a larger
step is added (the form of AWS Application Auto Scaling: growth inside a cooldown counts the earlier
growth, shrink waits for its end, growth during a shrink's cooldown acts at once). A cooldown begins
when the count really moved the way the policy asked, not when it asked: a guard may have said no.
"""

from __future__ import annotations

from fleetfoot.core.memory import Slice
from fleetfoot.core.view import View


def confirm(view: View, mine: Slice, cooldown: int) -> None:
    """Begin the cooldown (ms) of what was asked at the step before, if it happened. Call first in every vote."""
    asked = mine.get("asked")
    if asked is None:
        return
    mine["asked"] = None
    before, want = asked
    if want > before and view.current > before:
        mine["until"] = view.now + cooldown
    elif want < before and view.current < before:
        mine["shrunk_until"] = view.now + cooldown
        mine["base"] = None


def base(view: View, mine: Slice) -> int:
    """The count a relative growth step starts from; begins a breach when none is on."""
    began = mine.get("base")
    if began is None or (view.now >= mine.get("until", 0) and view.coming() == 0):
        began = mine["base"] = view.current
    return int(began)


def over(view: View, mine: Slice) -> None:
    """The breach has ended; its base is kept while the cooldown lasts."""
    if view.now >= mine.get("until", 0):
        mine["base"] = None


def ask(view: View, mine: Slice, want: int) -> int:
    mine["asked"] = [view.current, want]
    return want


def may_shrink(view: View, mine: Slice) -> bool:
    return bool(view.now >= mine.get("until", 0) and view.now >= mine.get("shrunk_until", 0))

"""What a guard is: a pure function that corrects a count and says why, or lets it pass with None.

``count`` is what came out of the guard before; a growth is ``count > view.current``. A guard reads the
view and its own slice of the memory. It may refuse growth; only the bounds go below the present count.
One guard alone, pay, also corrects what was learnt.
"""

from __future__ import annotations

from collections.abc import Callable

from fleetfoot.core.memory import Slice
from fleetfoot.core.model import Reason
from fleetfoot.core.view import View

Verdict = tuple[int, Reason] | None
Guard = Callable[[int, View, Slice], Verdict]

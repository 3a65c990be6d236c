"""Signals as a queue that can be waited for. Standard library only: the keeper imports this."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterable


class Signals:
    """Those of ``numbers`` that came. ``wake`` is readable when there may be one; nothing else happens on a signal."""

    def __init__(self, numbers: Iterable[signal.Signals]) -> None:
        self.come: list[int] = []
        self.wake, self._waker = socket.socketpair()
        self.wake.setblocking(False)
        self._waker.setblocking(False)
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        for number in numbers:
            signal.signal(number, lambda got, _: self.come.append(got))

    def take(self) -> list[int]:
        """Those that came since, in order."""
        taken, self.come = self.come, []
        return taken

    def close(self) -> None:
        signal.set_wakeup_fd(-1)
        self.wake.close()
        self._waker.close()

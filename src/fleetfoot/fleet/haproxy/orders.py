"""What to tell HAProxy so that it treats the tasks as wanted: the difference to what it was told before.

Deleting has an order of its own: a server is deleted only in ``maint``, and not while a request is on it. So the
sessions are shut down first (those that may be sent twice go to another server, the others get 502) and the deletion
is asked for again until HAProxy says that the server is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .tasks import DRAINS, Task, Wanted

FLEET, STREAMS = "fleet", "streams"
_POOL = "pool-max-conn -1 pool-purge-delay 5s"
#: A refused connection takes the server out at once; HAProxy's own look every 500 ms brings it back.
_CHECK = "check inter 5s fastinter 500ms downinter 500ms rise 1 fall 2 observe layer4 error-limit 1 on-error mark-down"


class Orders:
    """What one HAProxy process was told. Make a new one for a new process."""

    def __init__(self) -> None:
        self._told: dict[str, Wanted] = {}  # by server
        self._leaving: list[str] = []

    def to(self, wanted: Iterable[tuple[Task, Wanted]]) -> list[str]:
        """The commands, in order. They count as told."""
        commands: list[str] = []
        for task, want in wanted:
            commands += _change(task, self._told.get(task.server), want)
            self._told[task.server] = want
        return commands

    def doubt(self) -> None:
        """Some commands may not have been heard: everything is to be told again."""
        self._told.clear()

    def drains(self, server: str) -> bool:
        """HAProxy was told to send it nothing more."""
        told = self._told.get(server)
        return told is not None and told.state == DRAINS

    def forget(self, server: str) -> None:
        """The task of this server is gone."""
        self._told.pop(server, None)
        self._leaving.append(server)

    def deletions(self) -> list[tuple[str, Sequence[str]]]:
        """(server, commands) for each that leaves; the last command of each backend answers ``Server deleted``."""
        return [(server, [command for at in (FLEET, STREAMS) for command in _delete(at, server)])
                for server in self._leaving]  # fmt: skip

    def deleted(self, server: str) -> None:
        """HAProxy knows it no more."""
        self._leaving.remove(server)


def _change(task: Task, told: Wanted | None, want: Wanted) -> list[str]:
    server, commands = task.server, []
    if told is None:  # or not known to be: then all but ``add server`` says it again
        where = f"127.0.0.1:{task.port}"
        commands = [
            f"add server {FLEET}/{server} {where} {_CHECK} {_POOL}",
            f"enable health {FLEET}/{server}",
            f"add server {STREAMS}/{server} {where} {_POOL}",
        ]
    if told is None or want.weight != told.weight:
        commands += [f"set server {at}/{server} weight {want.weight}" for at in (FLEET, STREAMS)]
    if want.limit != (told.limit if told is not None else 0):
        commands.append(f"set maxconn server {FLEET}/{server} {want.limit}")
    if told is None or want.state != told.state:
        commands += [f"set server {at}/{server} state {want.state}" for at in (FLEET, STREAMS)]
    return commands


def _delete(at: str, server: str) -> list[str]:
    name = f"{at}/{server}"
    return [f"set server {name} state maint", f"shutdown sessions server {name}", f"del server {name}"]

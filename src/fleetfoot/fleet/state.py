"""The state folder: what must outlive a killed process. Standard library only: the keeper imports this.

    keeper.lock              held by the living keeper; its pid inside
    keeper.json              keeper, plane and controller with their start times
    tasks/TASK.json          one file per living task
    services/SERVICE.json    desired count, running numbers, lost zones
    rollouts/SERVICE.json    the good version of a service that was updated, and the one being deployed
    logs/SERVICE/TASK.log    what the tasks wrote
    plane.sock               the admin socket

Every file is replaced in one step (a new file renamed over the old), so a reader sees the old or the
new one and never half. Nothing is synced to disk: after a power cut no process of ours lives, so
an empty or torn file is read as absent.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

_LOG_ROOM = 64 << 10  # bytes: with less on the disk a task is given no log
_TAIL = 4096  # bytes of a log that its last line is looked for in


@dataclass(slots=True)
class TaskRecord:
    """One living task. Times are CLOCK_MONOTONIC ms of this machine, so that they outlive the plane."""

    id: str
    service: str
    pid: int
    start: int  # /proc/PID/stat field 22
    pgid: int
    port: int
    zone: str
    revision: str
    spawned: int
    ready: int | None = None  # when it first became ready
    stopping: bool = False
    warm: bool = False  # beside the desired ones, stopped once it is ready


def write_json(path: Path, value: object) -> None:
    """Replace a file in one step, readable by its owner only. OSError when the disk refuses."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    data = json.dumps(value, separators=(",", ":")).encode()
    try:
        fd = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with open(fd, "wb") as file:  # noqa: PTH123
            file.write(data)
        scratch.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            scratch.unlink(missing_ok=True)
        raise


def read_json(path: Path) -> dict[str, Any]:
    """A file's object; empty when it is absent, torn or not an object."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


class Store:
    """The state folder of one fleet."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.tasks = root / "tasks"
        self.services = root / "services"
        self.rollouts = root / "rollouts"
        self.logs = root / "logs"
        self.keeper = root / "keeper.json"
        self.lock = root / "keeper.lock"
        self.socket = root / "plane.sock"

    def make(self) -> None:
        """Create the folders, closed to others. OSError when that cannot be."""
        for folder in (self.root, self.tasks, self.services, self.rollouts, self.logs):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def save_task(self, record: TaskRecord) -> None:
        write_json(self.tasks / f"{record.id}.json", asdict(record))

    def forget_task(self, task: str) -> None:
        with contextlib.suppress(OSError):
            (self.tasks / f"{task}.json").unlink(missing_ok=True)

    def load_tasks(self) -> list[TaskRecord]:
        """Every task on record, oldest first; a file that cannot be read as one is passed over."""
        names = [one.name for one in fields(TaskRecord)]
        found = []
        for path in self.tasks.glob("*.json"):
            raw = read_json(path)
            if all(isinstance(raw.get(key), int) for key in ("pid", "start", "pgid", "port", "spawned")):
                with contextlib.suppress(TypeError):
                    found.append(TaskRecord(**{key: raw[key] for key in names if key in raw}))
        return sorted(found, key=lambda one: (one.spawned, one.id))

    def save_service(self, name: str, value: Mapping[str, object]) -> None:
        write_json(self.services / f"{name}.json", value)

    def load_service(self, name: str) -> dict[str, Any]:
        return read_json(self.services / f"{name}.json")

    def save_rollout(self, name: str, value: Mapping[str, object]) -> None:
        write_json(self.rollouts / f"{name}.json", value)

    def load_rollout(self, name: str) -> dict[str, Any]:
        return read_json(self.rollouts / f"{name}.json")

    def log_path(self, service: str, task: str, keep: int) -> Path:
        """Where a new task writes; of the older files of its service the last ``keep`` stay.

        Nowhere while the disk is full: most programs end when they cannot write what they have to say.
        """
        folder = self.logs / service
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        aged = sorted((path.stat().st_mtime_ns, path) for path in folder.glob("*.log*"))
        for _, path in aged[: max(0, len(aged) - keep)]:
            path.unlink(missing_ok=True)
        disk = os.statvfs(folder)
        if disk.f_bavail * disk.f_frsize < _LOG_ROOM:
            return Path(os.devnull)
        return folder / f"{task}.log"


def tail(path: Path) -> str:
    """The last non-empty line of a log, shortened; empty when there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL))
            lines = file.read(_TAIL).decode(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1].strip()[:300] if lines else ""


def bound(path: Path, limit: int = 16 << 20, keep: int = 1 << 20) -> None:
    """Empty a log that outgrew ``limit`` bytes; its last ``keep`` bytes go to the file beside it.

    The task holds the file open for appending, so it writes on at the new end.
    """
    with contextlib.suppress(OSError):
        size = path.stat().st_size
        if size <= limit:
            return
        with path.open("rb+") as file:
            file.seek(size - keep)
            path.with_suffix(".log.1").write_bytes(file.read(keep))
            file.truncate(0)

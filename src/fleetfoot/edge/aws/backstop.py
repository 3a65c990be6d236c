"""Application Auto Scaling beside the controller: its scale-in suspended, its scale-out armed.

A dead controller then costs the time AWS's own scale-out takes, and nothing shrinks what we ordered. What was found is
kept in a file before anything is changed, so that it can be handed back as it was, by whichever process.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fleetfoot.edge.aws.errors import AwsError
from fleetfoot.edge.aws.services import EcsName
from fleetfoot.edge.aws.session import Aws

FILE = "suspended.json"
TARGETS = 50  # to a call
WHAT = {"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount"}
SCALE_IN = "DynamicScalingInSuspended"
KEYS = (SCALE_IN, "DynamicScalingOutSuspended", "ScheduledScalingSuspended")

State = dict[str, bool]


class Backstop:
    """The scalable targets of the services of one region."""

    def __init__(self, aws: Aws, names: Sequence[EcsName], folder: Path) -> None:
        """``folder``: where what was found is kept."""
        self._aws, self._names = aws, tuple(dict.fromkeys(name.resource for name in names))
        self._file = folder / FILE

    async def hold(self) -> list[str]:
        """Suspend what is not yet: the resources that were found. Raises AwsError and OSError."""
        found = await self._found()
        kept = self._kept()
        new = {self._key(name): state for name, state in found.items() if self._key(name) not in kept}
        if new:
            self._keep(kept | new)
        for name, state in found.items():
            if not state[SCALE_IN]:
                await self._set(name, state | {SCALE_IN: True})
        return list(found)

    async def release(self) -> list[str]:
        """Hand back what this region's services were found with. Raises AwsError and OSError."""
        kept = self._kept()
        back = [name for name in self._names if self._key(name) in kept]
        for name in back:
            await self._set(name, kept[self._key(name)])
            self._keep({key: state for key, state in self._kept().items() if key != self._key(name)})
        return back

    async def suspended(self) -> list[str]:
        """The resources whose scale-in is suspended now, by whomever. Raises AwsError."""
        return [name for name, state in (await self._found()).items() if state[SCALE_IN]]

    async def _found(self) -> dict[str, State]:
        found: dict[str, State] = {}
        for i in range(0, len(self._names), TARGETS):
            names = list(self._names[i : i + TARGETS])
            answer = await self._aws.call(
                "application-autoscaling", "DescribeScalableTargets", **WHAT, ResourceIds=names
            )
            for raw in answer.data["ScalableTargets"]:
                suspended: dict[str, Any] = raw.get("SuspendedState", {})
                found[str(raw["ResourceId"])] = {key: bool(suspended.get(key, False)) for key in KEYS}
        return found

    async def _set(self, name: str, state: State) -> None:
        await self._aws.call(
            "application-autoscaling", "RegisterScalableTarget", **WHAT, ResourceId=name, SuspendedState=state
        )

    def _key(self, name: str) -> str:
        return f"{self._aws.region} {name}"

    def _kept(self) -> dict[str, State]:
        try:
            kept: dict[str, State] = json.loads(self._file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError as failure:
            raise AwsError(f"{self._file}, how AWS's scaling was found, cannot be read: {failure}") from failure
        return kept

    def _keep(self, kept: dict[str, State]) -> None:
        if not kept:
            self._file.unlink(missing_ok=True)
            return
        beside = self._file.with_suffix(".new")
        with beside.open("w", encoding="utf-8") as file:
            json.dump(kept, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._file)

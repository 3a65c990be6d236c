"""STATE/up.json: what ``fleetfoot up`` leaves for the controller, however often it is started again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from fleetfoot.face.files import write_text


@dataclass(frozen=True, slots=True)
class Up:
    """The file as it was at ``up``, so that a later edit waits for a new ``up``."""

    state: Path
    source: str
    text: str
    lang: str = "en"
    beside: Path | None = None  # the state folder of the fleet that a shadow watches; None: there is none here
    watches: bool = False  # a shadow of services elsewhere

    @property
    def shadow(self) -> bool:
        """Whether it orders nothing."""
        return self.watches or self.beside is not None

    @classmethod
    def read(cls, path: Path) -> Up:
        """Raises OSError, ValueError or KeyError."""
        data = json.loads(path.read_text(encoding="utf-8"))
        beside = data.get("beside")
        return cls(
            Path(data["state"]), data["source"], data["text"], data.get("lang", "en"), Path(beside) if beside else None
        )

    def write(self, path: Path) -> None:
        data = {"state": str(self.state), "source": self.source, "text": self.text, "lang": self.lang}
        if self.beside is not None:
            data["beside"] = str(self.beside)
        write_text(json.dumps(data, indent=1), path)

"""Files for people: written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def write_text(text: str, path: str | Path) -> Path:
    """Write ``text`` to ``path``, whole or not at all; what was there keeps its mode. Raises OSError."""
    asked = Path(path)
    if asked.exists() and not asked.is_file():  # /dev/stdout
        asked.write_text(text, encoding="utf-8")
        return asked
    target = asked.resolve()  # a link stays one
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        if target.exists():
            beside.chmod(target.stat().st_mode)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    return target

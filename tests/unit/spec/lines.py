"""How the tests of this folder read errors."""

from __future__ import annotations

from fleetfoot.spec import SpecErrors, loads


def errors_of(text: str) -> list[str]:
    """The error lines of ``text`` as a file named f; empty when it loads."""
    try:
        loads(text, "f")
    except SpecErrors as errors:
        return [str(error) for error in errors.errors]
    return []


def service(*lines: str) -> str:
    """A file with one service ``a`` whose further lines begin on line 4."""
    return "\n".join(["services:", "  a:", "    run: x", *(f"    {line}" for line in lines), ""])

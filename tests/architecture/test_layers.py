"""Imports flow one way, and each foreign library is imported in its one place."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.architecture.rooms import AGENT, FOREIGN, MAY_IMPORT
from tests.architecture.source import ROOT, Import, imports, python_files, within

#: What the package says of itself, for everyone.
ABOUT = frozenset({"fleetfoot", "fleetfoot.__doc__", "fleetfoot.__version__"})
PRODUCT = python_files("src/fleetfoot/")


def room_of(path: Path) -> str:
    """``core`` for src/fleetfoot/core/...; empty for the files at the top of the package."""
    return path.parts[2] if len(path.parts) > 3 else ""


def refused(found: Import) -> str | None:
    """Why this import is not allowed; None when it is."""
    room, top = room_of(found.file), found.module.split(".")[0]
    if found.module == "?" and room != "face":  # face may import every room, and imports its verbs when asked for
        return "a module name made at run time cannot be checked"
    if top in sys.stdlib_module_names or found.module == "?" or found.module in ABOUT:
        return None
    if top in ("fleetfoot", AGENT):
        own = f"fleetfoot.{room}" if room else "fleetfoot"
        allowed = [name if name.startswith(AGENT) else f"fleetfoot.{name}" for name in MAY_IMPORT.get(room, ())]
        if not room:
            allowed = ["fleetfoot.face.cli"]  # python -m fleetfoot
        ok = within(found.module, *allowed) or (bool(room) and within(found.module, own))
        return (
            None if ok else f"{room or 'the top'} may import only: {', '.join(MAY_IMPORT.get(room, ())) or 'nothing'}"
        )
    inside = str(found.file.relative_to("src/fleetfoot"))
    if top not in FOREIGN:
        return f"{top} is in no row of FOREIGN"
    ok = any(inside == place or (place.endswith("/") and inside.startswith(place)) for place in FOREIGN[top])
    return None if ok else f"{top} may be imported only in: {', '.join(FOREIGN[top])}"


def test_every_import_follows_the_table_of_rooms() -> None:
    bad = [
        f"{found.file}:{found.line} imports {found.module}: {why}"
        for path in PRODUCT
        for found in imports(path)
        if (why := refused(found))
    ]
    assert not bad, "\n" + "\n".join(bad)


def test_every_folder_of_the_package_is_a_room_of_the_table() -> None:
    rooms = {room_of(path) for path in PRODUCT} - {""}
    assert rooms <= set(MAY_IMPORT), f"rooms without a row: {sorted(rooms - set(MAY_IMPORT))}"


def test_the_table_of_rooms_has_no_circle() -> None:
    """No room reaches itself: then direct imports are all that needs checking."""

    def reached(room: str, path: tuple[str, ...] = ()) -> None:
        assert room not in path, f"a circle: {' -> '.join((*path, room))}"
        for name in MAY_IMPORT.get(room, ()):
            reached(name, (*path, room))

    for room in MAY_IMPORT:
        reached(room)


def test_the_agent_needs_the_standard_library_only() -> None:
    bad = [
        f"{found.file}:{found.line} imports {found.module}"
        for path in python_files("src/fleetfoot_agent/")
        for found in imports(path)
        if found.module.split(".")[0] not in sys.stdlib_module_names and not within(found.module, AGENT)
    ]
    assert not bad, "\n" + "\n".join(bad)


@pytest.mark.parametrize(
    ("file", "module"),
    [
        pytest.param("src/fleetfoot/core/engine.py", "fleetfoot.edge.base", id="core-must-not-see-the-edge"),
        pytest.param("src/fleetfoot/core/engine.py", "fleetfoot_agent.sender", id="core-gets-only-the-histogram"),
        pytest.param("src/fleetfoot/fleet/plane.py", "fleetfoot.spec", id="fleet-never-imports-spec"),
        pytest.param("src/fleetfoot/run/wire.py", "sqlalchemy", id="sqlalchemy-only-in-the-journal"),
        pytest.param("src/fleetfoot/edge/sources/push.py", "starlette.routing", id="starlette-only-in-face"),
        pytest.param("src/fleetfoot/face/api.py", "requests", id="a-library-without-a-row"),
        pytest.param("src/fleetfoot/core/engine.py", "?", id="a-name-made-at-run-time"),
    ],
)
def test_the_check_refuses_what_it_should(file: str, module: str) -> None:
    assert refused(Import(Path(file), 1, module)) is not None


@pytest.mark.parametrize(
    ("file", "module"),
    [
        pytest.param("src/fleetfoot/core/windows.py", "fleetfoot_agent.histogram.Histogram", id="core-histogram"),
        pytest.param("src/fleetfoot/face/control_app.py", "starlette.routing", id="starlette-in-face"),
        pytest.param("src/fleetfoot/face/cli/up.py", "fleetfoot.run.wire", id="face-sees-all"),
        pytest.param("src/fleetfoot/core/engine.py", "math", id="standard-library"),
    ],
)
def test_the_check_allows_what_it_should(file: str, module: str) -> None:
    assert refused(Import(Path(file), 1, module)) is None


def test_the_architecture_page_shows_this_table() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for room, names in MAY_IMPORT.items():
        shown = "all" if room == "face" else ", ".join(names).replace(AGENT, "agent") or "-"
        assert f"| `{room}` | {shown} |" in page, f"docs/architecture.md has no row: | `{room}` | {shown} |"

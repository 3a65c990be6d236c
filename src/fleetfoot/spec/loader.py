"""fleetfoot.yaml -> ``Spec``, or every error at once, each with its place.

The models are asked again and again: what they refuse is noted with its place and taken out of the
tree, until they accept what is left. So an error never hides another one behind it; a sentence that
only follows from an error noted before is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from fleetfoot.spec.beside import pinned, reading
from fleetfoot.spec.errors import Many, SpecError, SpecErrors, Wrong, shown
from fleetfoot.spec.file import Spec
from fleetfoot.spec.nodes import Items, Mark, Node
from fleetfoot.spec.reader import MAX_BYTES, Reader, Unreadable, decode

MAX_ERRORS = 100
_EMPTY = "the file is empty: it needs services: {orders: {run: ..., objective: {p95: 1s}}}"
_ROOT = "must be a mapping that begins with services:"
_LIKE = {
    "services": "{orders: {run: ...}}",
    "env": "{NAME: value}",
    "signals": "{backlog: {from: agent, metric: app.jobs}}",
    "policies": "[default]",
    "zones": "[a, b]",
}

PathOf = tuple[str | int, ...]


class Place(NamedTuple):
    """Where an error belongs: ``key`` of ``holder``, which is itself ``holder_key`` of ``parent``."""

    mark: Mark
    path: PathOf
    value: Any
    holder: Any
    key: str | int
    parent: Any
    holder_key: str | int


def load(path: str | Path) -> Spec:
    """Read the file. Raises ``SpecErrors`` for what is wrong in it, OSError when it cannot be read."""
    path = Path(path)
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    try:
        text = decode(data)
    except Unreadable as error:
        raise SpecErrors([_stop(str(path), error)]) from None
    return _loads(text, str(path), path)


def loads(text: str, name: str = "fleetfoot.yaml") -> Spec:
    """Read ``text``; ``name`` is the file that errors name and that ``Spec.source`` gives. Raises ``SpecErrors``."""
    return _loads(text, name, Path(name))


def self_contained(text: str, name: str) -> str:
    """``text`` of the file ``name`` with what it reads beside itself, so that the journal's copy needs no other file.

    Raises ``SpecErrors``.
    """
    read: dict[str, str] = {}
    _loads(text, name, Path(name), read)
    return pinned(text, read) if read else text


def _loads(text: str, name: str, source: Path, read: dict[str, str] | None = None) -> Spec:
    reader = Reader(text)
    try:
        root, mark = reader.read()
    except Unreadable as error:
        raise SpecErrors([*_complaints(name, reader), _stop(name, error)]) from None
    if root is None:
        raise SpecErrors([SpecError(name, 1, 1, "", "", _EMPTY)])
    if not isinstance(root, Node):
        raise SpecErrors([SpecError(name, *mark, "", shown(root), f"{_ROOT}, not {shown(root)}")])
    with reading(source.parent, text, {} if read is None else read):
        spec, errors = _check(root, mark, name)
    errors = sorted([*errors, *_complaints(name, reader)], key=lambda e: (e.line, e.column))
    if len(errors) > MAX_ERRORS:
        more = SpecError(name, 0, 0, "", "", f"{len(errors) - MAX_ERRORS} more errors")
        errors = [*errors[:MAX_ERRORS], more]
    if errors or spec is None:
        raise SpecErrors(errors)
    return spec.model_copy(update={"source": source})


def _stop(name: str, error: Unreadable) -> SpecError:
    return SpecError(name, *error.mark, "", "", error.message)


def _complaints(name: str, reader: Reader) -> list[SpecError]:
    return [SpecError(name, *mark, path, "", message) for mark, path, message in reader.complaints]


def _check(root: Node, mark: Mark, name: str) -> tuple[Spec | None, list[SpecError]]:
    """Ask the models until they accept what is left of ``root``."""
    errors: list[SpecError] = []
    broken: list[PathOf] = []
    while True:
        try:
            return Spec.model_validate(root), _once(errors)
        except ValidationError as refusal:
            faults = [(loc, wrong, _locate(root, mark, (*loc, *wrong.at), wrong)) for loc, wrong in _faults(refusal)]
        new = []
        for loc, wrong, place in faults:
            about = [place.path, *((*loc, *path) for path in wrong.about)]
            if not any(_touches(path, hurt) for path in about for hurt in broken):
                new.append(_error(name, wrong, place))
        errors += new
        taken_out = sum(_take_out(wrong, place, broken) for _, wrong, place in faults)
        if not taken_out or len(errors) > MAX_ERRORS:
            return None, _once(errors)


def _once(errors: list[SpecError]) -> list[SpecError]:
    """Each sentence once a place: what stands under an alias is wrong wherever it is used."""
    return list({(e.line, e.column, e.message): e for e in reversed(errors)}.values())[::-1]


def _error(name: str, wrong: Wrong, place: Place) -> SpecError:
    value = "" if place.value is None else shown(place.value).strip("'")
    return SpecError(name, *place.mark, _told(place.path), value, wrong.message, wrong.suggestion)


def _touches(path: PathOf, hurt: PathOf) -> bool:
    size = min(len(path), len(hurt))
    return path[:size] == hurt[:size]


def _told(path: PathOf) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def _locate(root: Node, mark: Mark, loc: PathOf, wrong: Wrong) -> Place:
    """Follow ``loc`` as far as the file goes; a missing key is placed at what it is missing from."""
    place = Place(mark, (), root, root, "", root, "")
    for part in loc:
        holder = place.value
        if isinstance(holder, Node) and (key := str(part)) in holder:
            at = holder.keys_at[key] if wrong.on_key else holder.values_at[key]
            place = Place(at, (*place.path, key), holder[key], holder, key, place.holder, place.key)
        elif isinstance(holder, Items) and isinstance(part, int) and part < len(holder):
            number = holder.numbers[part]
            at = holder.values_at[part]
            place = Place(at, (*place.path, number), holder[part], holder, number, place.holder, place.key)
        elif isinstance(part, int) and not isinstance(holder, Items):
            continue  # one value where a list is allowed
        else:
            at = place.holder.keys_at.get(str(place.key), place.mark) if isinstance(place.holder, Node) else place.mark
            return Place(at, (*place.path, part), None, holder, part, place.holder, place.key)
    return place


def _take_out(wrong: Wrong, place: Place, broken: list[PathOf]) -> bool:
    """Remove what is wrong from the tree; what lacks a key is removed whole. False when nothing is left to remove."""
    if wrong.stays and isinstance(place.holder, Node):
        return place.holder.tell(str(place.key))
    broken.append(place.path)
    if wrong.meant:
        broken.append((*place.path[:-1], wrong.meant))
    if _remove(place.holder, place.key):
        return True
    broken.append(place.path[:-1])
    return _remove(place.parent, place.holder_key)


def _remove(holder: Any, key: str | int) -> bool:
    if isinstance(holder, Node) and key in holder:
        del holder[str(key)]
        return True
    return isinstance(holder, Items) and isinstance(key, int) and holder.take_out(key)


def _faults(refusal: ValidationError, prefix: PathOf = ()) -> Iterator[tuple[PathOf, Wrong]]:
    """What the models refused, as (path of the part, error), in our words."""
    for detail in refusal.errors(include_url=False):
        loc = (*prefix, *detail["loc"])
        cause = detail.get("ctx", {}).get("error")
        if isinstance(cause, Wrong):
            yield loc, cause
        elif isinstance(cause, Many):
            yield from ((loc, wrong) for wrong in cause.wrongs)
            if isinstance(cause.inner, ValidationError):
                yield from _faults(cause.inner, (*loc, *cause.prefix))
        else:
            yield loc, Wrong(_plain_message(detail["type"], loc, detail["input"]))


def _plain_message(kind: str, loc: Iterable[str | int], value: Any) -> str:
    """Words for the refusals that are not our own."""
    key = str([*loc][-1])
    like = f" such as {_LIKE[key]}" if key in _LIKE else ""
    if kind in ("dict_type", "mapping_type"):
        return f"must be a mapping{like}, not {shown(value)}"
    if kind in ("tuple_type", "list_type"):
        return f"must be a list{like}, not {shown(value)}"
    return f"{shown(value)} is not allowed here"

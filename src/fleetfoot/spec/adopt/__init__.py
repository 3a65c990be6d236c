"""What another scaler's files say, as a fleetfoot.yaml: HPAs, KEDA's ScaledObjects, AWS scaling policies.

One file a dialect. Nothing is lost silently: a draft carries a note with file:line for whatever has no equal here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fleetfoot.spec import Spec, loads
from fleetfoot.spec.adopt import aws, hpa, keda
from fleetfoot.spec.adopt.at import At, Refused, documents
from fleetfoot.spec.adopt.draft import DRYRUN, Draft, render, service_name
from fleetfoot.spec.errors import SpecError, SpecErrors, shown
from fleetfoot.spec.nodes import Items, Node

WORKLOADS = ("Deployment", "StatefulSet", "ReplicaSet")
KINDS = "HorizontalPodAutoscaler, ScaledObject or scaling of AWS (describe-... answers, or a template)"


@dataclass(frozen=True)
class Adopted:
    """``text``: the fleetfoot.yaml; ``spec``: what it means; ``notes``: service -> what was not carried over."""

    text: str
    spec: Spec
    notes: Mapping[str, Sequence[str]]


def adopt(files: Sequence[tuple[str, bytes]], names: Mapping[str, str], target: Sequence[str] = DRYRUN) -> Adopted:
    """Read ``files`` (name, content). ``names``: foreign metric -> signal. ``target``: lines of YAML that say where the
    tasks are. Raises ``SpecErrors``, all at once."""
    errors: list[SpecError] = []
    objects: list[At] = []
    for name, data in files:
        try:
            objects += [one for root in documents(name, data) for one in _listed(root)]
        except Refused as refused:
            errors.append(refused.error)
    theirs = [one for one in objects if aws.is_aws(one)]
    drafts = _kubernetes(objects, names, errors) + aws.drafts_of(theirs, names, errors)
    if not errors and not drafts:
        first = objects[0]
        kinds = sorted({shown(one.text("kind") or next(iter(one.node), "")) for one in objects})
        errors.append(SpecError(first.file, *first.mark, "", "", f"holds no {KINDS}, but {', '.join(kinds)}"))
    if errors:
        raise SpecErrors(errors)
    for number, draft in enumerate(drafts):
        draft.name = service_name(draft.name, [other.name for other in drafts[:number]])
        draft.target = target
    text = render(drafts)
    try:
        return Adopted(text, loads(text), {draft.name: draft.notes for draft in drafts})
    except SpecErrors as wrong:
        raise SpecErrors([_traced(error, drafts) for error in wrong.errors]) from None


def _traced(error: SpecError, drafts: Sequence[Draft]) -> SpecError:
    """What fleetfoot.yaml does not allow, at the object it came from."""
    name = error.key.split(".")[1] if "." in error.key else ""
    at = next((draft.at for draft in drafts if draft.name == name), drafts[0].at)
    message = f"cannot be written as {error.key.removeprefix(f'services.{name}.')}: {error.message}"
    return SpecError(at.file, *at.mark, at.path, error.value, message, error.suggestion)


def _listed(root: At) -> list[At]:
    """The objects of a kubectl List, or the object itself."""
    if root.text("kind").endswith("List") and isinstance(root.node.get("items"), Items):
        return root.all("items")
    return [root]


def _kubernetes(objects: Sequence[At], names: Mapping[str, str], errors: list[SpecError]) -> list[Draft]:
    pods: dict[tuple[str, str, str], At] = {}
    drafts = []
    for one in sorted(objects, key=lambda one: one.node.get("kind") not in WORKLOADS):  # the workloads first
        try:
            if one.text("kind") in WORKLOADS and isinstance(one.node.get("spec"), Node):
                meta = one.of("metadata")
                key = (one.text("kind"), meta.text("namespace", "default"), meta.text("name"))
                pods[key] = one.of("spec").of("template").of("spec")
            elif one.text("kind") == hpa.KIND:
                drafts.append(hpa.draft_of(one, names, pods))
            elif one.text("kind") == keda.KIND:
                drafts.append(keda.draft_of(one, names))
        except Refused as refused:
            errors.append(refused.error)
    return drafts

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from fleetfoot.spec import load
from fleetfoot.spec.reference import page, reference
from fleetfoot.spec.schema import json_schema, rows
from fleetfoot.spec.service import Service
from fleetfoot.spec.template import initial
from tests.unit.spec.lines import errors_of, service
from tests.unit.spec.test_wrong_files import ROWS

ROOT = Path(__file__).resolve().parents[3]
FOREIGN = ROOT / "examples/import"  # what other scalers read
EXAMPLES = sorted(path for path in (ROOT / "examples").rglob("*.yaml") if FOREIGN not in path.parents)


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def as_editor(text: str) -> Any:
    """What an editor hands to its validator: YAML 1.1, where ``on`` is true."""
    return yaml.safe_load(text)


def test_there_are_examples() -> None:
    assert {"minimal.yaml", "orders.yaml"} <= {path.name for path in EXAMPLES}


@pytest.mark.parametrize("path", EXAMPLES, ids=[str(path.relative_to(ROOT)) for path in EXAMPLES])
def test_an_example_loads_and_fits_the_schema(path: Path, validator: Draft202012Validator) -> None:
    text = path.read_text(encoding="utf-8")
    load(path)
    assert [error.message for error in validator.iter_errors(as_editor(text))] == []


def test_the_first_file_fits_the_schema(validator: Draft202012Validator) -> None:
    assert validator.is_valid(as_editor(initial()))


@pytest.mark.parametrize(
    "line",
    [
        "balancer: {shed: off, queue timeout: 0.5s}",
        "balancer: {classes: {health: {path: /healthz}, other: , crawler: {header: User-Agent, contains: bot}}}",
        "guards: {pay: off, incident: on, hard: yes, stabilisation: {out: 0}}",
        "health: {liveness: {path: /}}",
        "policies: [default, {default: }]",
        "policies:",
        "env: {DEBUG: on, PORTS: 3}",
        "listen: 8080",
        "objective: {p99.9: 2s}",
        "task: {cpu: 1, zones: [a]}",
    ],
)
def test_the_schema_takes_what_the_loader_takes(line: str, validator: Draft202012Validator) -> None:
    text = service(line)
    assert errors_of(text) == []
    assert [error.message for error in validator.iter_errors(as_editor(text))] == []


SEEN_BY_EDITORS = (
    "misspelt-key", "python-spelling", "key-of-another", "service-key-at-the-top", "name-is-the-key", "no-services",
    "service-as-text", "target-later", "target-misspelt", "objective-word", "two-numbers", "percentile-too", "task",
    "signal-source-later", "policies-as", "policy-misspelt", "policy-with-two",
    "target-without", "target-with-both", "step-with", "guards", "health", "budget", "min-negative",
)  # fmt: skip


@pytest.mark.parametrize("text", [pytest.param(t, id=i) for i, t, _ in ROWS if i.startswith(SEEN_BY_EDITORS)])
def test_the_schema_refuses_what_an_editor_can_see(text: str, validator: Draft202012Validator) -> None:
    assert not validator.is_valid(as_editor(text))


def test_every_key_has_a_description_and_every_scalar_says_what_it_takes() -> None:
    schema = json_schema()
    for part in [schema, *schema["$defs"].values()]:
        assert part["additionalProperties"] in (False, {"$ref": "#/$defs/ScheduleWindow"})
        for key, shape in part["properties"].items():
            assert len(shape["description"]) > 5, key
    assert all(row.text for row in rows(Service))


def test_the_reference_is_what_the_models_say() -> None:
    text = (ROOT / "docs/fleetfoot-yaml.md").read_text(encoding="utf-8")
    assert page(text) == text, "write it anew: python -m fleetfoot.spec.reference docs/fleetfoot-yaml.md"


def test_the_reference_says_why_of_every_default() -> None:
    silent = [
        row for row in reference().splitlines() if row.startswith("| `") and row.count(" | `") and "Default" not in row
    ]
    assert silent == []


def test_a_page_without_the_marker_is_refused() -> None:
    with pytest.raises(ValueError, match="generated from the models"):
        page("# nothing\n")


def test_the_errors_shown_on_the_page_are_real() -> None:
    text = (ROOT / "docs/fleetfoot-yaml.md").read_text(encoding="utf-8")
    shown = text.split("```text\n")[1].split("```")[0].splitlines()
    wrong = "services:\n  orders:\n    rum: x\n    objective: {p95: fast}\n    capacity: {min: 4, max: 2}\n"
    assert [line.replace("fleetfoot.yaml", "f", 1) for line in shown] == errors_of(wrong)

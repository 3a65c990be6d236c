from __future__ import annotations

import re

import pytest

from fleetfoot.spec import loads
from fleetfoot.spec.file import Spec
from fleetfoot.spec.policies import KINDS
from fleetfoot.spec.service import Service
from fleetfoot.spec.task import Task
from fleetfoot.spec.template import initial


def uncommented(text: str) -> str:
    """The file with every commented key switched on; prose stays a comment."""
    return re.sub(r"^( *)# (( *)(- )?[a-z][a-z ]*:( |$))", r"\1\2", text, flags=re.MULTILINE)


def test_the_first_file_loads_and_means_the_defaults() -> None:
    spec = loads(initial())
    assert list(spec.services) == ["app"]
    written = spec.services["app"]
    assert written == loads(f"services: {{app: {{run: {written.run}}}}}").services["app"]


def test_every_key_of_a_service_stands_in_the_first_file() -> None:
    text = initial()
    keys = [*Spec.keys(), *Service.keys(), *Task.keys(), *KINDS]
    assert [key for key in keys if not re.search(rf"\b{key}:", text)] == ["zones"]


def test_every_commented_line_of_the_first_file_is_right_when_switched_on() -> None:
    spec = loads(uncommented(initial()))
    written = spec.services["app"]
    assert {policy.kind for policy in written.policies} == {*KINDS}
    plain = loads(initial()).services["app"]
    for part in ("guards", "balancer"):
        assert getattr(written, part) == getattr(plain, part), f"{part} in the first file does not show the defaults"
    assert written.health.readiness == plain.health.readiness


@pytest.mark.parametrize(
    "run",
    [
        "python3 app.py",
        "sh -c 'echo: # no comment'",
        'FOO="a: b" ./x {y}',
        "- x",
        "null",
        "*x",
        "&x y",
        "x\ny",
        "@a",
        "é",
    ],
)
def test_any_command_survives_being_written(run: str) -> None:
    assert loads(initial(run, "my-app")).services["my-app"].run == run


@pytest.mark.parametrize("name", ["orders", "7", "null", "on", "a-b", "-"])
def test_any_name_survives_being_written(name: str) -> None:
    assert list(loads(initial(name=name)).services) == [name]

"""Every template through cfn-lint and checkov, in the environment of their own: scripts/setup iac."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from fleetfoot.provision import stack
from fleetfoot.provision.write import to_json, to_yaml
from tests.architecture.source import ROOT
from tests.unit.provision.made import EVERYTHING, TRACKING, plan

TOOLS = ROOT / ".venv-iac" / "bin"
STACKS = {
    "alarms": plan("alarms"),
    "native20": plan("native20", provision="nat: 1, architecture: arm, spot: 50%"),
    "controller": plan("controller", provision="nat: 2, access: exec", monthly=115.38),
    "everything": plan("alarms", provision=EVERYTHING),
    "aurora": plan("native20", provision="database: aurora, cache: on, standby: off"),
    "alone": plan("native20", f"{TRACKING}      - forecast\n", provision="database: postgres, standby: off"),
}

pytestmark = pytest.mark.skipif(
    not (TOOLS / "checkov").exists(), reason="cfn-lint and checkov are not there: scripts/setup iac"
)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stacks")
    for name, made in STACKS.items():
        (folder / f"{name}.yaml").write_text(to_yaml(stack(made)), encoding="utf-8")
    (folder / "again.json").write_text(to_json(stack(STACKS["controller"])), encoding="utf-8")
    return folder


def test_cfn_lint_finds_nothing_in_any_of_them(written: Path) -> None:
    files = sorted(map(str, written.iterdir()))
    found = subprocess.run([TOOLS / "cfn-lint", *files], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (0, "")


@pytest.mark.slow
def test_checkov_finds_nothing_but_what_is_skipped_with_a_reason(written: Path) -> None:
    """Its own environment is empty: no key, no home of anybody's, and nothing is asked of the network."""
    words = ["--framework", "cloudformation", "--skip-download", "--compact", "--quiet", "-o", "json"]
    command = [str(TOOLS / "checkov"), "-d", str(written), *words]
    environment = {"PATH": str(TOOLS), "HOME": str(written)}
    found = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=written)
    told = json.loads(found.stdout)
    failed = [f"{row['check_id']} {row['resource']}" for row in told["results"]["failed_checks"]]
    assert failed == []
    assert told["summary"]["passed"] > 100


def test_every_skipped_check_is_on_the_page() -> None:
    skipped = {
        skip.check
        for made in STACKS.values()
        for part in stack(made).parts
        for resource in part.resources.values()
        for skip in resource.skips
    }
    page = (ROOT / "docs" / "cloudformation.md").read_text(encoding="utf-8")
    assert skipped == set(re.findall(r"\bCKV2?_AWS_\d+\b", page))

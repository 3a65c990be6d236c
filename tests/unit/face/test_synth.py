"""``fleetfoot synth`` and what comes of it when something is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from fleetfoot.face.cli import main
from tests.architecture.source import ROOT

EXAMPLE = str(ROOT / "examples" / "aws" / "fleetfoot.yaml")


def test_the_example_becomes_a_template(tmp_path: Path) -> None:
    out = tmp_path / "stack.yaml"
    found = CliRunner().invoke(main, ["synth", "cloudformation", EXAMPLE, "--mode", "alarms", "-o", str(out)])
    assert (found.exit_code, found.stdout.split(":")[0]) == (0, f"wrote {out}")
    assert out.read_text(encoding="utf-8").startswith("AWSTemplateFormatVersion")


def test_json_is_for_programs_and_notes_are_not_in_it() -> None:
    found = CliRunner().invoke(main, ["synth", "cloudformation", EXAMPLE, "--json"])
    assert json.loads(found.stdout)["Metadata"]["Fleetfoot"] == {"Service": "encryptor", "Mode": "controller"}


@pytest.mark.parametrize("form", ["cloudformation", "terraform"])
def test_what_a_mode_cannot_do_is_exit_2_and_writes_nothing(form: str, tmp_path: Path) -> None:
    out = tmp_path / "stack.tf.json"
    found = CliRunner().invoke(main, ["synth", form, EXAMPLE, "--mode", "native20", "-o", str(out)])
    assert found.exit_code == 2
    assert "policy rps: mode native20 cannot do it" in found.stderr
    assert not out.exists()


def test_the_scaling_becomes_a_file_for_terraform(tmp_path: Path) -> None:
    out = tmp_path / "scaling.tf.json"
    found = CliRunner().invoke(main, ["synth", "terraform", EXAMPLE, "--mode", "alarms", "-o", str(out)])
    assert (found.exit_code, found.stdout) == (0, f"wrote {out}: 19 resources, mode alarms\n")
    variables = json.loads(out.read_text(encoding="utf-8"))["variable"]
    assert (variables["cluster"]["default"], variables["max_tasks"]["default"]) == ("my-app-cluster", 14)


def test_a_name_terraform_would_not_read_is_told(tmp_path: Path) -> None:
    out = tmp_path / "scaling.json"
    found = CliRunner().invoke(main, ["synth", "terraform", EXAMPLE, "-o", str(out)])
    assert found.exit_code == 2
    assert "write -o scaling.tf.json" in found.stderr
    assert not out.exists()


@pytest.mark.parametrize("form", ["cloudformation", "terraform"])
def test_a_place_that_cannot_be_written_is_told(form: str, tmp_path: Path) -> None:
    nowhere = str(tmp_path / "none" / "stack.tf.json")
    found = CliRunner().invoke(main, ["synth", form, EXAMPLE, "-o", nowhere])
    assert found.exit_code == 2
    assert "cannot be written" in found.stderr


def test_iam_gives_a_reason_for_every_action() -> None:
    found = CliRunner().invoke(main, ["iam", "-f", EXAMPLE, "--json"])
    told = json.loads(found.stdout)
    assert set(told) == {"flowLogRole", "ecsTaskExecutionRole", "taskRole", "controllerRole"}
    for role in told.values():
        actions = {action for statement in role["policy"]["Statement"] for action in statement["Action"]}
        assert set(role["reasons"]) == actions


def test_iam_says_in_words_why_a_resource_is_a_wildcard() -> None:
    found = CliRunner().invoke(main, ["iam", "taskRole", "-f", EXAMPLE, "--mode", "alarms"])
    assert "cloudwatch:namespace is Fleetfoot/encryptor" in found.stdout
    assert "* is   no metric has an ARN" in found.stdout


def test_iam_names_the_roles_there_are() -> None:
    found = CliRunner().invoke(main, ["iam", "rootRole", "-f", EXAMPLE])
    assert found.exit_code == 2
    assert "there are flowLogRole, ecsTaskExecutionRole, taskRole, controllerRole" in found.stderr


@pytest.mark.parametrize("role", ["deployment", "adopt"])
def test_iam_prints_what_people_need_with_a_reason_for_every_action(role: str) -> None:
    told = json.loads(CliRunner().invoke(main, ["iam", role, "-f", EXAMPLE, "--json"]).stdout)[role]
    statements = [one for policy in told["policies"] for one in policy["Statement"]]
    assert set(told["reasons"]) == {action for one in statements for action in one["Action"]}
    words = CliRunner().invoke(main, ["iam", role, "-f", EXAMPLE]).stdout
    assert words.startswith(f"{role}, for people and pipelines: ")
    assert "arn:aws:" in words


def test_what_adopt_needs_is_one_thing_wherever_it_is_printed(tmp_path: Path) -> None:
    words = ["adopt", "--permissions", "--cluster", "CLUSTER", "--service", "SERVICE", "--region", "REGION"]
    nowhere = ["iam", "adopt", "--json", "-f", str(tmp_path / "none.yaml")]
    told = CliRunner().invoke(main, nowhere).stdout.replace("ACCOUNT", "*")
    assert json.loads(told)["adopt"]["policies"] == [json.loads(CliRunner().invoke(main, words).stdout)]


def test_a_template_is_simulated_in_charge_of_the_service(tmp_path: Path) -> None:
    out = str(tmp_path / "stack.yaml")
    CliRunner().invoke(main, ["synth", "cloudformation", EXAMPLE, "--mode", "alarms", "-o", out])
    words = ["simulate", EXAMPLE, "--traffic", "28@5m,140@5m", "--template", out, "--json"]
    told = json.loads(CliRunner().invoke(main, words).stdout)
    assert told["metrics"].endswith("mode alarms")
    assert 10_000 <= told["surge"]["commanded_ms"] <= 30_000


def test_a_template_that_is_none_is_told_with_its_place(tmp_path: Path) -> None:
    out = tmp_path / "stack.yaml"
    out.write_text("Resources: {}\n", encoding="utf-8")
    found = CliRunner().invoke(main, ["simulate", EXAMPLE, "--traffic", "28@5m", "--template", str(out)])
    assert found.exit_code == 2
    assert f"{out}:1:1" in found.stderr


def test_a_file_that_is_written_over_keeps_its_mode_and_nothing_lies_beside_it(tmp_path: Path) -> None:
    out = tmp_path / "stack.yaml"
    out.write_text("before", encoding="utf-8")
    out.chmod(0o600)
    assert CliRunner().invoke(main, ["synth", "cloudformation", EXAMPLE, "-o", str(out)]).exit_code == 0
    assert out.read_text(encoding="utf-8").startswith("AWSTemplateFormatVersion")
    assert out.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [out]

"""``fleetfoot control`` before it begins: where tasks push to, and their token."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from fleetfoot.face.cli import main
from fleetfoot.face.cli.control import TOKEN_FILE, token_of


def test_a_token_is_made_once_and_read_by_its_owner_alone(tmp_path: Path) -> None:
    token = token_of(tmp_path, "")
    assert len(token) >= 32
    assert token_of(tmp_path, "") == token
    assert stat.S_IMODE((tmp_path / TOKEN_FILE).stat().st_mode) == 0o600


def test_a_token_that_was_never_written_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / TOKEN_FILE).touch(0o600)
    assert len(token_of(tmp_path, "")) >= 32


def test_a_token_that_is_given_is_kept_nowhere(tmp_path: Path) -> None:
    assert token_of(tmp_path, "given") == "given"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("listen", "told"),
    [(one, "write host:port, such as 127.0.0.1:8900") for one in ("here", ":8900", "127.0.0.1:many")]
    + [("127.0.0.1:99999", "a port is at most 65535")],
)
def test_an_address_that_is_none_is_told_before_aws_is_asked(listen: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "fleetfoot.yaml"
    file.write_text("services: {orders: {target: ecs, ecs: {region: ap-northeast-2}}}")
    found = CliRunner().invoke(main, ["control", str(file), "--listen", listen])
    assert found.exit_code == 2
    assert told in found.output
    assert list(tmp_path.iterdir()) == [file]

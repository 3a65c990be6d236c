"""The token of the pushes, where nobody gives one."""

from __future__ import annotations

import stat
from pathlib import Path

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

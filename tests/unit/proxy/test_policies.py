from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from checker.policy import PolicyError
from proxy.policies import Policies
from proxy.sqlstate import Refused

ONE = 'default_roles = ["a"]\n[roles.a]\nread = ["s.*"]\n'


def written(path: Path, text: str) -> Path:
    """The file with a time of change of its own, however coarse the clock of the file system is."""
    path.write_text(text)
    stamp = written.count = getattr(written, "count", 0) + 1  # type: ignore[attr-defined]
    os.utime(path, (stamp, stamp))
    return path


def test_a_changed_file_is_taken(tmp_path: Path) -> None:
    path = written(tmp_path / "policy.toml", ONE)
    policies = Policies(path)
    assert policies.grants("ann", ()).read == ("s.*",)
    version = policies.version
    policies.look()
    assert policies.version == version
    written(path, ONE.replace("s.*", "t.*"))
    policies.look()
    assert policies.grants("ann", ()).read == ("t.*",)
    assert policies.version > version


def test_a_wrong_file_changes_nothing_and_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = written(tmp_path / "policy.toml", ONE)
    policies = Policies(path)
    written(path, ONE + "oops = 1\n")
    with caplog.at_level(logging.ERROR):
        policies.look()
    assert policies.grants("ann", ()).read == ("s.*",)
    assert "policy.toml:4: [roles.a] oops: unknown" in caplog.text
    path.unlink()
    policies.look()
    assert policies.grants("ann", ()).read == ("s.*",)


def test_a_server_does_not_start_with_a_wrong_file(tmp_path: Path) -> None:
    with pytest.raises(PolicyError):
        Policies(tmp_path / "none.toml")


def test_a_user_with_an_unknown_role_is_not_let_in(tmp_path: Path) -> None:
    policies = Policies(written(tmp_path / "policy.toml", ONE))
    assert policies.roles_of("ann", ()) == ("a",)
    with pytest.raises(Refused, match="gone"):
        policies.roles_of("ann", ("gone",))
    assert policies.grants("ann", ("gone",)).statements == frozenset()

from __future__ import annotations

import io
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from proxy.__main__ import main, parser
from proxy.cli.console import Activity
from proxy.demo import welcome
from proxy.settings import load, shipped

COMMANDS = ("serve", "demo", "ask", "translate", "check", "users", "model", "node", "doctor")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("STREAMLINK_CONF", "PGUSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("STREAMLINK_DATA_FOLDER", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_teaches(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command in parser().format_help()
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    assert len(capsys.readouterr().out.splitlines()) > 5


def test_help_is_quick_because_heavy_imports_wait() -> None:
    script = (
        "import sys; from proxy.__main__ import parser; parser(); heavy = "
        "{'numpy', 'pyarrow', 'sqlglot', 'psycopg', 'llama_cpp', 'asyncio'}; print(heavy & set(sys.modules))"
    )
    outcome = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert outcome.stdout.strip() == "set()"


def test_users_are_added_listed_changed_and_removed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(line: str, password: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(password))
        status = main(["users", *line.split()])
        return status, *capsys.readouterr()

    assert run("add ann --role reader --role analyst", "secret\n") == (0, "", "")
    assert run("list") == (0, "ann\treader,analyst\n", "")
    users = folder / "data" / "users"
    before = users.read_text()
    assert stat.S_IMODE(users.stat().st_mode) == 0o600
    assert run("passwd ann", "other\n")[0] == 0
    assert users.read_text() != before
    assert run("add ann", "secret\n") == (
        2,
        "",
        "streamlink-sql: user ann exists; `users passwd ann` changes the password\n",
    )
    assert run("add bob", "")[2] == "streamlink-sql: the password is empty\n"
    assert run("remove bob")[0] == 2
    assert run("passwd bob", "x\n")[0] == 1
    assert run("remove ann") == (0, "", "")
    assert run("list") == (0, "", "")


def test_wrong_settings_are_one_line_and_status_2(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "wrong.toml"
    path.write_text("[listen]\nprot = 1\n")
    assert main(["users", "--conf", str(path), "list"]) == 2
    assert (
        capsys.readouterr().err == f"streamlink-sql: {path}:2: [listen] prot: unknown; did you mean port?\n"
    )


def test_ask_without_a_server_says_how_to_start_one(
    folder: Path, capsys: pytest.CaptureFixture[str], unused_tcp_port: int
) -> None:
    for command in ("ask", "translate"):
        assert main([command, "--port", str(unused_tcp_port), "how many patents"]) == 1
        error = capsys.readouterr().err
        assert len(error.splitlines()) == 1
        assert "streamlink-sql serve" in error


def test_doctor_names_what_is_missing_and_starts_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STREAMLINK_MODEL_PULL", "false")
    assert main(["doctor"]) == 1
    lines = capsys.readouterr().out.splitlines()
    states = {line.split()[1]: line.split()[0] for line in lines}
    assert states["model"] == "missing"
    assert states["mirror"] == "ok"
    assert states["users"] == "note"
    assert not (folder / "data").exists()


def test_a_taken_port_is_told_before_anything_starts(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert main(["demo", "--port", str(port)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(
        f"streamlink-sql: cannot listen on 127.0.0.1:{port}: Address already in use"
    )
    assert not (folder / "data").exists()


def test_models_are_listed_with_size_and_licence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "list"]) == 0
    assert "qwen2.5-coder-1.5b" in capsys.readouterr().out
    assert main(["model", "pull", "no-such"]) == 1
    assert "no-such" in capsys.readouterr().err


def test_the_demo_prints_the_line_to_paste(folder: Path) -> None:
    settings = load(shipped("demo.toml"), environ={})
    text = welcome(settings, "127.0.0.1", 5433)
    assert "psql -h 127.0.0.1 -p 5433 -U demo spark_catalog" in text
    assert "nl: " in text
    assert "is being fetched" in text
    assert "nl: " not in welcome(settings.with_values("model", enabled=False), "127.0.0.1", 5433)


def test_activity_is_one_line_a_step() -> None:
    stream = io.StringIO()
    activity = Activity(stream)
    activity.now("one")
    activity.now("pulling: 1 of 2")
    activity.now("pulling: 2 of 2")
    activity.now("")
    activity.stop()
    shown = [line.rpartition("\x1b[K")[2] for line in stream.getvalue().split("\n")[:-1]]
    assert [line.rpartition(": ")[0] for line in shown] == ["one", "pulling: 2 of 2"]


def test_a_judging_node_gets_its_adapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tmp_path / "own.gguf"
    model.touch()
    became: list[list[str]] = []
    monkeypatch.setattr("os.execve", lambda path, command, environment: became.append(command))
    main(["node", "--model", str(model), "--judge", "--lora", "adapter.gguf"])
    (command,) = became
    assert command[command.index("--lora") + 1] == "adapter.gguf"
    assert "--judge" in command
    main(["node", "--model", str(model)])
    assert "--lora" not in became[-1], "what ships is for the very model that it was tuned on"

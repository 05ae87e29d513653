from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from proxy.__main__ import main


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[str]]:
    status = main(["check", *arguments])
    return status, capsys.readouterr().out.splitlines()


def test_allowed_and_denied(capsys: pytest.CaptureFixture[str]) -> None:
    status, lines = run(capsys, "SELECT 1")
    assert (status, len(lines)) == (0, 1)
    assert lines[0].startswith("allowed: SELECT")
    status, lines = run(capsys, "SELECT 1; DROP TABLE t; SELECT 2")
    assert status == 1
    assert [line.split()[0] for line in lines] == ["allowed:", "denied", "allowed:"]
    assert "42501" in lines[1]


def test_json_has_an_object_a_statement(capsys: pytest.CaptureFixture[str]) -> None:
    status, lines = run(capsys, "--json", "SELECT 'ü'; DELETE FROM t")
    allowed, denied = map(json.loads, lines)
    assert status == 1
    assert allowed["allowed"] is True
    assert allowed["statement"] == "SELECT 'ü'"
    assert denied["allowed"] is False
    assert (denied["sqlstate"], bool(denied["code"]), bool(denied["reason"])) == ("42501", True, True)


def test_a_dialect(capsys: pytest.CaptureFixture[str]) -> None:
    sql = "SELECT collect_list(`a`) FROM t; SELECT 'it\\'s; one'; SHOW x; INSERT INTO t VALUES (1)"
    status, lines = run(capsys, "--dialect", "spark", sql)
    assert status == 1
    assert [line.split()[0] for line in lines] == ["allowed:", "allowed:", "allowed:", "denied"]
    assert run(capsys, sql)[0] == 1
    assert run(capsys, "--dialect", "spark", "SELECT DATE'2024-01-01' <=> NULL")[0] == 0


FILE = [
    "SELECT 1",
    json.dumps("SELECT\n1 -- two lines"),
    "",
    "SELECT 1; DROP TABLE t",
    '"a quoted name" is no statement',
    json.dumps("SELECT 'unterminated"),
    "  SELECT 2;  ",
    "nl: how many patents",
]


def test_a_file_has_one_verdict_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "statements"
    path.write_text("\n".join(FILE) + "\n")
    status, lines = run(capsys, "--file", str(path), "--json")
    reports = list(map(json.loads, lines))
    assert status == 1
    assert [report["line"] for report in reports] == [1, 2, 4, 5, 6, 7, 8]
    assert [report["allowed"] for report in reports] == [True, True, False, False, False, True, False]
    assert reports[1]["statement"] == "SELECT\n1 -- two lines"
    assert reports[2]["statement"] == "SELECT 1; DROP TABLE t"
    assert reports[-1]["code"] == "question"
    status, lines = run(capsys, "--file", str(path))
    assert lines[0].startswith("line 1: allowed")
    assert lines[2].startswith("line 4: denied (42501")


def test_standard_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for arguments in (["-"], ["--file", "-"]):
        monkeypatch.setattr("sys.stdin", io.StringIO("SELECT 1\nSELECT 2\n"))
        status, lines = run(capsys, *arguments)
        assert (status, len(lines)) == (0, 2)


@pytest.mark.parametrize("arguments", [[], ["SELECT 1", "--file", "x"], ["--file", "/no/such/file"]])
def test_wrong_usage_is_status_2(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert main(["check", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("streamlink-sql: ")


def test_the_position_counts_in_the_whole_text(capsys: pytest.CaptureFixture[str]) -> None:
    _, lines = run(capsys, "--json", "SELECT 1; SELEC 2")
    report = json.loads(lines[1])
    assert report["position"] == len("SELECT 1; ") + 1


def test_the_judges_model_has_to_be_here(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert main(["check", "--judge", "SELECT 1"]) != 0
    assert "streamlink-sql model pull smollm2-135m" in capsys.readouterr().err


def test_only_injection_speaks_of_attacks_alone(capsys: pytest.CaptureFixture[str]) -> None:
    for honest in ("INSERT INTO t VALUES (1)", "o'neill@example.org", "42", "SELECT `a` FROM t LIMIT 1, 2"):
        assert run(capsys, "--only", "injection", honest) == (0, ["allowed: no attack"])
    status, lines = run(capsys, "--only", "injection", "--json", "1' OR '1'='1")
    report = json.loads(lines[0])
    assert (status, report["allowed"], report["code"]) == (1, False, "injection")
    assert report["score"] >= 0.9
    assert {"code", "weight", "position"} == set(report["findings"][0])
    assert report["statement"] == "1' OR '1'='1"


def test_the_gate_tells_its_findings(capsys: pytest.CaptureFixture[str]) -> None:
    status, lines = run(capsys, "--json", "SELECT a FROM t WHERE b = 1 OR 1=1; SELECT 1")
    denied, allowed = map(json.loads, lines)
    assert status == 1
    assert (denied["code"], denied["sqlstate"], denied["position"]) == ("injection", "42501", 32)
    assert denied["findings"][0]["code"] == "tautology"
    assert (allowed["score"], allowed["findings"]) == (0.0, [])


def test_a_line_with_a_query_and_more_is_denied(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("SELECT 1; SELECT 2\nBEGIN; SELECT 1; COMMIT\n"))
    status, lines = run(capsys, "--json", "-")
    assert status == 1
    assert [json.loads(line)["code"] for line in lines] == ["stacked", "allowed"]

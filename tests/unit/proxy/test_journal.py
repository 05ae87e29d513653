"""The journal's files: private, whole lines, rotated, and copied on exactly once."""

from __future__ import annotations

import os
import resource
import signal
import stat
from pathlib import Path

import pytest

from proxy.journal import Journal

ID = "018bcfe5-6800-7000-8000-{:012x}"


def line(number: int, padding: int = 0) -> bytes:
    return f'{{"id":"{ID.format(number)}","n":{number},"p":"{"x" * padding}"}}\n'.encode()


def journal(folder: Path, *, rotate: int = 1000, keep: int = 2, keep_uncopied: bool = True) -> Journal:
    return Journal(folder / "audit.jsonl", rotate_bytes=rotate, keep=keep, keep_uncopied=keep_uncopied)


def copy_all(log: Journal, copied: dict[str, int]) -> bytes:
    taken = b""
    while (piece := log.next_piece(copied)) is not None:
        taken += piece.lines
        copied[piece.file] = piece.end
        log.note_copied(copied)
    return taken


def test_files_are_private_and_rotated(tmp_path: Path) -> None:
    log = journal(tmp_path, keep_uncopied=False)
    for number in range(60):
        log.append(line(number))
    log.close()
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["audit.jsonl", "audit.jsonl.1", "audit.jsonl.2"]
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in tmp_path.iterdir())
    assert all(path.stat().st_size <= 1000 for path in tmp_path.iterdir())
    assert (tmp_path / "audit.jsonl").read_bytes().endswith(line(59))


def test_what_is_not_copied_is_not_dropped(tmp_path: Path) -> None:
    log, copied = journal(tmp_path), dict[str, int]()
    expected = b"".join(map(line, range(200)))
    for number in range(200):
        log.append(line(number))
    assert len(list(tmp_path.iterdir())) > 10
    assert copy_all(log, copied) == expected
    for number in range(200, 260):
        log.append(line(number))
    taken = copy_all(log, copied)
    assert taken == b"".join(map(line, range(200, 260)))
    for number in range(260, 300):
        log.append(line(number))
    copy_all(log, copied)
    assert len(list(tmp_path.iterdir())) <= 6


def test_copying_goes_on_after_a_restart_and_rotations(tmp_path: Path) -> None:
    log, copied, taken = journal(tmp_path, keep=100), dict[str, int](), b""
    for number in range(100):
        log.append(line(number))
        if number % 7 == 0:
            piece = log.next_piece(copied)
            assert piece is not None
            taken += piece.lines
            copied[piece.file] = piece.end
        if number % 40 == 39:
            log.close()
            log = journal(tmp_path, keep=100)
    taken += copy_all(log, copied)
    assert taken == b"".join(map(line, range(100)))
    assert log.next_piece(copied) is None


def test_a_line_cut_off_by_a_crash_is_taken_away(tmp_path: Path) -> None:
    log = journal(tmp_path)
    log.append(line(1))
    log.close()
    with (tmp_path / "audit.jsonl").open("ab") as file:
        file.write(line(2)[:20])
    log = journal(tmp_path)
    log.append(line(3))
    assert (tmp_path / "audit.jsonl").read_bytes() == line(1) + line(3)


def test_a_file_from_before_there_were_ids_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl").write_bytes(b'{"at": "then"}\n')
    log = journal(tmp_path)
    log.append(line(1))
    assert (tmp_path / "audit.jsonl.1").read_bytes() == b'{"at": "then"}\n'
    assert copy_all(log, {}) == line(1)


def test_a_long_line_is_one_piece(tmp_path: Path) -> None:
    log = journal(tmp_path, rotate=10_000_000)
    log.append(line(1, 1_500_000))
    log.append(line(2))
    assert copy_all(log, {}) == line(1, 1_500_000) + line(2)


def test_nothing_of_a_line_that_does_not_fit_stays(tmp_path: Path) -> None:
    """In a child, because the limit on a file's size is the process's."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            log = journal(tmp_path, rotate=10_000_000)
            log.append(line(1))
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (500, resource.RLIM_INFINITY))
            with pytest.raises(OSError, match=r"space|large"):
                log.append(line(2, 1000))
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            log.append(line(3))
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert (tmp_path / "audit.jsonl").read_bytes() == line(1) + line(3)

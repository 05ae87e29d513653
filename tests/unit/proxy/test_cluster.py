"""The small cluster's configuration, the processes that it knows again, and the files that ship."""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import sys
import time
import xml.etree.ElementTree as xml
from pathlib import Path

import pytest

from proxy.__main__ import parser
from proxy.cluster.config import ClusterConfig, read
from proxy.cluster.running import Processes
from proxy.settings import SettingsError, shipped

FILES = shipped("cluster")


def test_the_file_that_ships_spells_out_the_defaults() -> None:
    assert read(FILES / "small.toml") == ClusterConfig()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[hdsf]\ndatanodes = 3\n", ":1: section [hdsf]: unknown; did you mean hdfs?"),
        ("[hdfs]\ndatanode = 3\n", ":2: [hdfs] datanode: unknown; did you mean datanodes?"),
        ('[hdfs]\ndatanodes = "3"\n', ":2: [hdfs] datanodes: '3' is not a whole number"),
        ("[hdfs]\ndatanodes = 90\n", ":2: [hdfs] datanodes: 90 is not from 1 to 9"),
        ("[hdfs]\ndatanodes = 1\n", ": [hdfs] replication: more than there are datanodes"),
        ("[servers]\nsettings = 3\n", ":2: [servers] settings: 3 is not a string"),
        ("hdfs = 3\n", "section [hdfs]: unknown"),
        ("[hdfs\n", "small.toml: "),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "small.toml"
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        read(file)
    assert said in str(caught.value)


def test_a_process_is_started_known_and_ended(tmp_path: Path) -> None:
    processes = Processes(tmp_path)
    assert processes.find("sleeper") is None
    program = "import sys, time; print(sys.stdin.read(), flush=True); time.sleep(60)"
    processes.start("sleeper", [sys.executable, "-c", program], {}, stdin="a secret")
    found = processes.find("sleeper")
    assert found is not None
    assert Processes(tmp_path).find("sleeper") == found, "another command knows it too"
    end = time.monotonic() + 10
    while "a secret" not in processes.log("sleeper").read_text():
        assert time.monotonic() < end
        time.sleep(0.02)
    assert processes.end("sleeper")
    assert processes.find("sleeper") is None
    assert not processes.end("sleeper")


def test_another_process_with_the_number_is_not_taken_for_it(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    known = {"pid": os.getpid(), "started": 1, "since": time.time()}
    (tmp_path / "run" / "server-1.json").write_text(json.dumps(known))
    processes = Processes(tmp_path)
    assert processes.find("server-1") is None
    assert not processes.end("server-1")


def test_a_process_that_ends_at_once_says_why(tmp_path: Path) -> None:
    processes = Processes(tmp_path)
    program = "import sys; print('some line'); sys.exit('Error: no such folder')"
    processes.start("broken", [sys.executable, "-c", program], {}, stdin="x" * 1_000_000)
    end = time.monotonic() + 10
    while processes.find("broken") is not None:
        assert time.monotonic() < end
        time.sleep(0.02)
    assert processes.last_words("broken") == "Error: no such folder"


@pytest.mark.parametrize("name", ["core-site.xml", "hdfs-site.xml"])
def test_hadoops_files(name: str) -> None:
    """Each property once, each variable with what a site is to replace."""
    properties = xml.parse(FILES / name).getroot().findall("property")
    names = [found.findtext("name") or "" for found in properties]
    assert len(set(names)) == len(names) > 1
    for found in properties:
        value = found.findtext("value") or ""
        assert value
        assert re.sub(r"\$\{env\.STREAMLINK_[A-Z_]+:-[^}]+\}", "", value).count("$") == 0


@pytest.mark.parametrize("name", ["streamlink-sql", "streamlink-node"])
def test_systemds_units_run_commands_that_there_are(name: str) -> None:
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string((FILES / f"{name}.service").read_text("utf-8").replace("\\\n", " "))
    program, *words = shlex.split(unit["Service"]["ExecStart"])
    assert program.endswith("/streamlink-sql")
    assert callable(parser().parse_args(words).run)

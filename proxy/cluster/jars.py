"""Jars that pyspark does not bring: HDFS's servers and PostgreSQL's JDBC driver, fetched once by Maven.

Hadoop's servers come in one jar of the version of pyspark's own client, so that both ends speak the same.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from spark_thrift.errors import EngineStartFailed
from spark_thrift.launcher import jars

JDBC: Final = ("org.postgresql", "postgresql", "42.7.8")
_COPY: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
_FETCH_S: Final = 600


def hdfs_servers() -> Path:
    """Raises: EngineStartFailed, with what is missing."""
    client = next(jars().glob("hadoop-client-api-*.jar"), None)
    found = client and re.search(r"-(\d+\.\d+\.\d+)\.jar\Z", client.name)
    if not found:
        raise EngineStartFailed("pyspark lacks hadoop-client-api-*.jar")
    return _fetched("org.apache.hadoop", "hadoop-client-minicluster", found[1])


def jdbc_driver() -> Path:
    """Raises: EngineStartFailed, with what is missing."""
    return _fetched(*JDBC)


def _fetched(group: str, name: str, version: str) -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "streamlink-sql" / "jars"
    file = cache / f"{name}-{version}.jar"
    if file.is_file():
        return file
    maven = shutil.which("mvn")
    if maven is None:
        raise EngineStartFailed(f"missing: mvn (apt install maven), or {file}")
    coming = cache / f".{name}.{os.getpid()}"
    command = [maven, "--batch-mode", "--quiet", _COPY, f"-Dartifact={group}:{name}:{version}"]
    try:
        done = subprocess.run(
            [*command, f"-DoutputDirectory={coming}"],
            capture_output=True,
            text=True,
            timeout=_FETCH_S,
            check=False,
        )
        if done.returncode:
            lines = [line for line in (done.stdout + done.stderr).splitlines() if "ERROR" in line]
            raise EngineStartFailed(
                f"Maven does not bring {name} {version}: {(lines or ['no reason'])[0][:200]}"
            )
        # Complete or not at all.
        (coming / file.name).replace(file)
    except subprocess.TimeoutExpired:
        raise EngineStartFailed(f"Maven does not bring {name} {version} in {_FETCH_S} s") from None
    finally:
        shutil.rmtree(coming, ignore_errors=True)
    return file

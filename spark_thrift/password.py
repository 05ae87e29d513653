"""The embedded server's password: one for each start, known to this process and to the server alone.

A Thrift Server on loopback is open to every user of the machine, and would let them round the gate.  Rules: the
password goes to the server through its standard input, so that it stands on no command line, in no environment, in
no file and in no log; a server that was not given it lets nobody in, nor does one that does not find the class that
checks it.  That class takes the place of Hive's own for hive.server2.authentication = CUSTOM and is compiled at each
start by Janino, the compiler that Spark itself brings: a Java without javac is enough.
"""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path
from typing import Final

from spark_thrift.errors import EngineStartFailed
from spark_thrift.java import Java

_SOURCE: Final = Path(__file__).with_name("CustomAuthenticationProviderImpl.java")
_COMPILER: Final = "org.codehaus.commons.compiler.samples.CompilerDemo"
_COMPILE_TIMEOUT_S: Final = 60.0
_JVM_OPTIONS: Final = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto")


def new_password() -> str:
    return secrets.token_urlsafe(32)


async def compile_provider(java: Java, jars: Path, folder: Path) -> None:
    """Put the class into `folder`, which must come first on the server's class path.  Raises: EngineStartFailed."""
    compiler = ":".join(_jar(jars, name) for name in ("janino-", "commons-compiler-"))
    interface = _jar(jars, "spark-hive-thriftserver_")
    process = await asyncio.create_subprocess_exec(
        *(str(java.program), *_JVM_OPTIONS, "-cp", compiler, _COMPILER),
        *("-d", str(folder), "-classpath", interface, str(_SOURCE)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_COMPILE_TIMEOUT_S):
            _, said = await process.communicate()
    except BaseException as error:
        process.kill()
        await process.wait()
        if isinstance(error, TimeoutError):
            raise EngineStartFailed("Java does not come to an end with a small program") from None
        raise
    if process.returncode != 0:
        words = said.decode("utf-8", "replace").strip().splitlines()
        raise EngineStartFailed(f"Java failed at a small program: {words[0][:300] if words else 'no reason'}")


def _jar(jars: Path, prefix: str) -> str:
    """Raises: EngineStartFailed for a pyspark that has no such jar."""
    found = sorted(jars.glob(f"{prefix}[0-9]*.jar"))
    if not found:
        raise EngineStartFailed(f"pyspark lacks {prefix}*.jar")
    return str(found[0])

"""Runs .pgt transcripts against any server that speaks PostgreSQL's protocol.

A transcript is blocks of lines with a blank line between them, in the manner of CockroachDB's pgtest:

    # A comment.  Words after `requires` name what the server must have, else the transcript is skipped.
    requires scram

    connect                     a socket, and a session on it (authentication as the server asks)
    connect b {"Parameters": {"application_name": "x"}, "ProtocolVersion": "3.2"}
    open c                      a socket and nothing more
    tls c                       change to TLS on the same socket
    start c                     the session on it, with options as for connect

    send                        frontend messages, written in one piece; `send b` on connection b
    Query {"String": "SELECT 1"}

    until                       read up to and with the named messages, in this order
    ReadyForQuery
    ----
    {"Type": "RowDescription", "Fields": [{"DataTypeOID": 23}]}
    {"Type": "DataRow", "Values": ["1"]}
    {"Type": "CommandComplete", "CommandTag": "SELECT 1"}
    {"Type": "ReadyForQuery", "TxStatus": "I"}

    closed                      the server closes, without sending anything more
    silent                      the server sends nothing for a moment
    pause                       wait as long, whatever is sent

`until` and `closed` take `ignore=Type,Type`: such messages may come, anywhere; `keep=Type,Type` undoes the
same for NoticeResponse and ParameterStatus, which may come at any time (chapter 54.2.7) and are ignored else;
`join=CopyData` reads consecutive CopyData messages as one.

An expected message is a pattern: the keys that it has must match, and those that it leaves out may be
anything.  A value in a DataRow or CopyData is a string, null or {"binary": hex}.  `${user}`, `${password}`
and `${database}` stand for the run's own, `${pid:b}` for the process ID of connection b.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
import struct
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.transcripts import pgmessages
from tests.transcripts.pgmessages import Json

SILENCE_S = 0.3
_ASYNCHRONOUS = frozenset({"NoticeResponse", "ParameterStatus"})


class TranscriptFailure(AssertionError):
    """The server did something else than the transcript says."""


@dataclass(frozen=True)
class Block:
    """One directive with its lines."""

    line: int
    directive: str
    arguments: tuple[str, ...]
    lines: tuple[str, ...]
    expected: tuple[str, ...]


@dataclass
class Target:
    """Where to run, and as whom."""

    host: str
    port: int
    user: str = "postgres"
    password: str = ""
    database: str = "postgres"
    features: frozenset[str] = frozenset()
    timeout_s: float = 10.0

    def fill(self, text: str) -> str:
        for name in ("user", "password", "database"):
            text = text.replace(f"${{{name}}}", getattr(self, name))
        return text


def parse_transcript(text: str) -> list[Block]:
    """Raises: ValueError for a directive that there is not."""
    blocks = []
    number = 1
    for chunk in re.split(r"(\n(?:[ \t]*\n)+)", text):
        lines = [(number + i, line) for i, line in enumerate(chunk.split("\n"))]
        number += chunk.count("\n")
        lines = [(at, line) for at, line in lines if line.strip() and not line.startswith("#")]
        if not lines:
            continue
        at, head = lines[0]
        words, brace, options = head.partition("{")
        directive, *arguments = words.split()
        if brace:
            arguments.append(brace + options)
        if directive not in _DIRECTIVES:
            raise ValueError(f"line {at}: unknown directive {directive!r}")
        body = [line for _, line in lines[1:]]
        cut = body.index("----") if "----" in body else len(body)
        blocks.append(Block(at, directive, tuple(arguments), tuple(body[:cut]), tuple(body[cut + 1 :])))
    return blocks


def missing_features(path: Path, target: Target) -> list[str]:
    """What the transcript requires and the target lacks."""
    blocks = parse_transcript(path.read_text())
    wanted = [word for block in blocks if block.directive == "requires" for word in block.arguments]
    return [word for word in wanted if word not in target.features]


@dataclass
class Peer:
    """One connection to the server, on a blocking socket."""

    target: Target
    sock: socket.socket
    buffer: bytes = b""
    key: Json = field(default_factory=dict)
    encryption_asked: bool = False

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def _fill(self) -> bool:
        """False at the end of the stream."""
        try:
            chunk = self.sock.recv(65536)
        except ConnectionResetError:
            return False
        self.buffer += chunk
        return bool(chunk)

    def read(self) -> Json | None:
        """The next message, None at the end of the stream."""
        while True:
            if self.encryption_asked and self.buffer[:1] in (b"N", b"S", b"G"):
                self.encryption_asked = False
                value, self.buffer = self.buffer[:1].decode(), self.buffer[1:]
                return {"Type": "EncryptionResponse", "Value": value}
            if len(self.buffer) >= 5:
                (length,) = struct.unpack_from("!I", self.buffer, 1)
                if len(self.buffer) > length:
                    kind, payload = self.buffer[:1].decode("latin-1"), self.buffer[5 : length + 1]
                    self.buffer = self.buffer[length + 1 :]
                    message = pgmessages.decode(kind, payload)
                    if message["Type"] == "BackendKeyData":
                        self.key = message
                    return message
            if not self._fill():
                if self.buffer:
                    raise TranscriptFailure(f"the stream ends within a message: {self.buffer!r}")
                return None

    def start_session(self, options: Json) -> None:
        """StartupMessage, whatever authentication is asked for, up to the first ReadyForQuery."""
        parameters = {"user": self.target.user, "database": self.target.database}
        parameters |= options.get("Parameters", {})
        self.send(pgmessages.encode("StartupMessage", {**options, "Parameters": parameters}))
        scram: Any = None
        while (message := self.read()) is not None:
            match message["Type"]:
                case "ReadyForQuery":
                    return
                case "ErrorResponse":
                    break
                case "AuthenticationCleartextPassword":
                    self.send(pgmessages.encode("PasswordMessage", {"Password": self.target.password}))
                case "AuthenticationSASL":
                    scram = _scram_client(self.target)
                    answer = {"AuthMechanism": "SCRAM-SHA-256", "Data": scram.get_client_first()}
                    self.send(pgmessages.encode("SASLInitialResponse", answer))
                case "AuthenticationSASLContinue":
                    scram.set_server_first(message["Data"])
                    self.send(pgmessages.encode("SASLResponse", {"Data": scram.get_client_final()}))
                case "AuthenticationSASLFinal":
                    scram.set_server_final(message["Data"])
        raise TranscriptFailure(f"no session: {message}")


def _scram_client(target: Target) -> Any:
    from scramp import ScramClient

    return ScramClient(["SCRAM-SHA-256"], target.user, target.password)


class Runner:
    """The state of one run: connections by name."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.peers: dict[str, Peer] = {}

    def close(self) -> None:
        for peer in self.peers.values():
            peer.sock.close()

    def run(self, block: Block) -> None:
        name = block.arguments[0] if block.arguments and _is_name(block.arguments[0]) else "main"
        _DIRECTIVES[block.directive](self, name, block)

    def requires(self, name: str, block: Block) -> None:
        del name
        if lacking := set(block.arguments) - self.target.features:
            raise TranscriptFailure(f"the server lacks {sorted(lacking)}")

    def open(self, name: str, block: Block) -> None:
        del block
        if name in self.peers:
            self.peers[name].sock.close()
        sock = socket.create_connection((self.target.host, self.target.port), self.target.timeout_s)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.peers[name] = Peer(self.target, sock)

    def connect(self, name: str, block: Block) -> None:
        self.open(name, block)
        self.start(name, block)

    def start(self, name: str, block: Block) -> None:
        options = "".join(word for word in block.arguments if not _is_name(word))
        self.peers[name].start_session(json.loads(self.target.fill(options or "{}")))

    def send(self, name: str, block: Block) -> None:
        data = b""
        for line in block.lines:
            kind, _, text = line.partition(" ")
            message = json.loads(self._fill(text)) if text.strip() else {}
            if kind == "CancelRequest" and "of" in message:
                message = {**self.peers[message["of"]].key, **message}
            if kind in ("SSLRequest", "GSSEncRequest"):
                self.peers[name].encryption_asked = True
            data += pgmessages.encode(kind, message)
        self.peers[name].send(data)

    def _fill(self, text: str) -> str:
        for name, peer in self.peers.items():
            text = text.replace(f"${{pid:{name}}}", str(peer.key.get("ProcessID")))
        return self.target.fill(text)

    def until(self, name: str, block: Block) -> None:
        ignored = _ignored(block)
        joined = "join=CopyData" in block.arguments
        wanted = [line.strip() for line in block.lines]
        got: list[Json] = []
        while wanted:
            message = self.peers[name].read()
            if message is None:
                raise TranscriptFailure(f"closed before {wanted[0]}, after {shown(got)}")
            if message["Type"] == wanted[0]:
                wanted.pop(0)
            elif message["Type"] in ignored:
                continue
            if joined and got and message["Type"] == got[-1]["Type"] == "CopyData":
                got[-1]["Data"] += message["Data"]
            else:
                got.append(message)
        expected = [json.loads(self.target.fill(line)) for line in block.expected]
        if len(expected) != len(got) or not all(map(matches, expected, got)):
            raise TranscriptFailure(f"expected\n{shown(expected)}\ngot\n{shown(got)}")

    def closed(self, name: str, block: Block) -> None:
        ignored = _ignored(block)
        while (message := self.peers[name].read()) is not None:
            if message["Type"] not in ignored:
                raise TranscriptFailure(f"expected the end of the stream, got {shown([message])}")

    def silent(self, name: str, block: Block) -> None:
        del block
        peer = self.peers[name]
        peer.sock.settimeout(SILENCE_S)
        try:
            message = peer.read()
        except TimeoutError:
            return
        finally:
            peer.sock.settimeout(self.target.timeout_s)
        raise TranscriptFailure(f"expected silence, got {shown([message or {}])}")

    def pause(self, name: str, block: Block) -> None:
        del name, block
        time.sleep(SILENCE_S)

    def tls(self, name: str, block: Block) -> None:
        del block
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.peers[name].sock = context.wrap_socket(self.peers[name].sock)


_DIRECTIVES = {
    "requires": Runner.requires,
    "open": Runner.open,
    "connect": Runner.connect,
    "start": Runner.start,
    "send": Runner.send,
    "until": Runner.until,
    "closed": Runner.closed,
    "silent": Runner.silent,
    "pause": Runner.pause,
    "tls": Runner.tls,
}


def _is_name(word: str) -> bool:
    return word.isidentifier()


def _ignored(block: Block) -> frozenset[str]:
    ignored = set(_ASYNCHRONOUS)
    for word in block.arguments:
        option, _, types = word.partition("=")
        if option == "ignore":
            ignored |= set(types.split(","))
        elif option == "keep":
            ignored -= set(types.split(","))
    return frozenset(ignored)


def matches(pattern: Any, value: Any) -> bool:
    """Whether a message (or a part of one) is what the pattern says."""
    if isinstance(pattern, dict):
        if set(pattern) == {"binary"}:
            return bool(value == bytes.fromhex(pattern["binary"]))
        return isinstance(value, dict) and all(
            key in value and matches(pattern[key], value[key]) for key in pattern
        )
    if isinstance(pattern, list):
        return isinstance(value, list) and len(pattern) == len(value) and all(map(matches, pattern, value))
    if isinstance(pattern, str) and isinstance(value, bytes):
        return pattern.encode() == value
    return bool(pattern == value)


def shown(messages: list[Json]) -> str:
    """Messages as a transcript would have them."""

    def plain(value: Any) -> Any:
        if isinstance(value, bytes):
            text = value.decode(errors="replace")
            return text if text.isprintable() or text.endswith("\n") else {"binary": value.hex()}
        raise TypeError(value)

    return (
        "\n".join(json.dumps(message, default=plain, ensure_ascii=False) for message in messages) or "(none)"
    )


def run_transcript(path: str | Path, host: str, port: int, **options: Any) -> None:
    """Run one transcript.  `options` are `Target`'s.  Raises: TranscriptFailure, naming file and line."""
    runner = Runner(Target(host, port, **options))
    try:
        for block in parse_transcript(Path(path).read_text()):
            try:
                runner.run(block)
            except (TranscriptFailure, pgmessages.BrokenMessage, OSError) as error:
                raise TranscriptFailure(f"{path}:{block.line}: {error}") from error
    finally:
        runner.close()


if __name__ == "__main__":
    # python -m tests.transcripts.harness HOST PORT USER PASSWORD DATABASE FILE...
    host, port, user, password, database, *paths = sys.argv[1:]
    for path in paths:
        run_transcript(path, host, int(port), user=user, password=password, database=database)
        print("ok", path)

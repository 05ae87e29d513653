"""The users file: who may log in with a password, as verifiers that do not tell the password.

One user a line: `NAME SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey> [ROLE,ROLE...]`, the
verifier in PostgreSQL's own format, so a line of pg_authid can be pasted.  `#` begins a comment line.
Rules: the file and the secret beside it have mode 0600 and a looser mode is refused; a change replaces the
file in one rename, under a lock; a name that nobody has gets a mock verifier that stays the same from one
attempt to the next, so neither the messages nor the time of an attempt tells who exists.  Leaves out: the
exchange itself (server.py, with scramp) and what a role may do.

Source: RFC 5802 and 7677; PostgreSQL src/backend/libpq/auth-scram.c (mock authentication),
pg_authid.rolpassword.
"""

from __future__ import annotations

import base64
import fcntl
import hmac
import os
import re
import secrets
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ITERATIONS = 4096
"""PostgreSQL's scram_iterations, RFC 7677's least."""

_NAME_BYTES_MAX = 63
"""PostgreSQL's NAMEDATALEN - 1."""

_VERIFIER = re.compile(
    r"SCRAM-SHA-256\$(\d{4,8}):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)", re.ASCII
)


class UsersError(Exception):
    """A users file, name or password that cannot be used.  The text never holds a verifier or a password."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """What the server keeps of a password.  Wire: `salt` and `iterations` go into SCRAM's server-first-
    message."""

    iterations: int
    salt: bytes
    stored_key: bytes
    server_key: bytes

    @classmethod
    def of(cls, password: str) -> Verifier:
        """Raises: UsersError for a password that SASLprep (RFC 4013) refuses."""
        from scramp import ScramException, ScramMechanism

        if not password:
            raise UsersError("the password is empty")
        try:
            salt, stored_key, server_key, iterations = ScramMechanism("SCRAM-SHA-256").make_auth_info(
                password, iteration_count=ITERATIONS, salt=secrets.token_bytes(16)
            )
        except ScramException:
            raise UsersError("the password holds characters that SASLprep (RFC 4013) forbids") from None
        return cls(iterations, salt, stored_key, server_key)

    @classmethod
    def parse(cls, text: str) -> Verifier:
        """Raises: ValueError, without the text in it."""
        match = _VERIFIER.fullmatch(text)
        if match is None:
            raise ValueError("not a SCRAM-SHA-256 verifier")
        salt, stored_key, server_key = (
            base64.b64decode(part, validate=True) for part in match.group(2, 3, 4)
        )
        sizes_fit = len(stored_key) == 32 and len(server_key) == 32 and len(salt) >= 12
        if not sizes_fit or int(match[1]) < ITERATIONS:
            raise ValueError("a SCRAM-SHA-256 verifier with parts of the wrong size")
        return cls(int(match[1]), salt, stored_key, server_key)

    def __str__(self) -> str:
        salt, stored, server = (
            base64.b64encode(part).decode() for part in (self.salt, self.stored_key, self.server_key)
        )
        return f"SCRAM-SHA-256${self.iterations}:{salt}${stored}:{server}"


@dataclass(frozen=True, slots=True)
class User:
    name: str
    verifier: Verifier
    roles: tuple[str, ...] = ()


class Users:
    """The file at `path`, read anew whenever it changed: a removed user cannot log in again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._secret_path = path.with_name(path.name + ".secret")
        self._seen: tuple[int, int, int] | None = None
        self._users: dict[str, User] = {}
        self._secret = b""

    def all(self) -> tuple[User, ...]:
        """Raises: UsersError."""
        self._refresh()
        return tuple(self._users.values())

    def find(self, name: str) -> User | None:
        """Raises: UsersError."""
        self._refresh()
        return self._users.get(name)

    def verifier(self, name: str) -> Verifier:
        """The user's verifier, or a mock that no password fits.  Raises: UsersError."""
        user = self.find(name)
        mock = self._mock(name)  # Made either way, so that both ways cost the same.
        return user.verifier if user else mock

    def add(self, name: str, password: str, roles: tuple[str, ...] = ()) -> User:
        """Raises: UsersError when the name is taken or cannot be used."""
        user = User(_checked_name(name), Verifier.of(password), tuple(map(_checked_name, roles)))
        with self._changing() as users:
            if name in users:
                raise UsersError(f"user {name} exists; `users passwd {name}` changes the password")
            users[name] = user
        return user

    def set_password(self, name: str, password: str) -> None:
        verifier = Verifier.of(password)
        with self._changing() as users:
            users[name] = User(name, verifier, _existing(users, name).roles)

    def remove(self, name: str) -> None:
        with self._changing() as users:
            del users[_existing(users, name).name]

    def _refresh(self) -> None:
        try:
            with self.path.open("rb") as file:
                status = os.fstat(file.fileno())
                seen = (status.st_mtime_ns, status.st_ino, status.st_size)
                if seen == self._seen:
                    return
                _check_mode(self.path, status)
                self._users, self._seen = _parse(self.path, file.read()), seen
        except FileNotFoundError:
            self._users, self._seen = {}, None
        except OSError as error:
            raise UsersError(f"{self.path}: {error.strerror}") from None

    @contextmanager
    def _changing(self) -> Iterator[dict[str, User]]:
        """The users to change, written back when the block ends well; other processes wait meanwhile."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock_path = self.path.with_name(self.path.name + ".lock")
            lock = os.open(lock_path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise UsersError(f"{error.filename}: {error.strerror}") from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._refresh()
            users = dict(self._users)
            yield users
            _replace(self.path, _edited(self.path, users))
        finally:
            os.close(lock)

    def _mock(self, name: str) -> Verifier:
        if not self._secret:
            self._secret = self._stored_secret()
        salt, stored_key, server_key = (
            hmac.digest(self._secret, b"%s:%s" % (purpose, name.encode("utf-8", "surrogateescape")), "sha256")
            for purpose in (b"salt", b"stored", b"server")
        )
        return Verifier(ITERATIONS, salt[:16], stored_key, server_key)

    def _stored_secret(self) -> bytes:
        """Kept on disk: a salt that changed at a restart would give a mock away."""
        try:
            self._secret_path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(self._secret_path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            with open(descriptor, "r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                _check_mode(self._secret_path, os.fstat(file.fileno()))
                secret = file.read()
                if len(secret) != 32:
                    secret = secrets.token_bytes(32)
                    file.seek(0)
                    file.truncate()
                    file.write(secret)
        except OSError as error:
            raise UsersError(f"{self._secret_path}: {error.strerror}") from None
        return secret


def _existing(users: dict[str, User], name: str) -> User:
    if name not in users:
        raise UsersError(f"no user {name}; `users list` shows the names")
    return users[name]


def _parse(path: Path, content: bytes) -> dict[str, User]:
    users: dict[str, User] = {}
    for number, raw in enumerate(content.split(b"\n"), 1):
        try:
            words = raw.decode("utf-8").split()
            if not words or words[0].startswith("#"):
                continue
            if len(words) > 3 or len(words) < 2:
                raise ValueError("not NAME VERIFIER [ROLES]")
            roles = tuple(words[2].split(",")) if len(words) == 3 else ()
            if words[0] in users:
                raise ValueError("this name stands above already")
            users[words[0]] = User(
                _checked_name(words[0]), Verifier.parse(words[1]), tuple(map(_checked_name, roles))
            )
        except (ValueError, UsersError) as error:
            reason = "not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
            raise UsersError(f"{path}:{number}: {reason}") from None
    return users


def _edited(path: Path, users: dict[str, User]) -> bytes:
    """The file with these users in it: comments and the order stay, new users stand at the end."""
    new = dict(users)
    lines: list[str] = []
    for line in path.read_text("utf-8").splitlines() if path.exists() else ():
        name = line.split(maxsplit=1)[0] if line.strip() else "#"
        if name.startswith("#"):
            lines.append(line)
        elif name in new:
            lines.append(_line(new.pop(name)))
    lines.extend(map(_line, new.values()))
    return "".join(f"{line}\n" for line in lines).encode()


def _line(user: User) -> str:
    return " ".join([user.name, str(user.verifier), *([",".join(user.roles)] if user.roles else [])])


def _checked_name(name: str) -> str:
    if not name or name.startswith("#") or "," in name or not name.isprintable() or " " in name:
        raise UsersError(
            f"{name!r} cannot be a name: it holds a space, a comma or a control sign, or begins with #"
        )
    if len(name.encode()) > _NAME_BYTES_MAX:
        raise UsersError(f"{name!r} is longer than {_NAME_BYTES_MAX} bytes")
    return name


def _check_mode(path: Path, status: os.stat_result) -> None:
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise UsersError(f"{path}: others may read it; chmod 600 {path}")


def _replace(path: Path, content: bytes) -> None:
    """Old or new, never half.  Raises: UsersError."""
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # Made with mode 0600.
        try:
            with open(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise UsersError(f"{path}: {error.strerror}") from None

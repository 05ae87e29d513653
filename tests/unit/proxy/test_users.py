from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest
from scramp import ScramClient, ScramException, ScramMechanism

from proxy.users import Users, UsersError, Verifier

# What PostgreSQL 15 stored for CREATE ROLE postgres_made PASSWORD 'correct horse'.
POSTGRES_MADE = (
    "SCRAM-SHA-256$4096:9bX2c372393oK4JZRPDhgA==$"
    "BBK294GmyLaWU/z7X3BoGUmbALjN2Kq8EqheH1Q5Wgg=:wHYMXORw0luGblu+j9mMT1DYYfFak30D9UCfUlazbKA="
)


@pytest.fixture
def users(tmp_path: Path) -> Users:
    return Users(tmp_path / "data" / "users")


def log_in(verifier: Verifier, password: str) -> None:
    """The whole SCRAM exchange, as server and libpq hold it (libpq leaves the name empty)."""
    server = ScramMechanism("SCRAM-SHA-256").make_server(
        lambda _: (verifier.salt, verifier.stored_key, verifier.server_key, verifier.iterations)
    )
    client = ScramClient(["SCRAM-SHA-256"], "ann", password)
    server.set_client_first(client.get_client_first())
    client.set_server_first(server.get_server_first())
    server.set_client_final(client.get_client_final())
    client.set_server_final(server.get_server_final())


def test_a_user_logs_in_with_the_password_and_no_other(users: Users) -> None:
    users.add("ann", "correct horse")
    log_in(users.verifier("ann"), "correct horse")
    with pytest.raises(ScramException):
        log_in(users.verifier("ann"), "battery staple")


def test_a_line_of_postgresql_is_understood(users: Users) -> None:
    assert str(Verifier.parse(POSTGRES_MADE)) == POSTGRES_MADE
    log_in(Verifier.parse(POSTGRES_MADE), "correct horse")


def test_the_file_holds_no_password_and_only_its_owner_reads_it(users: Users) -> None:
    users.add("ann", "correct horse", ("reader", "analyst"))
    users.verifier("nobody")
    files = list(users.path.parent.iterdir())
    assert {path.name for path in files} == {"users", "users.lock", "users.secret"}
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in files)
    assert all(b"horse" not in path.read_bytes() for path in files)
    name, verifier, roles = users.path.read_text().split()
    assert (name, roles) == ("ann", "reader,analyst")
    assert verifier.startswith("SCRAM-SHA-256$4096:")


def test_an_unknown_user_gets_a_verifier_that_stays_and_that_nothing_fits(users: Users) -> None:
    mock = users.verifier("nobody")
    assert mock == users.verifier("nobody") == Users(users.path).verifier("nobody")
    assert mock.salt != users.verifier("somebody").salt
    users.add("ann", "correct horse")
    real = users.verifier("ann")
    assert (len(mock.salt), mock.iterations) == (len(real.salt), real.iterations)
    with pytest.raises(ScramException):
        log_in(mock, "")
    with pytest.raises(ScramException):
        log_in(mock, "correct horse")


def test_another_process_sees_a_change_at_once(users: Users) -> None:
    server = Users(users.path)
    assert server.find("ann") is None
    users.add("ann", "one", ("reader",))
    log_in(server.verifier("ann"), "one")
    users.set_password("ann", "two")
    log_in(server.verifier("ann"), "two")
    found = server.find("ann")
    assert found is not None
    assert found.roles == ("reader",)
    users.remove("ann")
    assert server.find("ann") is None
    with pytest.raises(ScramException):
        log_in(server.verifier("ann"), "two")


def test_changes_at_the_same_time_lose_nobody(users: Users) -> None:
    threads = [
        threading.Thread(target=Users(users.path).add, args=(f"user{number}", "password"))
        for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {user.name for user in users.all()} == {f"user{number}" for number in range(8)}


def test_a_change_leaves_comments_and_other_lines_where_they_are(users: Users) -> None:
    users.add("ann", "x")
    users.add("bob", "y")
    ann, bob = users.path.read_text().splitlines()
    users.path.write_text(f"# people\n{ann}\n\n# machines\n{bob}\n")
    users.set_password("bob", "z")
    users.add("cat", "x")
    lines = users.path.read_text().splitlines()
    assert lines[:4] == ["# people", ann, "", "# machines"]
    assert [line.split()[0] for line in lines[4:]] == ["bob", "cat"]
    assert lines[4] != bob
    users.remove("ann")
    assert users.path.read_text().splitlines()[:3] == ["# people", "", "# machines"]


def test_mistakes_are_named(users: Users) -> None:
    users.add("ann", "x")
    with pytest.raises(UsersError, match="user ann exists"):
        users.add("ann", "y")
    with pytest.raises(UsersError, match="no user bob"):
        users.remove("bob")
    with pytest.raises(UsersError, match="no user bob"):
        users.set_password("bob", "y")
    with pytest.raises(UsersError, match="empty"):
        users.add("bob", "")
    with pytest.raises(UsersError, match="SASLprep"):
        users.add("bob", "bell\x07")
    for name in ("", "a b", "a,b", "#a", "a\nb", "a\x00", "ä" * 32):
        with pytest.raises(UsersError):
            users.add(name, "y")
    with pytest.raises(UsersError):
        users.add("bob", "y", ("a b",))


@pytest.mark.parametrize(
    "line",
    [
        "ann",
        "ann secret",
        "ann md5d41d8cd98f00b204e9800998ecf8427e",
        "ann SCRAM-SHA-256$4096:c2FsdA==$AAAA:AAAA",
        POSTGRES_MADE.replace("$4096:", "$1000:").join(("ann ", "")),
        f"ann {POSTGRES_MADE} reader extra",
        f"ann {POSTGRES_MADE}\nann {POSTGRES_MADE}",
        "ann \xff",
    ],
)
def test_a_broken_file_stops_logins_and_tells_the_line_but_no_secret(users: Users, line: str) -> None:
    users.add("bob", "x")
    users.path.write_bytes(users.path.read_bytes() + line.encode("latin-1") + b"\n")
    with pytest.raises(UsersError) as error:
        users.verifier("bob")
    assert f"{users.path}:" in str(error.value)
    assert not any(word in str(error.value) for word in ("secret", "$", "d41d8"))


def test_a_file_that_others_can_read_is_refused(users: Users) -> None:
    users.add("ann", "x")
    users.path.chmod(0o640)
    with pytest.raises(UsersError, match="chmod 600"):
        Users(users.path).find("ann")


def test_a_full_disk_leaves_the_old_file(users: Users, monkeypatch: pytest.MonkeyPatch) -> None:
    users.add("ann", "x")
    before = users.path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UsersError, match="No space left"):
        users.add("bob", "y")
    assert users.path.read_bytes() == before
    assert sorted(path.name for path in users.path.parent.iterdir()) == ["users", "users.lock"]

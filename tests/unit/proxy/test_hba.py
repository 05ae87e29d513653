from __future__ import annotations

import pytest

from proxy.hba import choose, parse_rule

RULES = [
    parse_rule(line)
    for line in (
        "host    all        mallory  all          reject",
        "host    all        all      127.0.0.1/32 trust",
        "hostssl all        robot    10.0.0.0/8   cert",
        "hostssl one,two    all      10.0.0.0/8   scram-sha-256",
        "hostnossl all      all      fd00::/8     scram-sha-256",
    )
]


@pytest.mark.parametrize(
    ("database", "user", "address", "tls", "method"),
    [
        ("one", "ann", "127.0.0.1", False, "trust"),
        ("one", "ann", "127.0.0.1", True, "trust"),
        ("one", "ann", "::ffff:127.0.0.1", False, "trust"),
        ("one", "mallory", "127.0.0.1", False, "reject"),
        ("one", "ann", "127.0.0.2", False, None),
        ("one", "robot", "10.1.2.3", True, "cert"),
        ("one", "ann", "10.1.2.3", True, "scram-sha-256"),
        ("two", "ann", "10.1.2.3", True, "scram-sha-256"),
        ("three", "ann", "10.1.2.3", True, None),
        ("one", "ann", "10.1.2.3", False, None),
        ("one", "ann", "fd00::1%eth0", False, "scram-sha-256"),
        ("one", "ann", "fd00::1", True, None),
        ("one", "ann", "::1", False, None),
    ],
)
def test_the_first_rule_that_fits_decides(
    database: str, user: str, address: str, tls: bool, method: str | None
) -> None:
    assert choose(RULES, database=database, user=user, address=address, tls=tls) == method


def test_loopback_is_both_families() -> None:
    rules = [parse_rule("host all all loopback trust")]
    for address in ("127.0.0.1", "127.9.9.9", "::1"):
        assert choose(rules, database="d", user="u", address=address, tls=False) == "trust"
    assert choose(rules, database="d", user="u", address="10.0.0.1", tls=False) is None


@pytest.mark.parametrize("address", ["all", "0.0.0.0/0", "::/0", "10.0.0.0/8", "127.0.0.0/7", "::/127"])
def test_trust_never_leaves_the_machine(address: str) -> None:
    with pytest.raises(ValueError, match="loopback"):
        parse_rule(f"host all all {address} trust")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("host all all loopback", "4 words"),
        ("local all all loopback trust", "unknown connection type 'local'"),
        ("host all all loopback password", "unknown method 'password'"),
        ("host all all localhost trust", "not an address range"),
        ("host all all 10.0.0.1/8 reject", "not an address range"),
        ("host all a,,b loopback trust", "an empty name"),
        ("host all all all cert", "hostssl"),
    ],
)
def test_a_wrong_rule_says_which_word(line: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_rule(line)


def test_no_rule_means_refused() -> None:
    assert choose([], database="d", user="u", address="127.0.0.1", tls=False) is None

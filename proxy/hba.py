"""Who may connect, from where and by what proof: rules in the manner of pg_hba.conf.

A rule is one line, `TYPE DATABASE USER ADDRESS METHOD`; the first that fits decides, and where none fits
the client is refused.  Rules: an unknown word is an error; `trust` is accepted for loopback addresses only,
so that no slip of the pen opens the server to a network; `cert` needs TLS.  Leaves out: Unix sockets,
regular expressions, group names and the methods that send a password (password, md5, ldap, pam).

Source: PostgreSQL documentation, "The pg_hba.conf File".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal, get_args

Method = Literal["trust", "scram-sha-256", "cert", "reject"]
Connection = Literal["host", "hostssl", "hostnossl"]
Network = IPv4Network | IPv6Network

_METHODS: dict[str, Method] = {name: name for name in get_args(Method)}
_CONNECTIONS: dict[str, Connection] = {name: name for name in get_args(Connection)}

LOOPBACK: tuple[Network, ...] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
EVERYWHERE: tuple[Network, ...] = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))


@dataclass(frozen=True, slots=True)
class AuthRule:
    """One line.  Shapes: an empty tuple of databases or users means all."""

    connection: Connection
    databases: tuple[str, ...]
    users: tuple[str, ...]
    networks: tuple[Network, ...]
    method: Method

    def fits(self, database: str, user: str, address: IPv4Address | IPv6Address, *, tls: bool) -> bool:
        return (
            (self.connection == "host" or (self.connection == "hostssl") == tls)
            and (not self.databases or database in self.databases)
            and (not self.users or user in self.users)
            and any(address in network for network in self.networks)
        )


def parse_rule(line: str) -> AuthRule:
    """Raises: ValueError that says which word is wrong."""
    words = line.split()
    if len(words) != 5:
        raise ValueError(f"{line!r} has {len(words)} words, not TYPE DATABASE USER ADDRESS METHOD")
    connection, databases, users, address, method = words
    kind = _CONNECTIONS.get(connection)
    if kind is None:
        raise ValueError(f"unknown connection type {connection!r}; known: {', '.join(_CONNECTIONS)}")
    proof = _METHODS.get(method)
    if proof is None:
        raise ValueError(f"unknown method {method!r}; known: {', '.join(_METHODS)}")
    networks = _networks(address)
    if method == "trust" and not all(any(_inside(net, home) for home in LOOPBACK) for net in networks):
        raise ValueError(f"trust is for loopback addresses only, not {address!r}")
    if method == "cert" and connection != "hostssl":
        raise ValueError("cert needs connection type hostssl")
    return AuthRule(kind, _names(databases), _names(users), networks, proof)


def choose(rules: Iterable[AuthRule], *, database: str, user: str, address: str, tls: bool) -> Method | None:
    """The method of the first rule that fits, or None.  `address` is as the socket gives it."""
    peer = ip_address(address.partition("%")[0])
    if isinstance(peer, IPv6Address) and peer.ipv4_mapped is not None:
        peer = peer.ipv4_mapped
    return next((rule.method for rule in rules if rule.fits(database, user, peer, tls=tls)), None)


def _names(word: str) -> tuple[str, ...]:
    names = tuple(word.split(","))
    if not all(names):
        raise ValueError(f"an empty name in {word!r}")
    return () if "all" in names else names


def _networks(word: str) -> tuple[Network, ...]:
    if word == "all":
        return EVERYWHERE
    if word == "loopback":
        return LOOPBACK
    try:
        return (ip_network(word),)
    except ValueError:
        raise ValueError(
            f"{word!r} is not an address range; write all, loopback or like 10.0.0.0/8"
        ) from None


def _inside(inner: Network, outer: Network) -> bool:
    if isinstance(inner, IPv4Network) and isinstance(outer, IPv4Network):
        return inner.subnet_of(outer)
    if isinstance(inner, IPv6Network) and isinstance(outer, IPv6Network):
        return inner.subnet_of(outer)
    return False

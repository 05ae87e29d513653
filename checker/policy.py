"""The policy file: roles, what each may do, and who has them -> the Grants of one user.

Rules: what a role does not grant it does not have, and deny wins over allow; a user with several roles has the rights
of all of them and also the filters, masks and other restrictions of all of them; a role that the file does not have
gives nothing and takes everything, since it may have been one that restricts.  A file that is wrong in any place is
refused whole, with the line.

Left out: how grants are enforced (enforce.py); when the file is read again (proxy).
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar, get_args, get_type_hints

from sqlglot.tokens import TokenType

from checker.context import Action, DatabaseRights, Grants, InjectionLimits, JudgeRule, Mask, RowFilter
from checker.functions import DENIED, FIELD, function_kinds, spark_function_kinds
from checker.gate import Gate
from checker.lexer import lex
from checker.patterns import fits
from checker.verdict import Allowed, StatementKind
from conf.lines import line_of

SESSION_KINDS = frozenset(
    {
        StatementKind.SHOW,
        StatementKind.SET,
        StatementKind.RESET,
        StatementKind.BEGIN,
        StatementKind.COMMIT,
        StatementKind.ROLLBACK,
        StatementKind.SAVEPOINT,
        StatementKind.RELEASE,
        StatementKind.ROLLBACK_TO,
        StatementKind.DISCARD,
        StatementKind.DEALLOCATE,
        StatementKind.LISTEN,
        StatementKind.UNLISTEN,
        StatementKind.NOTIFY,
        StatementKind.EMPTY,
    }
)
READ_KINDS = frozenset(
    {
        StatementKind.SELECT,
        StatementKind.VALUES,
        StatementKind.EXPLAIN,
        StatementKind.PREPARE,
        StatementKind.EXECUTE,
        StatementKind.DECLARE,
        StatementKind.FETCH,
        StatementKind.MOVE,
        StatementKind.CLOSE,
        StatementKind.COPY_OUT,
    }
)
WRITE_KINDS = frozenset(StatementKind) - READ_KINDS - SESSION_KINDS
"""Granted with `write`, action by action."""
_WORDS: Mapping[str, frozenset[StatementKind]] = {
    "read": READ_KINDS,
    "session": SESSION_KINDS,
    **{kind.value.lower(): frozenset({kind}) for kind in READ_KINDS | SESSION_KINDS if kind.value},
}
"""What `statements` may hold: the two groups, and each kind by its own words."""


class PolicyError(Exception):
    """A policy that cannot be used.  The text is complete: file, line, mistake and way out."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A checked policy file."""

    roles: Mapping[str, Grants]
    users: Mapping[str, tuple[str, ...]]
    default_roles: tuple[str, ...]

    def roles_of(self, user: str, given: Iterable[str] = ()) -> tuple[str, ...]:
        """A user's roles: those given with the user, those that the file names, else the default ones."""
        own = tuple(dict.fromkeys((*given, *self.users.get(user, ()))))
        return own or self.default_roles

    def unknown(self, roles: Iterable[str]) -> tuple[str, ...]:
        return tuple(role for role in roles if role not in self.roles)

    def grants(self, roles: tuple[str, ...]) -> Grants:
        """What somebody with these roles may do; nothing where one of them is unknown."""
        if not roles or self.unknown(roles):
            return Grants(roles=roles, prose=False, audit="none")
        found = [self.roles[role] for role in roles]
        merged = found[0] if len(found) == 1 else _merged(found)
        return replace(merged, roles=roles)

    def grants_in(self, roles: tuple[str, ...], database: str) -> Grants | None:
        """The same in a database that is another catalogue of Spark; None where they may not connect to it."""
        grants = self.grants(roles)
        found = [rights for rights in grants.databases if fits(rights.database, database)]
        if not found:
            return None
        return replace(
            grants,
            read=_joined(rights.read for rights in found),
            deny=_joined(rights.deny for rights in found),
            filters=_joined(rights.filters for rights in found),
            masks=_joined(rights.masks for rights in found),
            statements=grants.statements - WRITE_KINDS,
            trusted_views=(),
            writes=(),
            databases=(),
        )

    def warnings(self) -> tuple[str, ...]:
        """What is allowed to be so and is probably not meant."""
        said = []
        useful = {
            name
            for name, grants in self.roles.items()
            if grants.statements and (grants.read or grants.writes)
        }
        holders = {role for roles in (*self.users.values(), self.default_roles) for role in roles}
        if not useful:
            said.append("no role may read or write any table: nobody can ask for data")
        elif not useful & holders:
            said.append(
                "no user of the file and no default role may read any table: "
                "only users who have a role of their own (`streamlink-sql users add --role`) can ask for data"
            )
        for name, grants in self.roles.items():
            if grants.statements and StatementKind.SET not in grants.statements:
                said.append(
                    f"role {name} may not send session statements (SET, BEGIN ...): most drivers fail at once"
                )
        return tuple(said)


def load(path: Path) -> Policy:
    """Raises: PolicyError."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path}: {error}") from None
    return parse(text, str(path))


def parse(text: str, name: str = "policy") -> Policy:
    """Raises: PolicyError."""
    return _Reader(text, name).policy()


_Record = TypeVar("_Record", InjectionLimits, JudgeRule)
_Item = TypeVar("_Item")
_SIZES = {Action.CREATE_SCHEMA: (1,), Action.DROP: (1, 2), Action.ALTER: (1, 2)}
"""Parts that patterns of actions on schemas have, where they are not those of tables."""
_TOP = ("default_roles", "users", "roles")


class _Reader:
    """One file on its way to a Policy."""

    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._name = name
        self._gate = Gate()

    def policy(self) -> Policy:
        try:
            document = tomllib.loads(self._text)
        except tomllib.TOMLDecodeError as error:
            raise PolicyError(f"{self._name}: {error}") from None
        for key in document:
            self._known(key, _TOP, "", key)
        roles = {
            role: self._role(role, self._table(table, f"roles.{role}", None))
            for role, table in self._table(document.get("roles", {}), "roles", None).items()
        }
        users = {
            user: self._roles_of_user(given, "users", user, roles)
            for user, given in self._table(document.get("users", {}), "users", None).items()
        }
        default = self._roles_of_user(document.get("default_roles", []), "", "default_roles", roles)
        return Policy(MappingProxyType(roles), MappingProxyType(users), default)

    def _roles_of_user(
        self, value: Any, section: str, key: str, roles: Mapping[str, Grants]
    ) -> tuple[str, ...]:
        names = self._strings(value, section, key)
        for name in names:
            if name not in roles:
                self._fail(section, key, f"there is no role {name!r}{_nearest(name, roles)}")
        return names

    def _role(self, role: str, table: Mapping[str, Any]) -> Grants:
        section = f"roles.{role}"
        values: dict[str, Any] = {"statements": _WORDS["read"] | _WORDS["session"], "functions": ("*",)}
        for key, value in table.items():
            read = _KEYS.get(key)
            if read is None:
                self._known(key, _KEYS, section, key)
                continue
            field, how = read
            values[field] = how(self, value, section, key)
        if values.get("writes"):
            values["statements"] |= WRITE_KINDS
        return Grants(roles=(role,), **values)

    # --- values

    def _statements(self, value: Any, section: str, key: str) -> frozenset[StatementKind]:
        kinds: frozenset[StatementKind] = frozenset({StatementKind.EMPTY})
        for word in self._strings(value, section, key):
            if word not in _WORDS:
                self._fail(section, key, f"{word!r} is no kind of statement{_nearest(word, _WORDS)}")
            kinds |= _WORDS[word]
        return kinds

    def _patterns(self, value: Any, section: str, key: str) -> tuple[str, ...]:
        """Patterns of tables and columns."""
        patterns = self._strings(value, section, key)
        for pattern in patterns:
            self._check_pattern(pattern, (2, 3), section, key)
        return patterns

    def _tables(self, value: Any, section: str, key: str) -> tuple[str, ...]:
        patterns = self._strings(value, section, key)
        for pattern in patterns:
            self._check_pattern(pattern, (2,), section, key)
        return patterns

    def _check_pattern(self, pattern: str, sizes: tuple[int, ...], section: str, key: str) -> None:
        parts = pattern.split(".")
        if len(parts) not in sizes or not all(parts):
            shapes = {1: "schema", 2: "schema.table", 3: "schema.table.column"}
            wanted = " or ".join(shapes[size] for size in sizes)
            self._fail(section, key, f"{pattern!r} is not a pattern of {wanted}")

    def _functions(self, value: Any, section: str, key: str) -> tuple[str, ...]:
        names = self._strings(value, section, key)
        kinds = {**spark_function_kinds(), **function_kinds()}
        callable_kinds = set(kinds.values()) - {DENIED, FIELD}
        for name in names:
            if name.startswith("kind:"):
                if name[5:] not in callable_kinds:
                    self._fail(
                        section,
                        key,
                        f"{name[5:]!r} is no kind of function{_nearest(name[5:], callable_kinds)}",
                    )
            elif name != "*" and kinds.get(name, DENIED) in (DENIED, FIELD):
                known = [n for n, kind in kinds.items() if kind not in (DENIED, FIELD)]
                reason = "is never allowed" if name in kinds else f"is not known{_nearest(name, known)}"
                self._fail(section, key, f"function {name!r} {reason}")
        return names

    def _writes(self, value: Any, section: str, key: str) -> tuple[tuple[Action, str], ...]:
        section = f"{section}.{key}"
        words = {action.value: action for action in Action}
        found: list[tuple[Action, str]] = []
        for word, patterns in self._table(value, section, None).items():
            self._known(word, words, section, word)
            sizes = _SIZES.get(words[word], (2,))
            for pattern in self._strings(patterns, section, word):
                self._check_pattern(pattern, sizes, section, word)
                found.append((words[word], pattern))
        return tuple(found)

    def _databases(self, value: Any, section: str, key: str) -> tuple[DatabaseRights, ...]:
        section = f"{section}.{key}"
        found = []
        for pattern, table in self._table(value, section, None).items():
            inner = f"{section}.{pattern}"
            values: dict[str, Any] = {}
            for name, given in self._table(table, inner, None).items():
                self._known(name, _KEYS_OF_DATABASE, inner, name)
                values[name] = _KEYS[name][1](self, given, inner, name)
            found.append(DatabaseRights(pattern, **values))
        return tuple(found)

    def _filters(self, value: Any, section: str, key: str) -> tuple[RowFilter, ...]:
        section = f"{section}.{key}"
        found = []
        for pattern, condition in self._table(value, section, None).items():
            self._check_pattern(pattern, (2,), section, pattern)
            self._check_expression(condition, f"SELECT 1 WHERE ({condition})", section, pattern)
            found.append(RowFilter(pattern, condition))
        return tuple(found)

    def _masks(self, value: Any, section: str, key: str) -> tuple[Mask, ...]:
        section = f"{section}.{key}"
        found = []
        for pattern, expression in self._table(value, section, None).items():
            self._check_pattern(pattern, (3,), section, pattern)
            self._check_expression(expression, f"SELECT ({expression})", section, pattern)
            found.append(Mask(pattern, expression))
        return tuple(found)

    def _check_expression(self, expression: Any, sql: str, section: str, key: str) -> None:
        """An expression passes the same grammar as what clients send, before it stands in all that they read."""
        if not isinstance(expression, str) or not expression.strip():
            self._fail(section, key, "not an SQL expression in a string")
        verdict = self._gate.check(sql, parameters_allowed=False)
        if not isinstance(verdict, Allowed):
            self._fail(section, key, verdict.reason)
        depth = 0
        for token in lex(expression):
            depth += (token.token_type is TokenType.L_PAREN) - (token.token_type is TokenType.R_PAREN)
            if depth < 0:
                self._fail(section, key, "not one expression: a parenthesis closes what it did not open")

    def _judge(self, value: Any, section: str, key: str) -> JudgeRule:
        return self._record(value, section, key, JudgeRule())

    def _injection(self, value: Any, section: str, key: str) -> InjectionLimits:
        return self._record(value, section, key, InjectionLimits())

    def _record(self, value: Any, section: str, key: str, default: _Record) -> _Record:
        """A small table whose keys, types and choices are a dataclass's own."""
        hints = get_type_hints(type(default))
        section = f"{section}.{key}"
        values = {}
        for name, given in self._table(value, section, None).items():
            self._known(name, hints, section, name)
            choices = get_args(hints[name])
            if choices and given not in choices:
                self._fail(section, name, f"{given!r} is none of {', '.join(choices)}")
            if hints[name] is float:
                if isinstance(given, bool) or not isinstance(given, int | float) or given < 0:
                    self._fail(section, name, f"{given!r} is not a number of 0 or more")
                given = float(given)
            values[name] = given
        return replace(default, **values)

    def _flag(self, value: Any, section: str, key: str) -> bool:
        if not isinstance(value, bool):
            self._fail(section, key, f"{value!r} is not true or false")
        return bool(value)

    def _count(self, value: Any, section: str, key: str) -> int:
        if type(value) is not int or value < 1:
            self._fail(section, key, f"{value!r} is not a whole number of 1 or more")
        return int(value)

    def _running(self, value: Any, section: str, key: str) -> tuple[tuple[str, int], ...]:
        """With the role's name, since a statement counts for each role of its user."""
        return ((section.removeprefix("roles."), self._count(value, section, key)),)

    def _firewall(self, value: Any, section: str, key: str) -> str:
        return self._choice(value, _RANK["firewall"], section, key)

    def _audit(self, value: Any, section: str, key: str) -> str:
        return self._choice(value, _RANK["audit"], section, key)

    def _choice(self, value: Any, choices: tuple[str, ...], section: str, key: str) -> str:
        if value not in choices:
            self._fail(section, key, f"{value!r} is none of {', '.join(choices)}")
        return str(value)

    def _strings(self, value: Any, section: str, key: str) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            self._fail(section, key, "not a list of strings")
        return tuple(value)

    def _table(self, value: Any, section: str, key: str | None) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            self._fail(section, key, f"not a table; write [{section}]")
        return dict(value)

    # --- errors

    def _known(self, name: str, names: Iterable[str], section: str, key: str) -> None:
        if name not in names:
            self._fail(section, key, f"unknown{_nearest(name, names)}")

    def _fail(self, section: str, key: str | None, reason: str) -> None:
        line = line_of(self._text, section, key)
        if not line and "." in section:
            # Written as an inline table of the section above.
            above, _, name = section.rpartition(".")
            line = line_of(self._text, above, name)
        place = f"[{section}]" + (f" {key}" if key else "") if section else key
        raise PolicyError(f"{self._name}{line}: {place}: {reason}")


_KEYS: Mapping[str, tuple[str, Any]] = {
    "statements": ("statements", _Reader._statements),
    "read": ("read", _Reader._patterns),
    "deny": ("deny", _Reader._patterns),
    "functions": ("functions", _Reader._functions),
    "deny_functions": ("deny_functions", _Reader._functions),
    "catalogue": ("catalogue", _Reader._flag),
    "filters": ("filters", _Reader._filters),
    "masks": ("masks", _Reader._masks),
    "trusted_views": ("trusted_views", _Reader._tables),
    "max_rows": ("max_rows", _Reader._count),
    "max_seconds": ("max_seconds", _Reader._count),
    "max_scan_bytes": ("max_scan_bytes", _Reader._count),
    "max_running": ("max_running", _Reader._running),
    "write": ("writes", _Reader._writes),
    "databases": ("databases", _Reader._databases),
    "prose": ("prose", _Reader._flag),
    "injection": ("injection", _Reader._injection),
    "judge": ("judge", _Reader._judge),
    "firewall": ("firewall", _Reader._firewall),
    "audit": ("audit", _Reader._audit),
    "redact": ("redact", _Reader._flag),
    "application": ("application", _Reader._flag),
    "admin": ("admin", _Reader._flag),
}
"""A role's keys: the field of Grants and how its value is read."""
_KEYS_OF_DATABASE = ("read", "deny", "filters", "masks")

_RANK: Mapping[str, tuple[str, ...]] = {
    "judge": ("never", "uncertain", "always"),
    "firewall": ("off", "learn", "enforce"),
    "audit": ("none", "own", "all"),
}
"""Several roles: the last of these counts."""


def _merged(grants: list[Grants]) -> Grants:
    """Rights of all, restrictions of all."""
    values: dict[str, Any] = {}
    for field in fields(Grants):
        name = field.name
        each = [getattr(one, name) for one in grants]
        match name:
            case "statements":
                values[name] = frozenset().union(*each)
            case "catalogue" | "prose" | "admin" | "redact" | "application":
                values[name] = any(each)
            case "max_rows" | "max_seconds" | "max_scan_bytes":
                values[name] = None if None in each else max(each)
            case "injection":
                values[name] = InjectionLimits(
                    min(one.deny_at for one in each), min(one.uncertain_at for one in each)
                )
            case "judge":
                values[name] = JudgeRule(
                    max((one.when for one in each), key=_RANK["judge"].index),
                    min(one.deny_at for one in each),
                    "deny" if any(one.unavailable == "deny" for one in each) else "allow",
                    max(one.deadline_s for one in each),
                )
            case "firewall" | "audit":
                values[name] = max(each, key=_RANK[name].index)
            case _:
                values[name] = _joined(each)
    return Grants(**values)


def _joined(parts: Iterable[tuple[_Item, ...]]) -> tuple[_Item, ...]:
    return tuple(dict.fromkeys(item for part in parts for item in part))


def _nearest(name: str, names: Iterable[str]) -> str:
    known = list(names)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; known: {', '.join(known)}" if len(known) <= 30 else ""

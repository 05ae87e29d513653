"""PostgreSQL's regular expressions (ARE) as Java's.

The pattern is parsed into the part of the language where both mean the same and written anew; everything else is
refused.  Whether a text matches is the same for every pattern here.  Which part of it matches is not: POSIX takes the
longest match, Java the first alternative.  `Pattern.exact` says that both agree, which holds without alternation,
lazy quantifiers, look-ahead and quantified groups (each atom is one character, so an early greedy choice never shortens
the whole).
Left out: back references, look-behind, embedded options but (?i) at the start, collating elements.
Source: PostgreSQL chapter 9.7.3; java.util.regex.Pattern.
"""

from __future__ import annotations

from dataclasses import dataclass

from spark_thrift.dialect.errors import Untranslatable

_CLASSES = {
    "alpha": r"\p{IsAlphabetic}",
    "digit": r"\p{Nd}",
    "alnum": r"\p{IsAlphabetic}\p{Nd}",
    "space": r"\p{IsWhite_Space}",
    "upper": r"\p{IsUppercase}",
    "lower": r"\p{IsLowercase}",
    "xdigit": "0-9A-Fa-f",
    "blank": r"\t\x20",
}
_SHORTHANDS = {"d": _CLASSES["digit"], "s": _CLASSES["space"], "w": _CLASSES["alnum"] + "_"}
_BEFORE, _AFTER = (f"(?{side}[{_SHORTHANDS['w']}])" for side in ("<=", "="))
_NOT_BEFORE, _NOT_AFTER = (f"(?{side}[{_SHORTHANDS['w']}])" for side in ("<!", "!"))
_CONSTRAINTS = {
    "m": _NOT_BEFORE + _AFTER,
    "M": _BEFORE + _NOT_AFTER,
    "y": f"(?:{_NOT_BEFORE}{_AFTER}|{_BEFORE}{_NOT_AFTER})",
    "Y": f"(?:{_BEFORE}{_AFTER}|{_NOT_BEFORE}{_NOT_AFTER})",
    "A": r"\A",
    "Z": r"\z",
}
_ESCAPES = {"n": r"\n", "t": r"\t", "r": r"\r", "f": r"\f"}
_SPECIAL = set("\\^$.[]|()*+?{}&-")
MAX_REPEATS = 255
"""The highest bound of `{m,n}` that PostgreSQL takes."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A Java regex.  `groups` counts its capturing groups; `exact` see above; `nullable`: it may match nothing."""

    java: str
    groups: int
    exact: bool
    nullable: bool


def refused(what: str) -> Untranslatable:
    return Untranslatable(f"a regular expression with {what}")


def translate(pattern: str, *, ignore_case: bool = False) -> Pattern:
    """Raises: Untranslatable for what is not in the common part."""
    if pattern.startswith("***"):
        raise refused("a director prefix")
    if pattern.startswith("(?i)"):
        pattern, ignore_case = pattern[4:], True
    reader = _Reader(pattern)
    body, nullable = reader.alternatives(depth=0)
    if reader.position < len(pattern):
        raise Untranslatable("invalid regular expression: parentheses () not balanced", sqlstate="2201B")
    # A dot meets line ends too, and ^ and $ only the ends of the text.
    flags = "(?isu)" if ignore_case else "(?s)"
    return Pattern(flags + body, reader.groups, reader.exact, nullable)


class _Reader:
    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.position = 0
        self.groups = 0
        self.exact = True

    def peek(self) -> str:
        return self.pattern[self.position : self.position + 1]

    def take(self) -> str:
        character = self.peek()
        self.position += 1
        return character

    def alternatives(self, depth: int) -> tuple[str, bool]:
        if depth > 50:
            raise refused("groups this deep")
        branches = [self.branch(depth)]
        while self.peek() == "|":
            self.take()
            self.exact = False
            branches.append(self.branch(depth))
        return "|".join(branch for branch, _ in branches), any(empty for _, empty in branches)

    def branch(self, depth: int) -> tuple[str, bool]:
        parts: list[str] = []
        nullable = True
        while self.peek() not in ("", "|", ")"):
            part, empty = self.piece(depth)
            nullable = nullable and empty
            parts.append(part)
        if not parts and (depth or self.peek() == "|" or self.pattern.endswith("|")):
            raise refused("an empty branch")
        return "".join(parts), nullable

    def piece(self, depth: int) -> tuple[str, bool]:
        character = self.take()
        constraint = {"^": r"\A", "$": r"\z"}.get(character, "")
        if character == "\\" and self.peek() in _CONSTRAINTS:
            constraint = _CONSTRAINTS[self.take()]
        if character == "(" and self.pattern[self.position : self.position + 2] in ("?=", "?!"):
            constraint = self.look_ahead(depth)
        if constraint:
            if self.peek() and self.peek() in "*+?{":
                raise refused("a quantified anchor")
            return constraint, True
        group = character == "("
        atom, nullable = self.group(depth) if group else (self.atom(character), False)
        quantifier = self.quantifier()
        if group and quantifier:
            self.exact = False
        return atom + quantifier, nullable or quantifier[:1] in ("*", "?") or quantifier[:2] == "{0"

    def look_ahead(self, depth: int) -> str:
        opening, self.position = self.pattern[self.position : self.position + 2], self.position + 2
        groups, self.exact = self.groups, False
        body, _ = self.alternatives(depth + 1)
        if self.groups != groups:
            raise refused("capturing groups in a look-ahead")
        if self.take() != ")":
            raise Untranslatable("invalid regular expression: parentheses () not balanced", sqlstate="2201B")
        return f"({opening}{body})"

    def group(self, depth: int) -> tuple[str, bool]:
        opening = "("
        if self.peek() == "?":
            self.take()
            if self.take() != ":":
                raise refused("look-behind or embedded options")
            opening = "(?:"
        else:
            self.groups += 1
        body, nullable = self.alternatives(depth + 1)
        if self.take() != ")":
            raise Untranslatable("invalid regular expression: parentheses () not balanced", sqlstate="2201B")
        return f"{opening}{body})", nullable

    def atom(self, character: str) -> str:
        if character in "*+?":
            raise Untranslatable("invalid regular expression: quantifier operand invalid", sqlstate="2201B")
        if character in "{}]":
            raise refused(f"an unescaped {character}")
        if character == ".":
            return "."
        if character == "[":
            return self.bracket()
        if character == "\\":
            return self.escape()
        return quoted(character)

    def escape(self) -> str:
        character = self.take()
        if character in _SHORTHANDS:
            return f"[{_SHORTHANDS[character]}]"
        if character in ("D", "S", "W"):
            return f"[^{_SHORTHANDS[character.lower()]}]"
        if character in _ESCAPES:
            return _ESCAPES[character]
        if not character or character.isalnum():
            raise refused(f"\\{character}")
        return quoted(character)

    def quantifier(self) -> str:
        character = self.peek()
        if not character or character not in "*+?{":
            return ""
        self.take()
        text = character if character != "{" else self.bound()
        if self.peek() == "?":
            # Whether a text matches does not depend on it, which part of it does.
            self.exact = False
            text += self.take()
        if self.peek() and self.peek() in "*+?{":
            raise refused("doubled quantifiers")
        return text

    def bound(self) -> str:
        end = self.pattern.find("}", self.position)
        low, comma, high = self.pattern[self.position : end].partition(",") if end > 0 else ("", "", "")
        if not (low.isascii() and low.isdigit() and (not high or (high.isascii() and high.isdigit()))):
            raise refused("this bound")
        if int(low) > MAX_REPEATS or int(high or 0) > MAX_REPEATS or (high and int(high) < int(low)):
            raise Untranslatable("invalid regular expression: invalid repetition count(s)", sqlstate="2201B")
        self.position = end + 1
        return "{" + low + comma + high + "}"

    def bracket(self) -> str:
        negated = self.peek() == "^"
        if negated:
            self.take()
        parts: list[str] = []
        first = True
        while first or self.peek() != "]":
            if not self.peek():
                raise Untranslatable("invalid regular expression: brackets [] not balanced", sqlstate="2201B")
            parts.append(self.member(first))
            first = False
        self.take()
        return f"[{'^' if negated else ''}{''.join(parts)}]"

    def member(self, first: bool) -> str:
        character = self.take()
        if character == "[" and self.peek() and self.peek() in ":.=":
            end = self.pattern.find(":]", self.position)
            name = self.pattern[self.position + 1 : end] if self.peek() == ":" and end > 0 else ""
            if name not in _CLASSES:
                raise refused("this character class")
            self.position = end + 2
            return _CLASSES[name]
        if character == "\\":
            escaped = self.take()
            if escaped in _SHORTHANDS:
                return _SHORTHANDS[escaped]
            if escaped in _ESCAPES:
                return _ESCAPES[escaped]
            if not escaped or escaped.isalnum():
                raise refused(f"\\{escaped} in brackets")
            low = escaped
        else:
            low = character
        if self.peek() != "-" or self.pattern[self.position + 1 : self.position + 2] in ("]", ""):
            return quoted(low)
        self.take()
        high = self.take()
        if high in "\\[" or low > high:
            raise refused("this range")
        return f"{quoted(low)}-{quoted(high)}"


def quoted(character: str) -> str:
    """One character that means itself, in and out of brackets."""
    return "\\" + character if character in _SPECIAL else character


def replacement(text: str, groups: int, shift: int) -> str:
    """A replacement text: `\\1` and `\\&` there are `$1` and `$0` here."""
    out: list[str] = []
    index = 0
    while index < len(text):
        character = text[index]
        following = text[index + 1 : index + 2]
        if character == "\\" and following:
            index += 1
            if following == "&":
                out.append("${whole}" if shift else "$0")
            elif following.isdigit() and following != "0":
                if int(following) > groups:
                    raise refused("a reference to a group that it does not have")
                # A digit after it would be read as part of the number.
                if text[index + 1 : index + 2].isdigit():
                    raise refused("a digit after a group reference")
                out.append(f"${int(following) + shift}")
            elif following == "\\":
                out.append("\\\\")
            else:
                raise refused(f"\\{following} in the replacement")
        elif character in "\\$":
            out.append("\\" + character)
        else:
            out.append(character)
        index += 1
    return "".join(out)

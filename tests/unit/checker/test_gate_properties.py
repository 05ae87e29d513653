"""Comments, keyword case and white space never change a verdict; what is written again is what was checked."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot.tokens import Token, TokenType

from checker.errors import SyntaxProblem
from checker.gate import Gate
from checker.lexer import lex
from checker.verdict import Allowed, Denied, Verdict

_HERE = Path(__file__).parent
_SEPARATORS = (" ", "\n", "\t", "\r\n", "\f", "/* c */", "/* '/*;*/\" */", " -- it's; DROP\n", " --\n", "  ")


def _lines(path: Path) -> list[str]:
    return [
        line
        for line in path.read_text("utf-8").splitlines()
        if line.strip() and not line.startswith(("--", "#"))
    ]


@cache
def _statements() -> list[tuple[str, list[Token]]]:
    """Every statement of the tables that has tokens at all."""
    texts = _lines(_HERE.parents[1] / "mirror" / "roundtrip.sql")
    texts += [line.split(" | ", 3)[3].replace("\\n", "\n") for line in _lines(_HERE / "denied.txt")]
    found = []
    for text in texts:
        try:
            found.append((text, lex(text)))
        except SyntaxProblem:
            continue
    return found


def _pieces(text: str, tokens: list[Token]) -> list[tuple[str, bool]]:
    """The source of each token, and whether it is an unquoted word."""
    pieces: list[tuple[str, bool]] = []
    end = -1
    for token in tokens:
        if token.start > end:  # `$1` is two tokens of one place
            source = text[token.start : token.end + 1]
            quoted = token.token_type in (TokenType.STRING, TokenType.IDENTIFIER)
            pieces.append((source, source.isascii() and source.isidentifier() and not quoted))
            end = token.end
    return pieces


def _essence(verdict: Verdict) -> tuple[object, ...]:
    if isinstance(verdict, Denied):
        return (verdict.code, verdict.sqlstate)
    relations = [(r.schema, r.name, r.quoted) for r in verdict.facts.relations]
    functions = [(f.schema, f.name) for f in verdict.facts.functions]
    return (
        verdict.kind,
        verdict.sql,
        verdict.tree,
        verdict.statement,
        relations,
        sorted(functions, key=repr),
    )


def disguise(data: st.DataObject, text: str, tokens: list[Token]) -> str:
    """The same tokens with other white space, comments and keyword case between and in them."""
    found = _pieces(text, tokens)
    separators = data.draw(st.lists(st.sampled_from(_SEPARATORS), min_size=len(found), max_size=len(found)))
    shouts = data.draw(st.lists(st.booleans(), min_size=len(found), max_size=len(found)))
    for at in range(1, len(found)):
        # White space with a line break is not mere white space here: it joins two strings into one.
        if found[at - 1][0].endswith("'") and found[at][0].startswith("'"):
            separators[at] = " "
    return "".join(
        separator + (source.swapcase() if shout and is_word else source)
        for (source, is_word), separator, shout in zip(found, separators, shouts, strict=True)
    )


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_disguise_never_changes_a_verdict(data: st.DataObject) -> None:
    text, tokens = data.draw(st.sampled_from(_statements()))
    disguised = disguise(data, text, tokens)
    assert _essence(Gate().check(disguised)) == _essence(Gate().check(text)), disguised


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_spliced_statements_are_denied_or_written_faithfully(data: st.DataObject) -> None:
    """Two statements cut and put together: whatever is allowed is allowed again, and written the same way."""
    one, one_tokens = data.draw(st.sampled_from(_statements()))
    other, other_tokens = data.draw(st.sampled_from(_statements()))
    head = _pieces(one, one_tokens)[: data.draw(st.integers(0, len(one_tokens)))]
    tail = _pieces(other, other_tokens)[data.draw(st.integers(0, len(other_tokens))) :]
    verdict = Gate().check(" ".join(source for source, _ in head + tail))
    if isinstance(verdict, Allowed):
        again = Gate().check(verdict.sql)
        assert isinstance(again, Allowed), again
        assert (again.sql, again.tree) == (verdict.sql, verdict.tree)
    else:
        assert verdict.code != "gate_failure", verdict

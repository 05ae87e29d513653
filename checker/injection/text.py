"""The judgement of any text: a whole statement, a piece of one, a value, prose.

Rules: what begins as a statement is judged as one, by PostgreSQL's grammar where it parses and by its pieces where
it does not; everything else as a value, in three readings (values.py), as it stands and decoded (URL escapes, HTML
entities, `\\u0027`).  The worst reading counts.

Left out: the gate's verdict; a text without findings may well be one that the gate denies.
"""

from __future__ import annotations

import html
import re
from urllib.parse import unquote

from checker.errors import SyntaxProblem
from checker.injection import comments, conditions, phrases, queries, values
from checker.injection.constants import Folder
from checker.injection.findings import Findings, score
from checker.injection.gather import gather
from checker.injection.lexemes import Kind, Lexeme, read
from checker.injection.pieces import Pieces
from checker.injection.shape import begins_statement
from checker.verdict import Finding

MAX_CHARS = 65_536
"""A longer text is an attack by its length: nobody can say what is in it."""
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
"""The full-width forms of ASCII, which some servers make ASCII again."""
_TYPOGRAPHIC = str.maketrans({"‘": "'", "’": "'", "′": "'", "“": '"', "”": '"', "–": "--", "—": "--"})
"""What word processors make of quotes and of `--`, and some servers undo."""
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_UNICODE = re.compile(r"(?:\\|%)u([0-9A-Fa-f]{4})")
_ENTITY = re.compile(r"&(?:#[0-9]{1,5}|#x[0-9A-Fa-f]{1,4}|quot|apos|lt|gt|amp);?")
_EXECUTABLE = re.compile(r"/\*!")
_GLUED = re.compile(r"[\w)'\"]/\*[^*\n]{0,20}\*/[\w('\"]")


def judge_text(text: str) -> tuple[float, tuple[Finding, ...]]:
    """How probably a text is an attack, 0..1, and why.  Units: positions are characters of the text, from 1."""
    if len(text) > MAX_CHARS:
        return 1.0, (Finding("too_long", 1.0, f"a text of more than {MAX_CHARS} characters"),)
    text = text.translate(_WIDE) if not text.isascii() else text
    worst = _judge(text)
    if not begins_statement(_code(read(text)), None):
        for decoded in _decoded(text):
            found = _judge(decoded)
            if score(found) > score(worst) and found:
                first = found[0]
                encoded = Finding("encoded", 0.3, "the text is encoded", 1)
                worst = (
                    Finding(first.code, first.weight, first.reason, 1),
                    *(Finding(f.code, f.weight, f.reason, 1) for f in found[1:]),
                    encoded,
                )
    return score(worst), worst


def _judge(text: str) -> tuple[Finding, ...]:
    if begins_statement(_code(read(text)), None):
        return _statement(text)
    readings = [values.judge(text, inside) for inside in ("", "'", '"') if not inside or inside in text]
    worst = max(readings, key=score)
    disguise = _disguise(text)
    return (*worst, *disguise) if disguise else worst


def _code(lexemes: list[Lexeme]) -> list[Lexeme]:
    return [lexeme for lexeme in lexemes if lexeme.kind is not Kind.COMMENT]


def _statement(text: str) -> tuple[Finding, ...]:
    """Findings on a whole statement, or several."""
    findings = Findings()
    lexemes = read(text)
    if any(not lexeme.closed for lexeme in lexemes):
        with_backslashes = read(text, backslashes=True)
        if all(lexeme.closed for lexeme in with_backslashes):
            lexemes = with_backslashes
    code = _code(lexemes)
    folder = Folder()
    tree = _tree(text)
    trees = Pieces(code, is_value=False).trees if tree is None else [tree]
    gathered = gather(trees)
    conditions.judge(gathered, folder, findings)
    queries.judge(gathered, folder, findings, is_text=True)
    phrases.judge(code, findings)
    comments.judge(text, code[-1].end, findings, weight_of_empty=0.92)
    if tree is None:
        _stacked(code, findings)
        for lexeme in lexemes:
            if not lexeme.closed:
                weight = 0.92 if lexeme.kind is Kind.COMMENT else 0.6
                findings.add("unclosed", weight, "a quote or comment that does not end", lexeme.start + 1)
    for finding in _disguise(text):
        findings.add(finding.code, finding.weight, finding.reason, finding.position)
    return findings.all()


def _tree(text: str) -> object | None:
    """PostgreSQL's tree of one query; None for anything else."""
    from checker import dialect
    from checker.desugar import desugar
    from checker.lexer import lex

    if "\x00" in text:
        return None
    try:
        tokens = lex(text)
        while tokens and tokens[-1].text == ";":
            tokens.pop()
        if not tokens or len(tokens) > 20_000 or any(token.text == ";" for token in tokens):
            return None
        return dialect.parse(desugar(tokens, text), text)
    except (SyntaxProblem, RecursionError):
        return None


def _stacked(code: list[Lexeme], findings: Findings) -> None:
    verbs = [
        (index, code[index + 1].text)
        for index, lexeme in enumerate(code[:-1])
        if lexeme.text == ";" and lexeme.kind is Kind.MARK and begins_statement(code[index + 1 :])
    ]
    if verbs and code[0].text in ("select", "(", "update", "delete", "insert"):
        index, verb = verbs[0]
        same = verb == code[0].text or code[0].text != "select"
        place = code[index].start + 1
        findings.add("stacked", 0.5 if same else 0.95, "a further statement behind a semicolon", place)


def _disguise(text: str) -> tuple[Finding, ...]:
    found = _EXECUTABLE.search(text)
    if found is not None:
        return (Finding("disguise", 0.94, "a comment that MySQL runs", found.start() + 1),)
    glue = _GLUED.search(text)
    if glue is not None:
        return (Finding("disguise", 0.5, "comments in the place of spaces", glue.start() + 1),)
    return ()


def _decoded(text: str) -> list[str]:
    """What the text may become on its way to a database."""
    found = []
    if _PERCENT.search(text):
        spaced = text.replace("+", " ") if " " not in text else text
        once = unquote(spaced)
        found.append(once)
        if _PERCENT.search(once):
            found.append(unquote(once))
    if _UNICODE.search(text):
        found.append(_UNICODE.sub(lambda match: chr(int(match[1], 16)), text))
    if _ENTITY.search(text):
        found.append(html.unescape(text))
    if not text.isascii():
        found.append(text.translate(_TYPOGRAPHIC))
    return [decoded.translate(_WIDE) for decoded in found if decoded != text]

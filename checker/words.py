"""The words and marks of PostgreSQL's grammar as sqlglot's token types.

sqlglot's own table knows the keywords of some thirty dialects at once, so that a column called `list`, `map` or
`qualify` means something.  Here a word means something only where PostgreSQL's grammar says so.
Source: PostgreSQL 18 src/include/parser/kwlist.h; documentation appendix C.
"""

from __future__ import annotations

from sqlglot.dialects.postgres import Postgres
from sqlglot.tokens import TokenType

_GRAMMAR = """
all and any array as asc between case collate cross cube current_catalog current_date current_schema current_time
current_timestamp current_user default desc distinct else end escape except exists false fetch filter first for from
full group having ilike in inner intersect into is isnull join lateral left like limit localtime localtimestamp natural
next not notnull null offset on only operator or ordinality outer over overlaps partition range recursive right rollup
row rows select session_user some table tablesample then true union using values variadic when where window with
"""
_TYPES = """
bigint bit bool boolean bpchar bytea char character cstring date datemultirange daterange dec decimal double float
float4 float8 inet int int2 int4 int4multirange int4range int8 int8multirange int8range integer interval json jsonb
money name nummultirange numrange numeric oid point real regclass regcollation regconfig regdictionary regnamespace
regoper regoperator regproc regprocedure regrole regtype smallint text time timestamp timestamptz timetz
tsmultirange tsrange tstzmultirange tstzrange uuid varchar xml
"""

KEYWORDS: dict[str, TokenType] = {
    word: Postgres.Tokenizer.KEYWORDS[word.upper()]
    for word in (_GRAMMAR + _TYPES).split()
    if word.upper() in Postgres.Tokenizer.KEYWORDS
}
TYPE_WORDS = frozenset(_TYPES.split())

PUNCTUATION: dict[str, TokenType] = {
    "(": TokenType.L_PAREN,
    ")": TokenType.R_PAREN,
    "[": TokenType.L_BRACKET,
    "]": TokenType.R_BRACKET,
    ",": TokenType.COMMA,
    ";": TokenType.SEMICOLON,
    ":": TokenType.COLON,
    ".": TokenType.DOT,
    "::": TokenType.DCOLON,
    ":=": TokenType.COLON_EQ,
}

# Operators whose place in the grammar sqlglot knows.  Every other one becomes OPERATOR(name), which is how
# PostgreSQL itself treats them: one precedence for "any other operator".
OPERATORS: dict[str, TokenType] = {
    "+": TokenType.PLUS,
    "-": TokenType.DASH,
    "*": TokenType.STAR,
    "/": TokenType.SLASH,
    "%": TokenType.MOD,
    "^": TokenType.CARET,
    "<": TokenType.LT,
    ">": TokenType.GT,
    "=": TokenType.EQ,
    "<=": TokenType.LTE,
    ">=": TokenType.GTE,
    "<>": TokenType.NEQ,
    "!=": TokenType.NEQ,
    "||": TokenType.DPIPE,
    "=>": TokenType.FARROW,
}
OTHER_OPERATOR = TokenType.TILDE
"""The raw type of every operator that is not in OPERATORS; dialect.py gives it its place."""

# Words that never name a function when a parenthesis follows: PostgreSQL's reserved words, and the types and
# clauses that take parentheses of their own.
_NOT_CALLED = """
    all and any array as asc asymmetric between bit both by case char character collate cross cube dec decimal desc
    distinct else end escape except exists extract fetch float for from full group grouping_sets having ilike in inner
    intersect interval into is isnull join lateral leading like limit materialized natural nchar not notnull
    null numeric offset on only operator or order outer overlaps placing precision repeatable returning rollup search
    select sets similar some symmetric table tablesample then time timestamp to trailing union using values varchar
    variadic when where window with
    """
NOT_CALLED = frozenset(_NOT_CALLED.split())

# After one of these an operator is a prefix, and a plus sign means nothing.
_NO_OPERAND_BEFORE = """
    all and any as asymmetric between by case collate distinct else escape except fetch first for from having ilike
    in intersect is like limit not offset on or returning select similar some symmetric then to union using values
    when where like
    """
NO_OPERAND_BEFORE = frozenset(_NO_OPERAND_BEFORE.split())

# First words of PostgreSQL's other commands, all of which change something or reach outside the database.
_OTHER_COMMANDS = """
    alter analyze analyse call checkpoint cluster comment create delete do drop grant import insert load lock merge
    reassign refresh reindex repack revoke security truncate update vacuum wait
    """
OTHER_COMMANDS = frozenset(_OTHER_COMMANDS.split())

# Spark reads `parquet."/a/path"` as a file, not as a table of a schema.
FILE_SCHEMAS = frozenset(
    {"parquet", "orc", "csv", "json", "text", "avro", "xml", "delta", "binaryfile", "image", "libsvm", "jdbc"}
)

# Words that are no name of a table or column unless they are quoted: PostgreSQL's reserved ones, and those that may
# only name functions and types.
_RESERVED = """
    all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation
    column concurrently constraint create cross current_catalog current_date current_role current_schema current_time
    current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze
    from full grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit
    localtime localtimestamp natural not notnull null offset on only or order outer overlaps placing primary references
    returning right select session_user similar some symmetric system_user table tablesample then to trailing true
    union unique user using variadic verbose when where window with
    """
RESERVED = frozenset(_RESERVED.split())

"""The words of Spark's grammar that a query may use; every other word is a name and is written in backquotes.

Source: Spark 4 sql/api/src/main/antlr4 SqlBaseLexer.g4 and SqlBaseParser.g4.
"""

from __future__ import annotations

from sqlglot.dialects.spark import Spark
from sqlglot.tokens import TokenType

_GRAMMAR = """
all and anti as asc between case cross cube desc distinct div else end escape except exists false filter from full
having ilike in inner intersect is join lateral left like limit minus natural not null offset on or outer over range
recursive regexp right rlike rollup rows select semi then true union using values view when where window with
"""
KEYWORDS: dict[str, TokenType] = {word: Spark.Tokenizer.KEYWORDS[word.upper()] for word in _GRAMMAR.split()}
"""Words with a token of their own."""

PAIRS: dict[tuple[str, str], TokenType] = {
    ("group", "by"): TokenType.GROUP_BY,
    ("order", "by"): TokenType.ORDER_BY,
    ("sort", "by"): TokenType.SORT_BY,
    ("distribute", "by"): TokenType.DISTRIBUTE_BY,
    ("cluster", "by"): TokenType.CLUSTER_BY,
    ("partition", "by"): TokenType.PARTITION_BY,
    ("grouping", "sets"): TokenType.GROUPING_SETS,
}
"""Two words that sqlglot's parser knows as one."""

PUNCTUATION: dict[str, TokenType] = {
    "(": TokenType.L_PAREN,
    ")": TokenType.R_PAREN,
    "[": TokenType.L_BRACKET,
    "]": TokenType.R_BRACKET,
    ",": TokenType.COMMA,
    ";": TokenType.SEMICOLON,
    ".": TokenType.DOT,
    ":": TokenType.COLON,
}
OPERATORS: dict[str, TokenType] = {
    "<=>": TokenType.NULLSAFE_EQ,
    "<>": TokenType.NEQ,
    "!=": TokenType.NEQ,
    "==": TokenType.EQ,
    "<=": TokenType.LTE,
    ">=": TokenType.GTE,
    "||": TokenType.DPIPE,
    "->": TokenType.ARROW,
    "=": TokenType.EQ,
    "<": TokenType.LT,
    ">": TokenType.GT,
    "+": TokenType.PLUS,
    "-": TokenType.DASH,
    "*": TokenType.STAR,
    "/": TokenType.SLASH,
    "%": TokenType.MOD,
    "&": TokenType.AMP,
    "|": TokenType.PIPE,
    "^": TokenType.CARET,
    "~": TokenType.TILDE,
    "!": TokenType.NOT,
}

_UNITS = """
year years quarter quarters month months week weeks day days hour hours minute minutes second seconds millisecond
milliseconds microsecond microseconds
"""
UNITS = frozenset(_UNITS.split())
"""Of INTERVAL."""
_FIELDS = """
year years y yr yrs yearofweek quarter qtr month mon mons months week weeks w day d days dayofweek dow
dayofweek_iso dow_iso doy hour h hours hr hrs minute m min mins minutes second s sec seconds secs
"""
FIELDS = frozenset(_FIELDS.split())
"""Of EXTRACT."""

_TYPES = """
boolean byte tinyint short smallint int integer long bigint float real double date timestamp timestamp_ntz
timestamp_ltz string binary decimal dec numeric varchar char character
"""
TYPES = frozenset(_TYPES.split())
SIZED_TYPES = frozenset({"decimal", "dec", "numeric", "varchar", "char", "character"})
"""Types that take numbers in parentheses."""

_NOT_CALLED = """
all and as between by case cube distinct else end except from group having ilike in intersect is join
lateral like limit minus not null offset on or over regexp rlike rollup select sets then union using values when
where with within
"""
NOT_CALLED = frozenset(_NOT_CALLED.split())
"""Words that call nothing when a parenthesis follows."""

_LITERAL_FUNCTIONS = """
current_catalog current_database current_date current_path current_schema current_time current_timestamp
current_timezone current_user curdate localtimestamp now session_user user
"""
LITERAL_FUNCTIONS = frozenset(_LITERAL_FUNCTIONS.split())
"""What Spark makes calls of where no column has the name, in backquotes too (LiteralFunctionResolution)."""

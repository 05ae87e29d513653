from __future__ import annotations

from proxy.cli.ask import statement_of, table


def test_a_table_is_aligned_and_streams_what_comes_later() -> None:
    columns = [("assignee", False), ("n", True)]
    lines = list(table(columns, [("Apple", "19257"), (None, "2")], iter([("A longer one", "3")])))
    assert lines == [
        "assignee |     n",
        "---------+------",
        "Apple    | 19257",
        "         |     2",
        "A longer one |     3",
    ]


def test_wide_and_combining_characters_keep_the_columns_straight() -> None:
    lines = list(table([("x", False), ("y", False)], [("特許", "1"), ("e\u0301", "2")], ()))
    assert lines[2:] == ["特許 | 1", "e\u0301    | 2"]


def test_a_value_cannot_steer_the_terminal() -> None:
    (line,) = list(table([("x", False)], [("a\x1b[2Jb\nc",)], ()))[2:]
    assert line == "a [2Jb c"


def test_a_question_is_one_comment_line() -> None:
    assert statement_of("how many\npatents?; DROP TABLE t") == "-- nl: how many patents?; DROP TABLE t"

"""Run-time parameters of the startup message."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from proxy.sqlstate import Refused
from proxy.startup import _options, check_own, check_setting, dialect_of, quoted_path, split_path
from proxy.wire.errors import ProtocolError


def test_path_survives_quoting() -> None:
    path = ("patents", "default", "Mixed", 'o"dd', "two words")
    assert split_path(quoted_path(path)) == path


def test_user_placeholder_names_no_schema() -> None:
    assert split_path('"$user", public') == ("public",)


@pytest.mark.parametrize("value", ["UTF8", "utf-8", "'utf-8'", "UNICODE", "SQL_ASCII"])
def test_utf8_by_any_name_is_taken(value: str) -> None:
    check_setting("client_encoding", value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("client_encoding", "LATIN1"),
        ("datestyle", "German"),
        ("datestyle", "SQL, DMY"),
        ("bytea_output", "escape"),
        ("intervalstyle", "iso_8601"),
    ],
)
def test_what_results_are_not_written_in_is_refused(name: str, value: str) -> None:
    with pytest.raises(Refused) as refused:
        check_setting(name, value)
    assert refused.value.fields.sqlstate == "0A000"


def test_options_as_libpq_sends_them() -> None:
    assert _options(r"-c geqo=off -csearch_path=a\ b --statement-timeout=5s") == {
        "geqo": "off",
        "search_path": "a b",
        "statement_timeout": "5s",
    }


@pytest.mark.parametrize("text", ["-c", "-x", "geqo=off", "-c geqo"])
def test_malformed_options_are_fatal(text: str) -> None:
    with pytest.raises(ProtocolError) as refused:
        _options(text)
    assert refused.value.fatal


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("standard_conforming_strings", "off", "0A000"),
        ("role", "streamlink", "42501"),
        ("session_authorization", "streamlink", "42501"),
        ("spark.sql.ansi.enabled", "false", "42501"),
    ],
)
def test_a_startup_packet_may_set_no_more_than_set(name: str, value: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        check_setting(name, value)
    assert refused.value.fields.sqlstate == code


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("streamlink.dialect", "spark", None),
        ("streamlink.dialect", "Postgres", None),
        ("streamlink.dialect", "mysql", "22023"),
        ("streamlink.dialect", "", "22023"),
        ("streamlink.prose", "on", None),
        ("streamlink.dialekt", "spark", "42704"),
        ("application_name", "anything", None),
    ],
)
def test_our_own_settings_have_their_values(name: str, value: str, code: str | None) -> None:
    with nullcontext() if code is None else pytest.raises(Refused) as refused:
        check_own(name, value)
    assert refused is None or refused.value.fields.sqlstate == code


def test_whatever_is_not_spark_is_postgres() -> None:
    assert [dialect_of({"streamlink.dialect": value}) for value in ("spark", "SPARK", "", "x")] == [
        "spark", "spark", "postgres", "postgres",
    ]  # fmt: skip
    assert dialect_of({}) == "postgres"

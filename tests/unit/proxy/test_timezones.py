"""Names and rules; the offsets themselves are compared with PostgreSQL's in tests/mirror/test_values.py."""

from __future__ import annotations

import numpy as np
import pytest

from proxy.timezones import UnknownTimeZone, engine_zone, load_zone


def offset_s(name: str, moment_s: int) -> int:
    return int(load_zone(name).offsets(np.array([moment_s], np.int64))[0])


SUMMER_2024, WINTER_2024 = 1_720_000_000, 1_705_000_000


@pytest.mark.parametrize(
    ("name", "winter_s", "summer_s"),
    [
        ("UTC", 0, 0),
        ("europe/BERLIN", 3600, 7200),
        ("Asia/Kolkata", 19_800, 19_800),
        ("America/St_Johns", -12_600, -9000),
        ("<+03>-03", 10_800, 10_800),
        ("+05:30", -19_800, -19_800),
        ("Ä5", -18_000, -18_000),
        ("UTC+3", -10_800, -10_800),
        ("CET-1CEST,M3.5.0,M10.5.0/3", 3600, 7200),
        ("AAA3BBB", -10_800, -7200),
        ("XXX4YYY,J60/0,J300", -14_400, -10_800),
        ("XXX4YYY5,59/1:30,299", -14_400, -18_000),
    ],
)
def test_offset(name: str, winter_s: int, summer_s: int) -> None:
    assert (offset_s(name, WINTER_2024), offset_s(name, SUMMER_2024)) == (winter_s, summer_s)


def test_a_rule_holds_for_every_later_year() -> None:
    cycle_s = 146_097 * 86_400
    for cycles in (1, 5, 600):
        assert offset_s("Europe/Berlin", SUMMER_2024 + cycles * cycle_s) == 7200
        assert offset_s("Europe/Berlin", WINTER_2024 + cycles * cycle_s) == 3600


@pytest.mark.parametrize("name", ["", "Middle/Earth", "../UTC", "/etc/passwd", "tzdata.zi", "UTC\0"])
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(UnknownTimeZone):
        load_zone(name)


@pytest.mark.parametrize(
    ("name", "engine"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("EST5EDT", "EST5EDT"),
        ("+05:30", "-05:30"),
        ("UTC+3", "-03:00"),
        ("<+03>-03", "+03:00"),
        ("X-1:02:03", "+01:02:03"),
    ],
)
def test_the_engine_is_told_the_zone_that_postgresql_means(name: str, engine: str) -> None:
    assert engine_zone(name) == engine


@pytest.mark.parametrize("name", ["AAA3BBB", "CET-1CEST,M3.5.0,M10.5.0/3", "Middle/Earth"])
def test_a_rule_of_its_own_has_no_name_for_the_engine(name: str) -> None:
    with pytest.raises(UnknownTimeZone):
        engine_zone(name)

"""What decides an answer, before any of it is on the mirror."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from checker.context import Grants
from proxy.answers import NEW_MAX, Answers, normalised
from proxy.ports import Catalogue, Column, Table

DRAFT = SimpleNamespace(sql="SELECT 1", model="m", confidence=0.5, notes=("n",))


def session(*roles: str, user: str = "ann", **grants: Any) -> Any:
    return SimpleNamespace(user=user, grants=Grants(roles=roles, **grants))


def catalogue(*columns: str, version: int = 1) -> Catalogue:
    table = Table("s", "t", "table", tuple(Column(name, "int", "integer") for name in columns))
    return Catalogue(version, {("s", "t"): table})


def answers(model: str = "m") -> Answers:
    return Answers(SimpleNamespace(), model)  # type: ignore[arg-type]


def test_the_key_holds_all_that_decides_the_sql() -> None:
    plain = answers().key("How many?", catalogue("a"), session("r"), ["s"])
    assert answers().key("  how MANY ", catalogue("a", version=2), session("r", user="bob"), ["s"]) == plain
    others = [
        answers().key("how many more", catalogue("a"), session("r"), ["s"]),
        answers().key("how many", catalogue("a", "b"), session("r"), ["s"]),
        answers().key("how many", catalogue("a"), session("r", "q"), ["s"]),
        answers().key("how many", catalogue("a"), session(), ["s"]),
        answers().key("how many", catalogue("a"), session("r"), ["t", "s"]),
        answers("other").key("how many", catalogue("a"), session("r"), ["s"]),
    ]
    assert len({plain, *others}) == len(others) + 1
    assert answers().key("how many", catalogue("a"), session("r", redact=True), ["s"]) is None


def test_the_first_answer_stays() -> None:
    kept, asking = answers(), session("r")
    key = kept.key("q", catalogue("a"), asking, ["s"])
    assert kept.find(key) is None
    kept.given(key, "q", DRAFT, asking)
    kept.given(key, "q", SimpleNamespace(**{**vars(DRAFT), "sql": "SELECT 2"}), asking)
    found = kept.find(key)
    assert found is not None
    assert (found.sql, found.state, found.notes) == ("SELECT 1", "given", ("n",))
    assert [asked.count for asked in kept._waiting.values()] == [2]
    kept.given(None, "q", DRAFT, asking)
    assert kept.find(None) is None


def test_what_waits_is_bounded() -> None:
    kept = answers()
    for number in range(NEW_MAX + 5):
        kept.given(str(number), "q", DRAFT, session("r"))
    assert len(kept._waiting) == NEW_MAX


def test_normalised() -> None:
    assert normalised(" How  MANY\npatents? ") == normalised("how many patents") == "how many patents"

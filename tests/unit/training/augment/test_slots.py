"""What slots are filled with."""

from __future__ import annotations

import datetime

from training.augment.profile import Profile
from training.augment.slots import (
    Choice,
    ColumnOf,
    LinkOf,
    Numbers,
    TableOf,
    ValueOf,
    Values,
    link_choice,
    table_choice,
    value_choice,
)


def test_values_that_a_column_holds(profile: Profile) -> None:
    choices = Values("product", "kind", held=(11, 99)).fill(profile, {})
    assert [(c.sql[""], c.words[""], c.quoted) for c in choices] == [("toy", ("toy",), True)]


def test_names_have_short_forms_and_a_pattern_that_finds_no_others(profile: Profile) -> None:
    intel = Values("maker", "makername", style="name").fill(profile, {})[0]
    assert intel.sql[""] == "Intel "
    assert intel.words[""] == ("Intel", "Intel Corporation", "intel")


def test_the_files_names_stand_in_for_values_and_its_additions_beside_them(profile: Profile) -> None:
    sony, ibm = (Choice({"": name}, {"": (name.lower(),)}) for name in ("Sony", "IBM"))
    choices = Values("maker", "makername", names=(sony, ibm), also=(ibm,)).fill(profile, {})
    assert [c.sql[""] for c in choices] == ["IBM", "Sony", "Intel Corporation", "Intellectual Ventures"]


def test_a_value_that_means_something_in_a_pattern_is_left_out(profile: Profile) -> None:
    assert "O'Neil Ltd" not in [c.sql[""] for c in Values("maker", "makername").fill(profile, {})]


def test_numbers_have_units() -> None:
    (choice,) = Numbers((2,), (("year", 1), ("month", 12))).fill(None, {})  # type: ignore[arg-type]
    assert choice.sql[""] == "2"
    assert choice.words[""] == ("2 years", "two years", "24 months")


def test_the_schemas_own_slots_depend_on_each_other(profile: Profile) -> None:
    product = profile.tables[1]
    assert [c.refers for c in TableOf(("number", "date")).fill(profile, {})] == [product]
    bound = {"t": table_choice(product)}
    (kind,) = ColumnOf(("category",), "t").fill(profile, bound)
    assert [c.sql[""] for c in ValueOf("c").fill(profile, bound | {"c": kind})] == ["toy", "lamp", "tool"]
    assert ColumnOf(("category",), "t").fill(profile, bound | {"c": kind}) == []
    price = next(c for c in ColumnOf(("number",), "t").fill(profile, bound) if c.sql[""] == "price")
    middle = ValueOf("x", middle=True).fill(profile, bound | {"x": price})
    assert (middle[0].sql[""], middle[-1].sql[""]) == ("20", "77.5")


def test_a_link_joins_a_child_to_its_parent(profile: Profile) -> None:
    (choice,) = LinkOf(child=("date",), parent=("name",)).fill(profile, {})
    assert choice.sql["on"] == "product.maker_id = maker.makerid"
    assert choice.words["children"] == ("products",)
    assert choice == link_choice(profile.links[0])
    columns = ColumnOf(("name",), "link.parent").fill(profile, {"link": choice})
    assert [c.sql[""] for c in columns] == ["makername"]
    assert LinkOf(parent=("number",)).fill(profile, {}) == []


def test_literals_by_type() -> None:
    assert value_choice(datetime.date(2020, 1, 2), "text", {}).sql[""] == "2020-01-02"
    assert value_choice(12.0, "text", {}).sql[""] == "12"
    assert value_choice(True, "text", {}).sql[""] == "true"
    assert value_choice(2007, "text", {}).words[""] == ("2007",)

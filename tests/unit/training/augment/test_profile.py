"""Kinds of columns, read off names, types and values."""

from __future__ import annotations

from training.augment.profile import Profile


def test_a_column_is_good_for_what_its_values_say(profile: Profile) -> None:
    maker, product = profile.tables
    assert [(c.name, c.kind) for c in product.columns] == [
        ("productid", "key"), ("productname", "name"), ("num_parts", "number"), ("price", "number"),
        ("kind", "category"), ("made_on", "date"), ("order", "other"), ("maker_id", "key"),
    ]  # fmt: skip
    assert (product.singular, product.plural) == ("product", "products")
    assert product.columns[1].singular == "product name"
    assert maker.of_kind("name")[0].name == "makername"
    assert [(x.child.name, x.column, x.parent.name, x.key) for x in profile.links] == [
        ("product", "maker_id", "maker", "makerid")
    ]


def test_values_come_the_most_frequent_first_and_ties_in_order(profile: Profile) -> None:
    assert list(profile.values("product", "kind", "").items()) == [("toy", 20), ("lamp", 10), ("tool", 10)]
    assert list(profile.values("product", "kind", "productid < 1")) == ["toy"]

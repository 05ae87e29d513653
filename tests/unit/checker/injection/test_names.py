from __future__ import annotations

import pytest

from checker.injection.names import belongs, is_identity, is_secret


@pytest.mark.parametrize(
    ("name", "family"),
    [("pg_sleep", "time"), ("information_schema.tables", "catalogue"), ("@@version", "recon"),
     ("sysobjects", "catalogue"),
     ("dbms_pipe.receive_message", "time"), ("pg_class", "catalogue"), ("group_concat", "gather")],
)  # fmt: skip
def test_families(name: str, family: str) -> None:
    assert belongs(name, family)


def test_others_belong_to_none() -> None:
    families = ("time", "error", "file", "recon", "catalogue", "letters", "choice", "gather", "codes")
    assert not any(belongs(name, family) for name in ("sales", "public.orders", "sum") for family in families)


def test_secrets_and_identities() -> None:
    assert all(map(is_secret, ("password", "user_pass", "PasswordHash", "credit_card_no", "hash")))
    assert not any(map(is_secret, ("compass", "name", "hashtag")))
    assert is_identity("UserName")
    assert not is_identity("price")

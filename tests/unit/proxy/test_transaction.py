"""Transaction blocks, savepoints and the settings that a rollback brings back, as PostgreSQL 18 behaves."""

from __future__ import annotations

import pytest

from proxy.transaction import Status, Transaction, TransactionError


def test_begin_twice_warns_and_stays_open() -> None:
    transaction = Transaction({})
    assert transaction.begin() is None
    warned = transaction.begin()
    assert warned is not None
    assert warned.sqlstate == "25001"
    assert transaction.status is Status.OPEN


def test_commit_outside_a_block_warns() -> None:
    tag, warned = Transaction({}).commit()
    assert tag == "COMMIT"
    assert warned is not None
    assert warned.sqlstate == "25P01"


def test_commit_of_a_failed_block_is_a_rollback() -> None:
    transaction = Transaction({"a": "1"})
    transaction.begin()
    transaction.set({"a": "2"}, local=False)
    transaction.fail()
    assert transaction.status is Status.FAILED
    assert transaction.commit() == ("ROLLBACK", None)
    assert transaction.settings == {"a": "1"}


def test_rollback_brings_settings_back_and_commit_keeps_them() -> None:
    transaction = Transaction({"a": "1"})
    transaction.begin()
    transaction.set({"a": "2"}, local=False)
    transaction.rollback()
    assert transaction.settings == {"a": "1"}
    transaction.begin()
    transaction.set({"a": "3"}, local=False)
    transaction.commit()
    assert transaction.settings == {"a": "3"}


def test_set_local_ends_with_its_block() -> None:
    transaction = Transaction({"a": "1", "b": "1"})
    transaction.begin()
    transaction.set({"a": "1", "b": "2"}, local=False)
    transaction.set({"a": "9", "b": "2"}, local=True)
    assert transaction.settings["a"] == "9"
    transaction.commit()
    assert transaction.settings == {"a": "1", "b": "2"}


def test_savepoints_nest_and_rollback_to_reopens_a_failed_block() -> None:
    transaction = Transaction({"a": "1"})
    transaction.begin()
    transaction.savepoint("s")
    transaction.set({"a": "2"}, local=False)
    transaction.savepoint("t")
    transaction.fail()
    transaction.rollback_to("s")
    assert transaction.status is Status.OPEN
    assert transaction.settings == {"a": "1"}
    with pytest.raises(TransactionError) as missing:
        transaction.release("t")
    assert missing.value.sqlstate == "3B001"
    transaction.release("s")


def test_savepoint_needs_a_block() -> None:
    with pytest.raises(TransactionError) as refused:
        Transaction({}).savepoint("s")
    assert refused.value.sqlstate == "25P01"


def test_implicit_block_undoes_settings_when_it_fails() -> None:
    transaction = Transaction({"a": "1"})
    transaction.begin_implicit(several=True)
    assert transaction.in_block
    transaction.set({"a": "2"}, local=False)
    transaction.fail()
    transaction.end_implicit()
    assert transaction.settings == {"a": "1"}
    assert transaction.status is Status.IDLE


def test_chain_opens_the_next_block() -> None:
    transaction = Transaction({})
    transaction.begin()
    transaction.commit(chain=True)
    assert transaction.status is Status.OPEN
    transaction.rollback()
    with pytest.raises(TransactionError):
        transaction.commit(chain=True)


def test_one_statement_alone_is_no_block() -> None:
    transaction = Transaction({})
    transaction.begin_implicit()
    assert not transaction.in_block


def test_a_block_rolled_back_inside_one_query_leaves_nothing() -> None:
    transaction = Transaction({"a": "1"})
    transaction.begin_implicit(several=True)
    transaction.begin()
    transaction.set({"a": "2"}, local=False)
    transaction.rollback()
    transaction.end_implicit()
    assert transaction.settings == {"a": "1"}


def test_what_a_query_has_committed_outlasts_its_error() -> None:
    transaction = Transaction({"a": "1"})
    transaction.begin_implicit(several=True)
    transaction.begin()
    transaction.set({"a": "2"}, local=False)
    transaction.commit()
    transaction.fail()
    transaction.end_implicit()
    assert transaction.settings == {"a": "2"}


def test_rollback_to_tells_the_cursors_of_the_savepoint() -> None:
    transaction = Transaction({})
    transaction.begin()
    transaction.savepoint("s", frozenset({"c"}))
    assert transaction.has_savepoints
    transaction.fail()
    assert transaction.rollback_to("s") == {"c"}

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from proxy.hba import choose
from proxy.settings import Settings, SettingsError, load, shipped


def conf(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "server.toml"
    path.write_text(text)
    return path


def test_no_file_and_no_environment_give_the_defaults() -> None:
    settings = load(environ={})
    assert settings.listen.port == 5433
    assert settings.spark_embedded
    assert settings.data.folder == Path("~/.local/share/streamlink-sql").expanduser()
    assert settings.users_path == settings.data.folder / "users"


def test_the_shipped_file_holds_the_defaults() -> None:
    assert load(shipped("server.toml"), environ={}) == load(environ={})


def test_the_demo_trusts_loopback_only_and_loads_the_sample() -> None:
    settings = load(shipped("demo.toml"), environ={})
    assert settings.data.sample
    assert settings.session.search_path == ("patents", "default")
    methods = {
        user: choose(settings.auth.parsed_rules, database="d", user=user, address=address, tls=True)
        for user, address in (("demo", "127.0.0.1"), ("ann", "::1"), ("eve", "10.0.0.1"))
    }
    assert methods == {"demo": "trust", "ann": "scram-sha-256", "eve": None}


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    path = conf(tmp_path, '[listen]\nport = 1\nhost = "::1"\n[spark.conf]\n"spark.a" = "1"\n')
    environ = {
        "STREAMLINK_LISTEN_PORT": "6432",
        "STREAMLINK_SESSION_SEARCH_PATH": "a; b",
        "STREAMLINK_SPARK_CONF": "spark.b=x=y;spark.c=",
        "STREAMLINK_MODEL_ENABLED": "off",
        "STREAMLINK_DATA": "/somewhere",
        "PATH": "/bin",
    }
    settings = load(path, environ)
    assert (settings.listen.host, settings.listen.port) == ("::1", 6432)
    assert settings.session.search_path == ("a", "b")
    assert settings.spark.conf == {"spark.b": "x=y", "spark.c": ""}
    assert not settings.model.enabled


def test_settings_cannot_be_changed() -> None:
    settings = Settings()
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.listen.port = 1  # type: ignore[misc]
    with pytest.raises(TypeError):
        settings.spark.conf["x"] = "y"  # type: ignore[index]


WRONG_FILES = Path(__file__).with_name("wrong_settings.txt").read_text().split("\n=====\n")


@pytest.mark.parametrize("case", WRONG_FILES, ids=lambda case: case.splitlines()[-1])
def test_a_wrong_file_names_place_and_way_out(case: str, tmp_path: Path) -> None:
    text, _, expected = case.strip().rpartition("\n---\n")
    with pytest.raises(SettingsError) as error:
        load(conf(tmp_path, text + "\n"), environ={})
    assert expected in str(error.value)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("STREAMLINK_SPRAK_HOST", "x", "did you mean STREAMLINK_SPARK_HOST?"),
        ("STREAMLINK_LISTEN_PORT", "many", "'many' is not a whole number"),
        ("STREAMLINK_SPARK_TLS", "maybe", "'maybe' is not true or false"),
        ("STREAMLINK_AUTH_RULES", "host all all all trust", "loopback"),
        ("STREAMLINK_DATA_FOLDER", "", "a path is needed"),
    ],
)
def test_a_wrong_environment_names_variable_and_way_out(name: str, value: str, expected: str) -> None:
    with pytest.raises(SettingsError) as error:
        load(environ={name: value})
    assert expected in str(error.value)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"absent\.toml"):
        load(tmp_path / "absent.toml", environ={})

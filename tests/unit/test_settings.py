"""Settings: where a value comes from, and what is refused."""

import os
from pathlib import Path

import pytest

from facekeep import settings as module
from facekeep.domain.errors import EnvironmentFault, UsageError
from facekeep.settings import SETTINGS, Settings, is_loopback, load


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def loaded(home: Path, **environ: str) -> Settings:
    return load({"home": str(home)}, environ=environ)


def test_defaults(home: Path) -> None:
    settings = loaded(home)
    assert settings.host == "127.0.0.1"
    assert settings.port == 8765
    assert settings.database_url is None
    assert settings.allowed_hosts == ()
    assert settings.workers >= 1


def test_flag_beats_environment_beats_file_beats_default(home: Path) -> None:
    (home / "config.toml").write_text("port = 1111\nworkers = 2\ncache_megabytes = 100\n")
    environ = {"FACEKEEP_PORT": "2222", "FACEKEEP_WORKERS": "3"}
    settings = load({"home": home, "port": 3333}, environ=environ)
    assert (settings.port, settings.workers, settings.cache_megabytes) == (3333, 3, 100)


def test_flag_that_was_not_given_does_not_hide_the_environment(home: Path) -> None:
    assert load({"home": home, "port": None}, environ={"FACEKEEP_PORT": "2222"}).port == 2222


def test_zero_is_a_value(home: Path) -> None:
    assert load({"home": home, "port": 0}, environ={"FACEKEEP_PORT": "2222"}).port == 0


def test_empty_variable_counts_as_unset(home: Path) -> None:
    assert loaded(home, FACEKEEP_PORT="", FACEKEEP_DATABASE_URL="").port == 8765


def test_settings_cannot_be_changed_later(home: Path) -> None:
    with pytest.raises(AttributeError):
        loaded(home).port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FACEKEEP_PORT", "70000"),
        ("FACEKEEP_PORT", "http"),
        ("FACEKEEP_PORT", "-1"),
        ("FACEKEEP_WORKERS", "0"),
        ("FACEKEEP_WORKERS", "1.5"),
        ("FACEKEEP_CACHE_MEGABYTES", "0"),
        ("FACEKEEP_DATABASE_URL", "sqlite:///x.db"),
        ("FACEKEEP_LOG_LEVEL", "loud"),
        ("FACEKEEP_HOST", "http://localhost"),
        ("FACEKEEP_ALLOWED_HOSTS", "*"),
        ("FACEKEEP_LOOPBACK_OPEN", "maybe"),
    ],
)
def test_bad_value_is_refused_by_its_name(home: Path, name: str, value: str) -> None:
    with pytest.raises(UsageError, match=name) as caught:
        loaded(home, **{name: value})
    assert caught.value.hint


def test_a_refused_database_url_does_not_tell_its_password(home: Path) -> None:
    with pytest.raises(UsageError) as caught:
        loaded(home, FACEKEEP_DATABASE_URL="mysql://me:sesame@db/x")
    assert "sesame" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", "10.0.0.1"])
def test_an_address_that_others_can_reach_is_told_from_loopback(home: Path, host: str) -> None:
    """`facekeep serve` refuses it as long as nobody has an account."""
    assert loaded(home, FACEKEEP_HOST=host).host == host
    assert not is_loopback(host)


@pytest.mark.parametrize(("given", "meant"), [("false", False), ("No", False), ("1", True), ("", True)])
def test_whether_loopback_is_open(home: Path, given: str, meant: bool) -> None:
    assert loaded(home, FACEKEEP_LOOPBACK_OPEN=given).loopback_open is meant


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]", "127.0.0.2"])
def test_loopback_addresses_are_taken(home: Path, host: str) -> None:
    assert loaded(home, FACEKEEP_HOST=host).host == host.strip("[]")


def test_host_names_from_a_list_in_the_file_or_commas_in_the_environment(home: Path) -> None:
    (home / "config.toml").write_text('allowed_hosts = ["photos.home", "Other.Home"]\n')
    assert loaded(home).allowed_hosts == ("photos.home", "other.home")
    assert loaded(home, FACEKEEP_ALLOWED_HOSTS="a.b, c.d").allowed_hosts == ("a.b", "c.d")


def test_unknown_name_in_the_file_is_refused(home: Path) -> None:
    (home / "config.toml").write_text("prot = 1\n")
    with pytest.raises(UsageError, match="'prot'") as caught:
        loaded(home)
    assert "port" in caught.value.hint


@pytest.mark.parametrize("content", [b"port =", b"\xff\xfe"])
def test_broken_file_is_named(home: Path, content: bytes) -> None:
    (home / "config.toml").write_bytes(content)
    with pytest.raises(UsageError, match=r"config\.toml"):
        loaded(home)
    assert load({"home": home}, environ={}, read_file=False).port == 8765


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root reads every file")
def test_unreadable_file_is_the_machines_fault(home: Path) -> None:
    (home / "config.toml").write_text("port = 1\n")
    (home / "config.toml").chmod(0)
    with pytest.raises(EnvironmentFault, match=r"config\.toml"):
        loaded(home)


def test_loading_creates_nothing(tmp_path: Path) -> None:
    settings = loaded(tmp_path / "nowhere")
    assert settings.home == tmp_path / "nowhere"
    assert not settings.home.exists()


def test_home_follows_xdg_and_ignores_a_relative_one() -> None:
    usual = Path.home() / ".local" / "share" / "facekeep"
    assert module.default_home({"XDG_DATA_HOME": "/data"}, "linux") == Path("/data/facekeep")
    assert module.default_home({"XDG_DATA_HOME": "data"}, "linux") == usual
    assert module.default_home({}, "linux") == usual
    assert module.default_home({}, "darwin").parts[-2:] == ("Application Support", "facekeep")


def test_relative_home_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load({"home": "data"}, environ={}).home == tmp_path / "data"


@pytest.mark.parametrize("home", ["/", "~"])
def test_home_may_not_be_a_folder_of_everything(home: str) -> None:
    with pytest.raises(UsageError, match="data folder"):
        load({"home": home}, environ={})


def test_slips_in_the_environment_are_listed() -> None:
    assert module.unknown_variables({"FACEKEEP_PROT": "1", "FACEKEEP_PORT": "1", "HOME": "/"}) == [
        "FACEKEEP_PROT"
    ]


def test_every_setting_is_documented(repo_root: Path) -> None:
    text = (repo_root / "docs" / "settings.md").read_text("utf-8")
    for setting in SETTINGS:
        assert f"## {setting.name}\n" in text
        for part in (setting.env, setting.help, setting.shown_default):
            assert part in text, f"docs/settings.md does not say {part!r} of {setting.name}"
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == [s.name for s in SETTINGS]

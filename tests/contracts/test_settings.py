"""Settings: each documented, each checked at start, none secret in a message."""

import dataclasses
import stat
from pathlib import Path

import pytest

from qa_app.settings import PREFIX, Settings, SettingsError

ROOT = Path(__file__).parents[2]
KEY = "a key of sixteen"


def _read(folder: Path, **values: str) -> Settings:
    environ = {"HEARBACK_DATA_DIR": str(folder), "HEARBACK_SECRET_KEY": KEY}
    return Settings.from_env(environ | {PREFIX + name: value for name, value in values.items()})


def test_every_setting_is_documented() -> None:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    for field in dataclasses.fields(Settings):
        assert f"`{PREFIX}{field.name.upper()}`" in text, field.name


def test_documented_settings_exist() -> None:
    import re

    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    named = set(re.findall(rf"`{PREFIX}([A-Z_]+)`", text))
    # One more is read by the tests only.
    assert named - {"TEST_POSTGRES_URL"} == {
        field.name.upper() for field in dataclasses.fields(Settings)
    }


def test_everything_has_a_working_default(tmp_path: Path) -> None:
    settings = Settings.from_env({"HEARBACK_DATA_DIR": str(tmp_path / "new")})
    assert settings.database_url == f"sqlite:///{tmp_path / 'new' / 'hearback.db'}"
    assert settings.host == "127.0.0.1"
    assert (settings.port, settings.session_hours, settings.cookie_secure) == (8000, 12, False)


def test_a_secret_key_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    first = Settings.from_env({"HEARBACK_DATA_DIR": str(tmp_path)})
    again = Settings.from_env({"HEARBACK_DATA_DIR": str(tmp_path)})
    assert first.secret_key == again.secret_key
    assert len(first.secret_key) >= 32
    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("PORT", "eighty", "setting_not_a_number"),
        ("PORT", "0", "setting_not_a_number"),
        ("PORT", "65536", "setting_not_a_number"),
        ("SESSION_HOURS", "0", "setting_not_a_number"),
        ("UPLOAD_MAX_MB", "-1", "setting_not_a_number"),
        ("COOKIE_SECURE", "perhaps", "setting_not_yes_or_no"),
        ("LOG_LEVEL", "loud", "setting_unknown_choice"),
        ("WHISPER_DEVICE", "abacus", "setting_unknown_choice"),
        ("MAIL_HOST", "mail.example", "mail_incomplete"),
        ("MAIL_SECURITY", "perhaps", "setting_unknown_choice"),
        ("DATABASE_URL", "mysql://x/y", "database_unsupported"),
        ("DATABASE_URL", "no url", "database_url_unreadable"),
        ("DATABASE_URL", "sqlite:///:memory:", "database_in_memory"),
        ("SECRET_KEY", "fifteen letters", "secret_key_short"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(
    tmp_path: Path, name: str, value: str, code: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        _read(tmp_path, **{name: value})
    assert refused.value.code == code
    assert PREFIX + name in str(refused.value) or "memory" in str(refused.value)
    if name == "SECRET_KEY":
        assert value not in str(refused.value)


def test_a_data_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(SettingsError) as refused:
        _read(tmp_path / "file" / "data")
    assert refused.value.code == "data_dir_unusable"


def test_a_plain_postgresql_url_gets_the_driver_that_is_installed(tmp_path: Path) -> None:
    settings = _read(tmp_path, DATABASE_URL="postgres://me:secret@host/db")
    assert settings.database_url == "postgresql+psycopg://me:secret@host/db"


def test_a_commands_option_wins_over_the_environment(tmp_path: Path) -> None:
    environ = {"HEARBACK_DATA_DIR": str(tmp_path / "a"), "HEARBACK_SECRET_KEY": KEY}
    assert Settings.from_env(environ, data_dir=tmp_path / "b").data_dir == tmp_path / "b"

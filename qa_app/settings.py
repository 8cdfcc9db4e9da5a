"""Every setting of an installation: read once from ``HEARBACK_…`` variables, checked at start."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from models.vocab import MaskKind

PREFIX = "HEARBACK_"
SECRET_FILE = "secret.key"  # noqa: S105 - the name of the file, not what it holds
CUSTOMER_KEY_FILE = "customer.key"
SECRET_MIN_LENGTH = 16
LOG_LEVELS = ("debug", "info", "warning", "error")
DEVICES = ("cpu", "cuda", "auto")
MAIL_SECURITIES = ("starttls", "tls", "none")
WRITINGS = ("simplified", "traditional", "as_heard")
MASKED_KINDS = frozenset(MaskKind) - {MaskKind.MANUAL}


class SettingsError(Exception):
    """A setting cannot be used: ``code`` for programs, the sentence for people."""

    def __init__(self, code: str, sentence: str) -> None:
        """Keep the code and the sentence that says what would help."""
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True)
class Settings:
    """What an installation was started with; docs/settings.md says what each one is for."""

    data_dir: Path
    database_url: str
    secret_key: str
    customer_key: str
    whisper_model: str | None = None
    whisper_device: str = "cpu"
    whisper_compute_type: str = "int8"
    whisper_threads: int = 0
    whisper_workers: int = 0
    whisper_chinese: str = "simplified"
    host: str = "127.0.0.1"
    port: int = 8000
    web_threads: int = 8
    cookie_secure: bool = False
    session_hours: int = 12
    upload_max_mb: int = 512
    proxy_count: int = 0
    log_level: str = "info"
    masked_kinds: frozenset[MaskKind] = MASKED_KINDS
    play_untranscribed: bool = True
    mail_host: str = ""
    mail_port: int = 587
    mail_security: str = "starttls"
    mail_user: str = ""
    mail_password: str = field(default="", repr=False)
    mail_from: str = ""
    mail_link: str = ""
    clock_offset_seconds: int = 0

    @property
    def clock_offset(self) -> timedelta:
        """How far the product's clock is moved from the machine's; only the demo moves it."""
        return timedelta(seconds=self.clock_offset_seconds)

    @property
    def storage_dir(self) -> Path:
        """Where recordings and manifests lie."""
        return self.data_dir / "files"

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, **given: object) -> "Settings":
        """Read the variables; ``given`` (such as a command's ``--data-dir``) wins over them.

        Makes the data folder, and the keys in it that are not set. Raises ``SettingsError``
        with the reason when a value cannot be used.
        """
        values = dict(os.environ if environ is None else environ)
        values.update({PREFIX + name.upper(): str(value) for name, value in given.items()})
        read = _Reader(values)
        data_dir = Path(read.text("DATA_DIR", "data")).expanduser().resolve()
        _make_folder(data_dir)
        return cls(
            data_dir=data_dir,
            database_url=_database_url(read, data_dir),
            secret_key=_key(read, "SECRET_KEY", data_dir / SECRET_FILE),
            customer_key=_key(read, "CUSTOMER_KEY", data_dir / CUSTOMER_KEY_FILE),
            whisper_model=read.text("WHISPER_MODEL", "") or None,
            whisper_device=read.choice("WHISPER_DEVICE", "cpu", DEVICES),
            whisper_compute_type=read.text("WHISPER_COMPUTE_TYPE", "int8"),
            whisper_threads=read.integer("WHISPER_THREADS", 0, 0, 256),
            whisper_workers=read.integer("WHISPER_WORKERS", 0, 0, 256),
            whisper_chinese=_writing(read),
            host=read.text("HOST", "127.0.0.1"),
            port=read.integer("PORT", 8000, 1, 65535),
            web_threads=read.integer("WEB_THREADS", 8, 1, 64),
            cookie_secure=read.flag("COOKIE_SECURE", default=False),
            session_hours=read.integer("SESSION_HOURS", 12, 1, 24 * 31),
            upload_max_mb=read.integer("UPLOAD_MAX_MB", 512, 1, 100_000),
            proxy_count=read.integer("PROXY_COUNT", 0, 0, 10),
            log_level=read.choice("LOG_LEVEL", "info", LOG_LEVELS),
            masked_kinds=_kinds(read),
            play_untranscribed=read.flag("PLAY_UNTRANSCRIBED", default=True),
            **_mail(read),
            clock_offset_seconds=read.integer(
                "CLOCK_OFFSET_SECONDS", 0, -3_155_760_000, 3_155_760_000
            ),
        )


class _Reader:
    """Reads single variables, refusing what does not fit with the variable's name."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values

    def text(self, name: str, default: str) -> str:
        return self.values.get(PREFIX + name, "").strip() or default

    def integer(self, name: str, default: int, least: int, most: int) -> int:
        given = self.text(name, str(default))
        try:
            number = int(given)
        except ValueError:
            number = None
        if number is None or not least <= number <= most:
            raise SettingsError(
                "setting_not_a_number",
                f"{PREFIX}{name} must be a whole number from {least} to {most}, not {given!r}.",
            )
        return number

    def flag(self, name: str, *, default: bool) -> bool:
        given = self.text(name, "1" if default else "0").lower()
        if given in ("1", "true", "yes", "on"):
            return True
        if given in ("0", "false", "no", "off"):
            return False
        raise SettingsError(
            "setting_not_yes_or_no", f"{PREFIX}{name} must be 1 or 0, not {given!r}."
        )

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        given = self.text(name, default).lower()
        if given not in choices:
            raise SettingsError(
                "setting_unknown_choice",
                f"{PREFIX}{name} must be one of {', '.join(choices)}, not {given!r}.",
            )
        return given


def _writing(read: _Reader) -> str:
    # The older setting knew simplified characters or none.
    simplify = read.flag("WHISPER_SIMPLIFY", default=True)
    return read.choice("WHISPER_CHINESE", "simplified" if simplify else "as_heard", WRITINGS)


def _mail(read: _Reader) -> dict[str, Any]:
    """Return what concerns mail; a server needs a sender and a link."""
    host = read.text("MAIL_HOST", "")
    sender, link = read.text("MAIL_FROM", ""), read.text("MAIL_LINK", "")
    if host and ("@" not in sender or not link.startswith(("http://", "https://"))):
        raise SettingsError(
            "mail_incomplete",
            f"{PREFIX}MAIL_HOST is set: {PREFIX}MAIL_FROM must be an e-mail address and "
            f"{PREFIX}MAIL_LINK the address of this installation, with http:// or https://.",
        )
    return {
        "mail_host": host,
        "mail_port": read.integer("MAIL_PORT", 587, 1, 65535),
        "mail_security": read.choice("MAIL_SECURITY", "starttls", MAIL_SECURITIES),
        "mail_user": read.text("MAIL_USER", ""),
        "mail_password": read.text("MAIL_PASSWORD", ""),
        "mail_from": sender,
        "mail_link": link,
    }


def _make_folder(data_dir: Path) -> None:
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            "data_dir_unusable", f"The data folder {data_dir} cannot be made: {error.strerror}."
        ) from error
    if not os.access(data_dir, os.W_OK):
        raise SettingsError("data_dir_unusable", f"The data folder {data_dir} cannot be written.")


def _database_url(read: _Reader, data_dir: Path) -> str:
    given = read.text("DATABASE_URL", f"sqlite:///{data_dir / 'hearback.db'}")
    if given.startswith(("postgres://", "postgresql://")):
        # The plain scheme would ask for another driver than the one that is installed.
        given = "postgresql+psycopg://" + given.split("://", 1)[1]
    try:
        driver = make_url(given).drivername
    except ArgumentError as error:
        raise SettingsError(
            "database_url_unreadable", f"{PREFIX}DATABASE_URL is not a database URL."
        ) from error
    if driver not in ("sqlite", "postgresql+psycopg"):
        raise SettingsError(
            "database_unsupported",
            f"{PREFIX}DATABASE_URL must begin with sqlite:/// or postgresql+psycopg://.",
        )
    if given in ("sqlite://", "sqlite:///:memory:"):
        raise SettingsError(
            "database_in_memory", "A database in memory is lost at once; name a file."
        )
    return given


def _kinds(read: _Reader) -> frozenset[MaskKind]:
    """Return the kinds of personal data to hide: ``all``, ``none``, or names with commas."""
    given = read.text("MASKED_KINDS", "all").lower()
    if given in ("all", "none"):
        return MASKED_KINDS if given == "all" else frozenset()
    names = {name.strip() for name in given.split(",")} - {""}
    if names - {kind.value for kind in MASKED_KINDS}:
        known = ", ".join(sorted(kind.value for kind in MASKED_KINDS))
        raise SettingsError(
            "setting_unknown_choice",
            f"{PREFIX}MASKED_KINDS is all, none, or some of {known}; not {given!r}.",
        )
    return frozenset(MaskKind(name) for name in names)


def _key(read: _Reader, name: str, path: Path) -> str:
    """Return the key that is set, else the one kept in ``path``, made there when missing."""
    given = read.text(name, "")
    if given:
        if len(given) < SECRET_MIN_LENGTH:
            raise SettingsError(
                "secret_key_short",
                f"{PREFIX}{name} must have at least {SECRET_MIN_LENGTH} characters.",
            )
        return given
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        kept = path.read_text(encoding="ascii").strip()
        if len(kept) < SECRET_MIN_LENGTH:
            raise SettingsError(
                "secret_key_short", f"The key in {path} is too short; remove the file."
            ) from None
        return kept
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        made = secrets.token_urlsafe(48)
        file.write(made + "\n")
    return made

"""The surroundings of a process: its settings, database engine, storage and clock."""

import hashlib
from typing import cast

from flask import current_app

from models.session import make_engine
from pipelines.runtime import MailSettings, RecogniserSettings, Runtime, SystemClock
from pipelines.storage import LocalStorage
from qa_app.settings import Settings


def make_runtime(settings: Settings) -> Runtime:
    """Make what jobs, commands and the web need from their surroundings; opens nothing yet."""
    return Runtime(
        engine=make_engine(settings.database_url),
        storage=LocalStorage(settings.storage_dir),
        data_dir=settings.data_dir,
        clock=SystemClock(settings.clock_offset),
        recogniser=recogniser_settings(settings),
        customer_key=hashlib.sha256(settings.customer_key.encode()).digest(),
        masked_kinds=settings.masked_kinds,
        mail=mail_settings(settings),
    )


def mail_settings(settings: Settings) -> MailSettings | None:
    """Return the mail server to use; null where none is set."""
    if not settings.mail_host:
        return None
    return MailSettings(
        host=settings.mail_host,
        port=settings.mail_port,
        security=settings.mail_security,
        user=settings.mail_user,
        password=settings.mail_password,
        sender=settings.mail_from,
        link=settings.mail_link,
    )


def recogniser_settings(settings: Settings) -> RecogniserSettings:
    """Return which recogniser to load, and how."""
    return RecogniserSettings(
        model=settings.whisper_model,
        device=settings.whisper_device,
        compute_type=settings.whisper_compute_type,
        threads=settings.whisper_threads,
        workers=settings.whisper_workers,
        writing=settings.whisper_chinese,
    )


def runtime() -> Runtime:
    """Return the surroundings of the running web application."""
    return cast("Runtime", current_app.extensions["hearback.runtime"])


def settings() -> Settings:
    """Return the settings of the running web application."""
    return cast("Settings", current_app.extensions["hearback.settings"])

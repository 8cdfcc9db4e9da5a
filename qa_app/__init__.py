"""The web and the command line of Hearback: shows what the pipelines did to the models."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from pipelines.runtime import Runtime
    from qa_app.settings import Settings


def create_app(settings: "Settings | None" = None, runtime: "Runtime | None" = None) -> "Flask":
    """Make the web application.

    ``settings`` default to the environment's; ``runtime`` (engine, storage, clock) to what the
    settings say. Raises ``SettingsError`` for a setting that cannot be used.
    """
    # Imports stand inside: everything that lives in this package imports it first.
    from importlib import import_module

    from flask import Flask

    from qa_app import access, db, errors, i18n, logs, security, templating
    from qa_app.areas import AREAS
    from qa_app.settings import Settings
    from qa_app.surroundings import make_runtime

    # 1. What the installation was started with.
    settings = settings or Settings.from_env()
    app = Flask("qa_app", template_folder=templating.template_folder())
    app.extensions["hearback.settings"] = settings
    app.extensions["hearback.runtime"] = runtime or make_runtime(settings)

    # 2. Every request has an id, a log line and at most one database session.
    logs.init_app(app, settings.log_level)
    db.init_app(app)

    # 3. Nothing is open that does not say so; forms come from our own pages; headers are strict.
    access.init_app(app)
    security.init_app(app, settings)

    # 4. Language, templates, and what people see when something cannot be done.
    i18n.init_app(app)
    templating.init_app(app)
    errors.init_app(app)

    # 5. The areas.
    for area in AREAS:
        app.register_blueprint(import_module(f"qa_app.{area}.views").bp)
    return app

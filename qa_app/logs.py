"""One log line per request, with its id; never a form value, a query string or a secret."""

import logging
import secrets
import sys
import time

import structlog
from flask import Flask, Response, g, request

from pipelines import audit

_log = structlog.get_logger("hearback.web")


def configure(level: str) -> None:
    """Send our log lines as JSON to standard error from ``level`` up."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=lambda *_names: structlog.WriteLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )


def init_app(app: Flask, level: str) -> None:
    """Give every request an id, which audit entries and error pages carry too."""
    configure(level)

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()
        g.request_id = secrets.token_hex(8)
        g.request_id_token = audit.request_id.set(g.request_id)

    @app.after_request
    def finish(response: Response) -> Response:
        if "request_id" in g:
            response.headers["X-Request-ID"] = g.request_id
            if request.endpoint != "static":
                _log.info(
                    "request",
                    request_id=g.request_id,
                    method=request.method,
                    endpoint=request.endpoint,
                    status=response.status_code,
                    ms=round((time.perf_counter() - g.began) * 1000),
                )
        return response

    @app.teardown_request
    def leave(_error: BaseException | None) -> None:
        if token := g.pop("request_id_token", None):
            audit.request_id.reset(token)

"""The audit log, the machine's jobs, and a sheet of settings to be printed."""

import uuid

from flask import Blueprint, Response, flash, request
from flask_babel import gettext as _

from models.operations import Job
from pipelines import audit as log
from pipelines import jobs as machine
from qa_app.access import Action, current_person, load, requires
from qa_app.asked import number
from qa_app.clock import now
from qa_app.db import session
from qa_app.operations.queries import audit_page, jobs_page, settings_sheet
from qa_app.surroundings import settings
from qa_app.templating import render, see_other

bp = Blueprint("operations", __name__)


@bp.get("/audit")
@requires(Action.AUDIT_READ)
def audit() -> str:
    """Show who did what, newest first."""
    page = audit_page(
        session(),
        current_person(),
        action=request.args.get("action", ""),
        who=request.args.get("who", "").strip(),
        before=number("before"),
    )
    return render("operations/audit.html", page=page)


@bp.get("/jobs")
@requires(Action.JOBS_READ)
def jobs() -> str:
    """Show what the machine does and has done."""
    page = jobs_page(session(), current_person(), state=request.args.get("state", ""), now=now())
    return render("operations/jobs.html", page=page)


@bp.post("/jobs/<uuid:uid>/retry")
@requires(Action.JOBS_WRITE)
def retry_job(uid: uuid.UUID) -> Response:
    """Queue a failed job anew."""
    person = current_person()
    job = load(session(), person, Action.JOBS_WRITE, Job, uid)
    machine.retry(session(), job.uid, now=now())
    log.record(
        session(),
        now=now(),
        actor=person.uid,
        action="job.retried",
        subject="job",
        subject_uid=job.uid,
    )
    flash(_("The job is queued again."), "success")
    return see_other("operations.jobs")


@bp.get("/settings-sheet")
@requires(Action.SETTINGS_READ)
def sheet() -> str:
    """Show what is kept, for how long, and who may see it, ready to be printed."""
    return render(
        "operations/settings_sheet.html",
        sheet=settings_sheet(session(), current_person()),
        chosen=settings(),
        printed_at=now(),
    )

"""The audit log, the machine's jobs, and a sheet of settings to be printed."""

import uuid

from flask import Blueprint, Response, flash, request
from flask_babel import LazyString, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.operations import Job
from models.people import User
from models.vocab import MaskKind
from pipelines import audit as log
from pipelines import job_table
from pipelines import jobs as machine
from qa_app.access import Action, current_person, load, may, requires
from qa_app.asked import number
from qa_app.clock import now
from qa_app.db import session
from qa_app.operations.queries import audit_page, jobs_page
from qa_app.operations.queue import NAME, failed_uids, queue_page
from qa_app.operations.sheet import settings_sheet
from qa_app.surroundings import runtime, settings
from qa_app.templating import go, is_local, render, see_other

bp = Blueprint("operations", __name__)

MASKED: dict[MaskKind, LazyString] = {
    MaskKind.PHONE: _l("telephone numbers"),
    MaskKind.IDENTITY: _l("identity numbers"),
    MaskKind.CARD: _l("card and account numbers"),
    MaskKind.EMAIL: _l("e-mail addresses"),
    MaskKind.ADDRESS: _l("postal addresses"),
    MaskKind.NUMBER: _l("other long numbers"),
}

RETRIED_AT_ONCE = 1_000
"""As many as fit into one request; the button stands there for the rest."""


@bp.get("/audit")
@requires(Action.AUDIT_READ)
def audit() -> str:
    """Show who did what, newest first."""
    page = audit_page(
        session(),
        current_person(),
        now(),
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
@requires(Action.QUEUE_WRITE)
def retry_job(uid: uuid.UUID) -> Response:
    """Queue a failed job anew."""
    person = current_person()
    job = load(session(), person, Action.QUEUE_WRITE, Job, uid)
    machine.retry(session(), job.uid, now=now())
    _record("job.retried", job.uid)
    flash(_("The job is queued again."), "success")
    return _back("operations.jobs" if may(person, Action.JOBS_READ) else "operations.queue")


def _record(action: str, uid: uuid.UUID | None = None, **details: str | int) -> None:
    log.record(
        session(),
        now=now(),
        actor=current_person().uid,
        action=action,
        subject="job",
        subject_uid=uid,
        **details,
    )


def _back(endpoint: str) -> Response:
    """Send the browser to where the form stood, else to the list that it belongs to."""
    back = request.form.get("back", "")
    return go(back) if is_local(back) else see_other(endpoint)


@bp.get("/jobs/transcription")
@requires(Action.QUEUE_READ)
def queue() -> str:
    """Show the transcription queue: its order, its progress, when it will be done, what failed."""
    page = queue_page(session(), current_person(), data_dir=runtime().data_dir, now=now())
    return render("operations/queue.html", page=page)


@bp.post("/jobs/transcription/pause")
@requires(Action.JOBS_WRITE)
def pause_queue() -> Response:
    """Begin no further call until somebody resumes."""
    user = session().get_one(User, current_person().id)
    job_table.pause(session(), NAME, now=now(), by=user)
    flash(_("Paused. Calls being heard are heard to their end; no other begins."), "success")
    return see_other("operations.queue")


@bp.post("/jobs/transcription/resume")
@requires(Action.JOBS_WRITE)
def resume_queue() -> Response:
    """Let calls be heard again."""
    user = session().get_one(User, current_person().id)
    job_table.resume(session(), NAME, now=now(), by=user)
    flash(_("Going on."), "success")
    return see_other("operations.queue")


@bp.post("/jobs/<uuid:uid>/first")
@requires(Action.QUEUE_WRITE)
def first(uid: uuid.UUID) -> Response:
    """Move a waiting recording to the front of the queue."""
    job = load(session(), current_person(), Action.QUEUE_WRITE, Job, uid)
    if machine.prefer(session(), job.uid, now=now()):
        _record("job.preferred", job.uid)
        flash(_("This call is heard next."), "success")
    else:
        flash(_("This call no longer waits, or is at the front already."), "info")
    return see_other("operations.queue")


@bp.post("/jobs/transcription/retry")
@requires(Action.QUEUE_WRITE)
def retry_kind() -> Response:
    """Queue anew all recordings in scope that failed for one reason."""
    code = request.form.get("code", "")
    uids = failed_uids(session(), current_person(), code, RETRIED_AT_ONCE)
    for uid in uids:
        machine.retry(session(), uid, now=now())
    if uids:
        _record("jobs.retried", code=code[:100], count=len(uids))
    flash(
        ngettext("%(num)s call is queued again.", "%(num)s calls are queued again.", len(uids)),
        "success",
    )
    return see_other("operations.queue")


@bp.get("/settings-sheet")
@requires(Action.SETTINGS_READ)
def sheet() -> str:
    """Show what is kept, for how long, and who may see it, ready to be printed."""
    return render(
        "operations/settings_sheet.html",
        sheet=settings_sheet(session(), current_person()),
        chosen=settings(),
        masked=", ".join(str(MASKED[kind]) for kind in MaskKind if kind in settings().masked_kinds),
        printed_at=now(),
    )

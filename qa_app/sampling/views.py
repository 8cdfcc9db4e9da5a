"""Plans, previews, draws."""

import uuid
from typing import Any

from flask import Blueprint, Response, flash, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy import select

from models.people import Site, User
from models.samples import Draw, DrawnCall, SamplePlan
from models.scorecards import Scorecard
from models.vocab import DrawState, PlanState
from models.vocab_rights import AccessWay
from pipelines import flow
from pipelines.outcomes import DomainError
from pipelines.sampling import plans, service
from pipelines.sampling.rules.settings import PlanSettings
from qa_app import once, security
from qa_app.access import Action, current_person, load, may, requires
from qa_app.asked import page_number
from qa_app.calls import accesses
from qa_app.clock import now
from qa_app.db import session
from qa_app.messages import sentence, status_of
from qa_app.sampling.forms import (
    DrawForm,
    ExtendForm,
    PeriodForm,
    PlanForm,
    VoidForm,
    plan_data,
)
from qa_app.sampling.queries import (
    draw_page,
    index_page,
    judges_some,
    plan_page,
    preview_rows,
    site_choices,
    usual_period,
)
from qa_app.surroundings import runtime
from qa_app.templating import render, see_other

bp = Blueprint("sampling", __name__, url_prefix="/sampling")


def _actor() -> User:
    return session().get_one(User, current_person().id)


@bp.get("")
@requires(Action.PLANS_READ)
def index() -> str:
    """List plans and newest draws."""
    return render("sampling/index.html", page=index_page(session(), current_person()))


@bp.get("/sites/<uuid:uid>/plans/new")
@requires(Action.PLANS_WRITE)
def new_plan(uid: uuid.UUID) -> str:
    """Offer the form of a new plan, filled with what suits a weekly sample."""
    site = load(session(), current_person(), Action.PLANS_WRITE, Site, uid)
    given = {"settling_days": 3, "due_days": 7, "self_assessment_days": 7, "second_share": 0}
    form = PlanForm(formdata=None, data={**plan_data(PlanSettings()), **given})
    return _plan_form(site, form, None)


@bp.post("/sites/<uuid:uid>/plans")
@requires(Action.PLANS_WRITE)
def create_plan(uid: uuid.UUID) -> ResponseReturnValue:
    """Make a plan."""
    person, form = current_person(), PlanForm()
    site = load(session(), person, Action.PLANS_WRITE, Site, uid)
    if not _valid(form, site):
        return _plan_form(site, form, None), 422
    if earlier := once.spent(form, person):
        return earlier
    try:
        plan = plans.create_plan(session(), site, _values(form), now=now(), actor=_actor())
    except DomainError as error:
        form.name.errors = [sentence(error)]
        return _plan_form(site, form, None), status_of(error)
    flash(_("The plan is ready. Preview it before the first draw."), "success")
    return once.done(form, person, "sampling.show_plan", uid=plan.uid)


@bp.get("/plans/<uuid:uid>")
@requires(Action.PLANS_READ)
def show_plan(uid: uuid.UUID) -> ResponseReturnValue:
    """Show a plan; with days in the address also what a draw of them would take."""
    plan = load(session(), current_person(), Action.PLANS_READ, SamplePlan, uid)
    if "start" not in request.args:
        start, end = usual_period(plan, now())
        return _plan(plan, PeriodForm(formdata=None, data={"start": start, "end": end}))
    form = PeriodForm(formdata=request.args)
    if not form.validate():
        return _plan(plan, form), 422
    try:
        counts = service.preview(session(), plan, form.start.data, form.end.data, now=now())
    except DomainError as error:
        return _plan(plan, form, trouble=sentence(error)), status_of(error)
    preview = preview_rows(form.start.data, form.end.data, counts)
    return _plan(plan, form, preview=preview)


def _plan(plan: SamplePlan, form: PeriodForm, **more: Any) -> str:
    person = current_person()
    preview = more.get("preview")
    days = {"start": preview.start, "end": preview.end} if preview else {}
    ready = service.settled_at(plan, preview.end) if preview else None
    return render(
        "sampling/plan.html",
        page=plan_page(session(), person, plan, preview),
        form=form,
        draw_form=DrawForm(formdata=None, data=days),
        too_early=ready if ready and plan.settling_days and ready > now() else None,
        trouble=more.get("trouble"),
        may_write=may(person, Action.PLANS_WRITE),
    )


@bp.get("/plans/<uuid:uid>/edit")
@requires(Action.PLANS_WRITE)
def edit_plan(uid: uuid.UUID) -> str:
    """Offer a plan's form."""
    plan = load(session(), current_person(), Action.PLANS_WRITE, SamplePlan, uid)
    form = PlanForm(
        formdata=None,
        data={
            **plan_data(PlanSettings.from_json(plan.settings)),
            "lock_version": plan.lock_version,
            "name": plan.name,
            "scorecard": str(plan.scorecard.uid) if plan.scorecard else "",
            "settling_days": plan.settling_days,
            "due_days": plan.due_days,
            "self_assessment_days": plan.self_assessment_days,
            "nightly": plan.nightly,
            "phrase_hits": plan.phrase_hits,
            "second_share": plan.second_share_bp // 100,
            "no_colleagues": plan.no_colleagues,
        },
    )
    return _plan_form(plan.site, form, plan)


@bp.post("/plans/<uuid:uid>")
@requires(Action.PLANS_WRITE)
def change_plan(uid: uuid.UUID) -> ResponseReturnValue:
    """Change a plan for its later draws."""
    form = PlanForm()
    plan = load(session(), current_person(), Action.PLANS_WRITE, SamplePlan, uid)
    if not _valid(form, plan.site):
        return _plan_form(plan.site, form, plan), 422
    version = int(form.lock_version.data) if (form.lock_version.data or "").isdigit() else 0
    try:
        plans.change_plan(
            session(), plan, _values(form), lock_version=version, now=now(), actor=_actor()
        )
    except DomainError as error:
        form.name.errors = [sentence(error)]
        return _plan_form(plan.site, form, plan), status_of(error)
    flash(_("Saved. Draws made before stay as they are."), "success")
    return see_other("sampling.show_plan", uid=plan.uid)


@bp.post("/plans/<uuid:uid>/archive")
@requires(Action.PLANS_WRITE)
def archive_plan(uid: uuid.UUID) -> Response:
    """Lay a plan aside, or take it up again."""
    plan = load(session(), current_person(), Action.PLANS_WRITE, SamplePlan, uid)
    archived = plan.state is PlanState.ACTIVE
    plans.archive_plan(session(), plan, archived=archived, now=now(), actor=_actor())
    flash(_("The plan is laid aside.") if archived else _("The plan draws again."), "success")
    return see_other("sampling.show_plan", uid=plan.uid)


@bp.post("/plans/<uuid:uid>/draws")
@requires(Action.DRAWS_WRITE)
def create_draw(uid: uuid.UUID) -> ResponseReturnValue:
    """Draw, with review tasks and transcription jobs in the same transaction."""
    person, form = current_person(), DrawForm()
    plan = load(session(), person, Action.DRAWS_WRITE, SamplePlan, uid)
    if not form.validate():
        return _plan(plan, PeriodForm(formdata=None, data=form.data)), 422
    if earlier := once.spent(form, person):
        return earlier
    made = flow.draw(
        session(), runtime(), plan, form.start.data, form.end.data, now=now(), actor=_actor()
    )
    flash(_("Drawn. The reviewers' queues are filled."), "success")
    return once.done(form, person, "sampling.show_draw", uid=made.uid)


@bp.get("/draws/<uuid:uid>")
@requires(Action.DRAWS_READ)
def show_draw(uid: uuid.UUID) -> str:
    """Show a draw: strata, what became of its calls, and why each was picked."""
    person = current_person()
    draw = load(session(), person, Action.DRAWS_READ, Draw, uid)
    return render(
        "sampling/draw.html",
        page=draw_page(session(), person, draw, page_number(), now()),
        extend_form=ExtendForm(formdata=None),
        may_write=may(person, Action.DRAWS_WRITE),
    )


@bp.get("/draws/<uuid:uid>/manifest")
@requires(Action.DRAWS_READ)
def manifest(uid: uuid.UUID) -> Response:
    """Give the manifest, once the draw is closed or void and its seed may be seen."""
    draw = load(session(), current_person(), Action.DRAWS_READ, Draw, uid)
    if draw.state is DrawState.OPEN:
        raise DomainError("seed_hidden")
    if judges_some(session(), current_person(), draw, now()):
        # It names every call with its reasons.
        raise DomainError("draw_judged")
    with runtime().storage.open(draw.manifest_key) as stream:
        content = stream.read()
    security.record(
        "draw.exported",
        "draw",
        actor=current_person().uid,
        subject_uid=draw.uid,
        rows=draw.n_calls,
    )
    drawn = select(DrawnCall.call_id).where(DrawnCall.draw_id == draw.id)
    accesses.note_all(drawn, AccessWay.EXPORT)
    name = f"draw-{draw.period_start}-{draw.period_end}-{str(draw.uid)[-8:]}.zip"
    return Response(
        content,
        mimetype="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@bp.post("/draws/<uuid:uid>/close")
@requires(Action.DRAWS_WRITE)
def close_draw(uid: uuid.UUID) -> Response:
    """Close a draw; its seed can be seen from now on."""
    draw = load(session(), current_person(), Action.DRAWS_WRITE, Draw, uid)
    service.close(session(), draw, now=now(), actor=_actor())
    flash(_("The draw is closed. Its seed and manifest are open to everybody who sees it."))
    return see_other("sampling.show_draw", uid=draw.uid)


@bp.post("/draws/<uuid:uid>/void")
@requires(Action.DRAWS_WRITE)
def void_draw(uid: uuid.UUID) -> Response:
    """Declare a draw void, with a reason; its period may be drawn again."""
    form = VoidForm()
    draw = load(session(), current_person(), Action.DRAWS_WRITE, Draw, uid)
    if not form.validate():
        raise DomainError("reason_needed")
    flow.void_draw(session(), draw, form.reason.data, now=now(), actor=_actor())
    flash(_("The draw is void. Its period can be drawn again."))
    return see_other("sampling.show_draw", uid=draw.uid)


@bp.post("/draws/<uuid:uid>/extend")
@requires(Action.DRAWS_WRITE)
def extend_draw(uid: uuid.UUID) -> ResponseReturnValue:
    """Add the next calls of a stratum's order."""
    person, form = current_person(), ExtendForm()
    draw = load(session(), person, Action.DRAWS_WRITE, Draw, uid)
    if not form.validate():
        raise DomainError("extension_unclear")
    if earlier := once.spent(form, person):
        return earlier
    added = flow.extend_draw(
        session(),
        runtime(),
        draw,
        form.stratum.data,
        form.count.data or 1,
        now=now(),
        actor=_actor(),
    )
    flash(_("%(count)s calls added.", count=len(added)), "success")
    return once.done(form, person, "sampling.show_draw", uid=draw.uid)


def _valid(form: PlanForm, site: Site) -> bool:
    form.offer(*site_choices(session(), current_person(), site, str(get_locale())))
    return bool(form.validate())


def _plan_form(site: Site, form: PlanForm, plan: SamplePlan | None) -> str:
    form.offer(*site_choices(session(), current_person(), site, str(get_locale())))
    return render("sampling/form.html", form=form, site=site, plan=plan)


def _values(form: PlanForm) -> plans.PlanValues:
    scorecard = None
    if form.scorecard.data:
        uid = uuid.UUID(form.scorecard.data)
        scorecard = load(session(), current_person(), Action.SCORECARDS_READ, Scorecard, uid)
    return plans.PlanValues(
        name=form.name.data,
        settings=form.settings(),
        scorecard=scorecard,
        settling_days=form.settling_days.data,
        due_days=form.due_days.data,
        self_assessment_days=form.self_assessment_days.data,
        nightly=bool(form.nightly.data),
        phrase_hits=bool(form.phrase_hits.data),
        second_share_bp=(form.second_share.data or 0) * 100,
        no_colleagues=bool(form.no_colleagues.data),
    )

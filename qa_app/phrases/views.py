"""Phrase rules: listed, made, changed, tried, switched on and off; hits confirmed or rejected."""

import uuid
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, abort, flash, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from models.calls import Project
from models.people import User
from models.phrases import PhraseRule, PhraseVersion
from models.vocab import PhraseKind, PhraseVerdict
from models.vocab_rights import AccessWay
from pipelines import reading
from pipelines.outcomes import DomainError
from pipelines.phrases import service
from pipelines.phrases.rules.settings import RuleSettings
from pipelines.phrases.rules.starters import STARTERS
from qa_app import once
from qa_app.access import Action, current_person, load, requires
from qa_app.asked import number, page_number
from qa_app.calls import accesses
from qa_app.clock import now
from qa_app.db import session
from qa_app.messages import sentence, status_of
from qa_app.phrases import hits, queries, words
from qa_app.phrases.forms import RuleForm, SwitchForm, TrialForm, VerdictForm, rule_data
from qa_app.templating import render, see_other

bp = Blueprint("phrases", __name__, url_prefix="/phrases")

USUAL_DAYS = 28


def _actor() -> User:
    return session().get_one(User, current_person().id)


@bp.get("")
@requires(Action.PHRASES_READ)
def index() -> str:
    """List the rules of each project."""
    return render(
        "phrases/index.html",
        projects=queries.index_page(session(), current_person(), now()),
        words=words,
    )


@bp.get("/projects/<uuid:uid>/new")
@requires(Action.PHRASES_WRITE)
def new(uid: uuid.UUID) -> str:
    """Offer kinds and starters; with one of them in the address the form of a new rule."""
    project = _project(uid)
    starter, kind = request.args.get("starter", ""), request.args.get("kind", "")
    if starter in STARTERS:
        data = {**rule_data(STARTERS[starter]), "name": str(words.STARTERS[starter])}
    elif kind in set(PhraseKind):
        data = {"kind": kind}
    else:
        return render("phrases/choose.html", project=project, words=words)
    return _form(project, RuleForm(formdata=None, data=data), None)


@bp.post("/projects/<uuid:uid>/rules")
@requires(Action.PHRASES_WRITE)
def create(uid: uuid.UUID) -> ResponseReturnValue:
    """Make a rule; it is a draft until it is switched on."""
    person, form = current_person(), RuleForm()
    project = _project(uid)
    if not _valid(form, project):
        return _form(project, form, None), 422
    if earlier := once.spent(form, person):
        return earlier
    try:
        rule = service.create_rule(
            session(), project, form.name.data, form.settings(), now=now(), actor=_actor()
        )
    except DomainError as error:
        form.name.errors = [sentence(error)]
        return _form(project, form, None), status_of(error)
    flash(_("The rule is a draft. Try it over past calls before you switch it on."), "success")
    return once.done(form, person, "phrases.show", uid=rule.uid)


def _project(uid: uuid.UUID) -> Project:
    project = load(session(), current_person(), Action.PHRASES_WRITE, Project, uid)
    # A project is seen by people of any of its site's teams; its rules are the site's to make.
    if project.site_id not in queries.whole_sites(current_person()):
        abort(404)
    return project


def _valid(form: Any, project: Project) -> bool:
    form.offer(queries.criteria(session(), current_person(), project))
    return bool(form.validate())


def _form(project: Project, form: Any, rule: PhraseRule | None) -> str:
    form.offer(queries.criteria(session(), current_person(), project))
    return render("phrases/form.html", form=form, project=project, rule=rule, words=words)


@bp.get("/rules/<uuid:uid>")
@requires(Action.PHRASES_READ)
def show(uid: uuid.UUID) -> str:
    """Show a rule: what it asks for, what it found, and what people said of that."""
    page = queries.rule_page(
        session(),
        current_person(),
        uid,
        now(),
        number=number("version"),
        shown=request.args.get("shown", queries.OPEN),
        page=page_number(),
    )
    accesses.note([hit.call_id for hit in page.hits], AccessWay.PHRASES)
    return _rule(page, _trial_form())


def _trial_form() -> TrialForm:
    today = now().date()
    days = {"start": today - timedelta(days=USUAL_DAYS), "end": today}
    return TrialForm(formdata=None, data=days)


def _rule(page: queries.RulePage, form: TrialForm) -> str:
    return render(
        "phrases/show.html",
        page=page,
        trial_form=form,
        switch_form=SwitchForm(formdata=None),
        words=words,
    )


@bp.get("/rules/<uuid:uid>/edit")
@requires(Action.PHRASES_WRITE)
def edit(uid: uuid.UUID) -> str:
    """Offer the form of a rule's newest version."""
    rule = load(session(), current_person(), Action.PHRASES_WRITE, PhraseRule, uid)
    newest = service.newest_version(session(), rule)
    settings = RuleSettings.from_json(newest.settings)
    data = {**rule_data(settings), "name": rule.name, "seen": str(newest.lock_version)}
    return _form(rule.project, RuleForm(formdata=None, data=data), rule)


@bp.post("/rules/<uuid:uid>")
@requires(Action.PHRASES_WRITE)
def change(uid: uuid.UUID) -> ResponseReturnValue:
    """Change the draft, or make the next version of a rule that was in use."""
    form: Any = RuleForm()
    rule = load(session(), current_person(), Action.PHRASES_WRITE, PhraseRule, uid)
    if not _valid(form, rule.project):
        return _form(rule.project, form, rule), 422
    seen = int(form.seen.data) if (form.seen.data or "").isdecimal() else 0
    try:
        version = service.change_rule(
            session(), rule, form.name.data, form.settings(), seen=seen, now=now(), actor=_actor()
        )
    except DomainError as error:
        form.name.errors = [sentence(error)]
        return _form(rule.project, form, rule), status_of(error)
    flash(_("Saved as version %(number)s.", number=version.number), "success")
    return see_other("phrases.show", uid=rule.uid, version=version.number)


def _version(uid: uuid.UUID) -> PhraseVersion:
    rule = load(session(), current_person(), Action.PHRASES_WRITE, PhraseRule, uid)
    wanted = number("version")
    found = [version for version in rule.versions if version.number == wanted]
    return found[0] if found else service.newest_version(session(), rule)


@bp.post("/rules/<uuid:uid>/on")
@requires(Action.PHRASES_WRITE)
def switch_on(uid: uuid.UUID) -> Response:
    """Switch a version on, for new calls or also for past ones."""
    version, past = _version(uid), request.form.get("past") == "yes"
    reading.switch_on_phrases(session(), version, past=past, now=now(), actor=_actor())
    if past:
        flash(_("Switched on. Past calls are being looked through."), "success")
    else:
        flash(_("Switched on for every new transcript."), "success")
    return see_other("phrases.show", uid=uid)


@bp.post("/rules/<uuid:uid>/off")
@requires(Action.PHRASES_WRITE)
def switch_off(uid: uuid.UUID) -> Response:
    """Switch a version off; its hits stay."""
    service.switch_off(session(), _version(uid), now=now(), actor=_actor())
    flash(_("Switched off. What was found so far stays."), "success")
    return see_other("phrases.show", uid=uid)


@bp.post("/rules/<uuid:uid>/trials")
@requires(Action.PHRASES_WRITE)
def try_rule(uid: uuid.UUID) -> ResponseReturnValue:
    """Try a version over the calls of a period, leaving nothing behind."""
    person, form, version = current_person(), TrialForm(), _version(uid)
    if not form.validate():
        page = queries.rule_page(session(), person, uid, now(), number=version.number)
        return _rule(page, form), 422
    if earlier := once.spent(form, person):
        return earlier
    try:
        trial = reading.try_phrases(
            session(), version, form.start.data, form.end.data, now=now(), actor=_actor()
        )
    except DomainError as error:
        form.end.errors = [sentence(error)]
        page = queries.rule_page(session(), person, uid, now(), number=version.number)
        return _rule(page, form), status_of(error)
    return once.done(form, person, "phrases.trial", uid=trial.uid)


@bp.get("/trials/<uuid:uid>")
@requires(Action.PHRASES_READ)
def trial(uid: uuid.UUID) -> str:
    """Show what a try found."""
    page = hits.trial_page(session(), current_person(), uid, now())
    accesses.note([example.call_id for example in page.examples], AccessWay.PHRASES)
    return render("phrases/trial.html", page=page, words=words)


@bp.get("/trials/<uuid:uid>/examples/<int:place>")
@requires(Action.PHRASES_READ)
def example(uid: uuid.UUID, place: int) -> str:
    """Play an example of a try."""
    page = hits.example_page(session(), current_person(), uid, place, now())
    accesses.note_transcript(page.player)
    return render("phrases/hit.html", page=page, form=None, words=words)


@bp.get("/hits/<uuid:uid>")
@requires(Action.PHRASES_READ)
def hit(uid: uuid.UUID) -> str:
    """Play a hit, to be confirmed or rejected."""
    page = hits.hit_page(session(), current_person(), uid, now())
    accesses.note_transcript(page.player)
    return render("phrases/hit.html", page=page, form=VerdictForm(formdata=None), words=words)


@bp.post("/hits/<uuid:uid>/verdict")
@requires(Action.PHRASES_JUDGE)
def judge(uid: uuid.UUID) -> Response:
    """Keep what a person says of a hit, and go on to the next one."""
    person, form = current_person(), VerdictForm()
    found = hits.load_hit(session(), person, Action.PHRASES_JUDGE, uid)
    given = form.verdict.data if form.validate() else ""
    if given not in {*PhraseVerdict, "none"}:
        abort(400)
    verdict = None if given == "none" else PhraseVerdict(given)
    service.judge(session(), found, verdict, now=now(), actor=_actor())
    following = hits.next_open(session(), person, found, now())
    if verdict is None:
        return see_other("phrases.hit", uid=uid)
    if following is None:
        flash(_("No more hits wait for a verdict."), "success")
        return see_other("phrases.show", uid=found.version.rule.uid)
    return see_other("phrases.hit", uid=following)

"""The register of requests, proofs of erasure, one's own data, and the limits of a site."""

import uuid
from typing import Any

from flask import Blueprint, Response, flash, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from models.people import Agent, Site, User
from models.rights import RightsRequest
from models.vocab_rights import (
    AccessWay,
    PersonFigures,
    RequestKind,
    RequestOf,
    RequestState,
)
from pipelines.outcomes import DomainError
from pipelines.retention.erasure import find_customer
from pipelines.rights import service
from qa_app import once, security
from qa_app.access import Action, current_person, load, may, requires
from qa_app.asked import page_number
from qa_app.calls import accesses
from qa_app.clock import now
from qa_app.db import session
from qa_app.forms import choices
from qa_app.messages import sentence, status_of
from qa_app.notices.queries import zone_of
from qa_app.rights import copies, queries
from qa_app.rights.forms import (
    GRANTED,
    AnswerForm,
    CustomerForm,
    DueForm,
    EraseForm,
    LimitsForm,
    OwnRequestForm,
    RequestForm,
)
from qa_app.surroundings import runtime
from qa_app.templating import render, see_other

bp = Blueprint("rights", __name__)


def _actor() -> User:
    return session().get_one(User, current_person().id)


# one's own data


@bp.get("/my-data")
@requires(Action.ACCOUNT)
def mine() -> str:
    """Show what a person may ask for and do about the data on them."""
    page = queries.own_page(session(), current_person(), now())
    return render("rights/mine.html", page=page, form=OwnRequestForm(formdata=None))


@bp.post("/my-data")
@requires(Action.ACCOUNT)
def ask() -> ResponseReturnValue:
    """File a request about the person's own data."""
    person, form = current_person(), OwnRequestForm()
    agent = session().get(Agent, person.agent_id) if person.agent_id else None
    if agent is None:
        raise DomainError("request_agent_missing")
    if not form.validate():
        page = queries.own_page(session(), person, now())
        return render("rights/mine.html", page=page, form=form), 422
    if earlier := once.spent(form, person):
        return earlier
    try:
        service.file_request(
            session(),
            agent.site,
            kind=RequestKind(form.kind.data),
            whose=RequestOf.AGENT,
            agent=agent,
            words=form.words.data or "",
            received_on=queries.today_at(now(), agent.site),
            now=now(),
            user=_actor(),
        )
    except DomainError as error:
        form.words.errors = [sentence(error)]
        page = queries.own_page(session(), person, now())
        return render("rights/mine.html", page=page, form=form), status_of(error)
    flash(_("Your request is filed. The office is told, and you see the answer here."), "success")
    return once.done(form, person, "rights.mine")


@bp.get("/my-data/copy.zip")
@requires(Action.ACCOUNT)
def own_copy() -> Response:
    """Give the person a copy of the data on them."""
    person = current_person()
    content, rows = copies.own_copy(session(), person, now())
    security.record(
        "data.copied",
        "user_account",
        actor=person.uid,
        subject_uid=person.uid,
        file="my-data.zip",
        rows=rows,
    )
    return _zip("my-data.zip", content)


@bp.get("/my-data/heard")
@requires(Action.ACCOUNT)
def heard() -> str:
    """List who heard, read or exported the calls that the person took."""
    person = current_person()
    page = accesses.own_page(session(), person, page_number())
    return render("rights/heard.html", page=page, timezone=zone_of(session(), person))


def _zip(name: str, content: bytes) -> Response:
    return Response(
        content,
        mimetype="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


# the register


@bp.get("/requests")
@requires(Action.REQUESTS_READ)
def index() -> str:
    """List the requests of the admin's sites, the most urgent first."""
    page = queries.register_page(
        session(),
        current_person(),
        now(),
        state=request.args.get("state", ""),
        page=page_number(),
    )
    return render("rights/index.html", page=page)


@bp.get("/requests/new")
@requires(Action.REQUESTS_WRITE)
def new() -> str:
    """Offer the form of a request that reached the office."""
    form = _offered(RequestForm(formdata=None, data={"received_on": now().date()}))
    return render("rights/new.html", form=form)


def _offered(form: Any) -> Any:
    form.site.choices = choices(queries.site_choices(session(), current_person()))
    agents = queries.agent_choices(session(), current_person())
    form.agent.choices = choices([("", _("nobody of ours")), *agents])
    return form


@bp.post("/requests")
@requires(Action.REQUESTS_WRITE)
def create() -> ResponseReturnValue:
    """Enter a request that reached the office."""
    person, form = current_person(), _offered(RequestForm())
    if not form.validate():
        return render("rights/new.html", form=form), 422
    site = load(session(), person, Action.REQUESTS_WRITE, Site, _uid(form.site.data))
    agent = None
    if form.agent.data:
        agent = load(session(), person, Action.REQUESTS_WRITE, Agent, _uid(form.agent.data))
    if earlier := once.spent(form, person):
        return earlier
    try:
        made = service.file_request(
            session(),
            site,
            kind=RequestKind(form.kind.data),
            whose=RequestOf(form.whose.data),
            agent=agent,
            reference=form.reference.data or "",
            words=form.words.data or "",
            received_on=form.received_on.data,
            due_on=form.due_on.data,
            now=now(),
            user=_actor(),
        )
    except DomainError as error:
        _field_of(form, error.code).errors = [sentence(error)]
        return render("rights/new.html", form=form), status_of(error)
    flash(_("The request is entered; it is due on the day shown."), "success")
    return once.done(form, person, "rights.show", uid=made.uid)


def _field_of(form: Any, code: str) -> Any:
    names = {
        "request_agent_missing": form.agent,
        "request_reference_missing": form.reference,
        "request_due_early": form.due_on,
    }
    return names.get(code, form.words)


def _uid(text: str | None) -> uuid.UUID:
    try:
        return uuid.UUID(text or "")
    except ValueError:
        raise NotFound from None


@bp.get("/requests/<uuid:uid>")
@requires(Action.REQUESTS_READ)
def show(uid: uuid.UUID) -> str:
    """Show a request with what may be done about it."""
    return _shown(uid)


def _shown(uid: uuid.UUID, **forms: Any) -> str:
    page = queries.request_page(session(), current_person(), uid, now())
    usual = {
        "answer_form": AnswerForm(formdata=None),
        "due_form": DueForm(formdata=None, due_on=page.row.due_on),
        "customer_form": CustomerForm(formdata=None),
        "erase_form": EraseForm(formdata=None),
    }
    return render("rights/show.html", page=page, **{**usual, **forms})


def _load(uid: uuid.UUID) -> RightsRequest:
    return load(session(), current_person(), Action.REQUESTS_WRITE, RightsRequest, uid)


@bp.post("/requests/<uuid:uid>/answer")
@requires(Action.REQUESTS_WRITE)
def answer(uid: uuid.UUID) -> ResponseReturnValue:
    """Close a request with what was done, or why it is refused."""
    found, form = _load(uid), AnswerForm()
    if not form.validate():
        return _shown(uid, answer_form=form), 422
    try:
        service.close_request(
            session(),
            found,
            granted=form.decision.data == GRANTED,
            answer=form.answer.data,
            now=now(),
            user=_actor(),
        )
    except DomainError as error:
        form.answer.errors = [sentence(error)]
        return _shown(uid, answer_form=form), status_of(error)
    flash(_("The request is answered."), "success")
    return see_other("rights.show", uid=uid)


@bp.post("/requests/<uuid:uid>/due")
@requires(Action.REQUESTS_WRITE)
def move_due(uid: uuid.UUID) -> ResponseReturnValue:
    """Give a request another due day."""
    found, form = _load(uid), DueForm()
    if not form.validate():
        return _shown(uid, due_form=form), 422
    service.move_due(session(), found, form.due_on.data, now=now(), user=_actor())
    flash(_("The due day is changed."), "success")
    return see_other("rights.show", uid=uid)


@bp.post("/requests/<uuid:uid>/customer")
@requires(Action.REQUESTS_WRITE)
def find(uid: uuid.UUID) -> ResponseReturnValue:
    """Find the customer whom a request is about; the number typed is not kept."""
    found, form = _load(uid), CustomerForm()
    if not form.validate():
        return _shown(uid, customer_form=form), 422
    try:
        customer = find_customer(session(), form.number.data)
        queries.check_within(session(), current_person(), customer)
        service.name_customer(session(), found, customer, now=now(), user=_actor())
    except DomainError as error:
        form.number.errors = [sentence(error)]
        return _shown(uid, customer_form=form), status_of(error)
    flash(_("Found. What is kept of this customer stands below."), "success")
    return see_other("rights.show", uid=uid)


@bp.post("/requests/<uuid:uid>/erase")
@requires(Action.REQUESTS_WRITE)
def erase(uid: uuid.UUID) -> ResponseReturnValue:
    """Erase the customer, after the number was typed once more; there is no way back."""
    found, form = _load(uid), EraseForm()
    if found.kind is not RequestKind.ERASURE or found.state is not RequestState.OPEN:
        raise DomainError("request_closed")
    if not form.validate():
        return _shown(uid, erase_form=form), 422
    # Loaded here: only an erasure needs the job engine.
    from pipelines import forgetting

    try:
        forgetting.erase_for_request(
            session(),
            runtime(),
            found,
            form.again.data,
            _("Erased; the proof says what went and what is left."),
            now=now(),
            user=_actor(),
        )
    except DomainError as error:
        form.again.errors = [sentence(error)]
        return _shown(uid, erase_form=form), status_of(error)
    flash(_("Erased. The proof is ready to be printed."), "success")
    return see_other("rights.proof", uid=found.proofs[-1].uid)


@bp.get("/requests/<uuid:uid>/copy.zip")
@requires(Action.REQUESTS_WRITE)
def copy(uid: uuid.UUID) -> Response:
    """Give the office's copy of the data that a request is about."""
    found = _load(uid)
    if found.agent is not None:
        calls = copies.agent_calls(found.agent)
    elif found.customer is not None and found.customer.erased_at is None:
        calls = copies.customer_calls(found.customer)
    else:
        raise DomainError("customer_unknown")
    copies.check_unjudged(session(), current_person(), calls, now())
    if found.agent is not None:
        content, rows = copies.agent_copy(session(), found.agent, now())
    else:
        content, rows = copies.customer_copy(session(), found.customer, now())
    accesses.note_all(calls, AccessWay.COPY)
    security.record(
        "data.copied",
        "rights_request",
        actor=current_person().uid,
        subject_uid=found.uid,
        rows=rows,
    )
    return _zip(f"request-{str(found.uid)[-8:]}.zip", content)


@bp.get("/requests/proofs/<uuid:uid>")
@requires(Action.REQUESTS_READ)
def proof(uid: uuid.UUID) -> str:
    """Show a proof of erasure, ready to be printed."""
    return render("rights/proof.html", page=queries.proof_page(session(), current_person(), uid))


# limits


@bp.get("/limits")
@requires(Action.SETTINGS_READ)
def limits() -> str:
    """Show how far figures about single persons go, and how long requests may take."""
    return _limits()


def _limits(site: uuid.UUID | None = None, form: LimitsForm | None = None) -> str:
    person = current_person()
    rows = queries.limits_page(session(), person)
    forms = {
        row.site.uid: form
        if form is not None and row.site.uid == site
        else LimitsForm(
            formdata=None,
            prefix=f"s{row.site.id}-",
            person_figures=row.person_figures.value,
            request_days=row.request_days,
        )
        for row in rows
    }
    return render(
        "rights/limits.html", rows=rows, forms=forms, may_write=may(person, Action.LIMITS_WRITE)
    )


@bp.post("/limits/<uuid:uid>")
@requires(Action.LIMITS_WRITE)
def set_limits(uid: uuid.UUID) -> ResponseReturnValue:
    """Decide for a site."""
    person = current_person()
    site = load(session(), person, Action.LIMITS_WRITE, Site, uid)
    form = LimitsForm(prefix=f"s{site.id}-")
    if not form.validate():
        return _limits(uid, form), 422
    service.set_limits(
        session(),
        site,
        person_figures=PersonFigures(form.person_figures.data),
        request_days=form.request_days.data,
        now=now(),
        actor=person.uid,
    )
    flash(_("Decided. It holds from now on, on every page and in every file."), "success")
    return see_other("rights.limits")

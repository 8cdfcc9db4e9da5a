"""Admins' pages about people, their roles, sites and teams."""

import uuid

from flask import Blueprint, Response, flash, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from models.people import Agent, Site, Team, User
from models.vocab import Role
from pipelines.outcomes import DomainError
from qa_app import once
from qa_app.access import Action, Person, current_person, load, requires, sign_in
from qa_app.asked import page_number
from qa_app.clock import now
from qa_app.db import session
from qa_app.forms import choices
from qa_app.messages import sentence
from qa_app.people.changes import Changes
from qa_app.people.forms import (
    AgentForm,
    DeadAirForm,
    NewPasswordForm,
    PersonForm,
    RoleForm,
    SiteForm,
    TeamForm,
)
from qa_app.people.queries import is_within, people_page, person_page, sites_page
from qa_app.templating import render, see_other

bp = Blueprint("people", __name__)


def _changes(person: Person) -> Changes:
    return Changes(session(), now=now(), actor=person.uid)


def _person(uid: uuid.UUID, person: Person) -> User:
    """Load a user whom the admin may change."""
    user = load(session(), person, Action.PEOPLE_WRITE, User, uid)
    if not is_within(person, user):
        raise DomainError("person_beyond_scope")
    return user


@bp.get("/people")
@requires(Action.PEOPLE_READ)
def index() -> str:
    """List the people of the admin's sites."""
    page = people_page(
        session(),
        current_person(),
        search=request.args.get("q", "").strip(),
        role=request.args.get("role", ""),
        page=page_number(),
    )
    return render("people/index.html", page=page)


@bp.get("/people/new")
@requires(Action.PEOPLE_WRITE)
def new() -> str:
    """Ask for a new person."""
    return render("people/new.html", form=PersonForm())


@bp.post("/people/new")
@requires(Action.PEOPLE_WRITE)
def create() -> ResponseReturnValue:
    """Add a person."""
    person, form = current_person(), PersonForm()
    if form.validate():
        if earlier := once.spent(form, person):
            return earlier
        try:
            user = _changes(person).create_user(
                form.username.data,
                form.display_name.data,
                password=form.password.data or None,
                locale=form.locale.data or None,
            )
        except DomainError as error:
            field = form.password if error.code.startswith("password") else form.username
            field.errors = [*field.errors, sentence(error)]
            return render("people/new.html", form=form), 422
        flash(_("%(name)s is added. Now give a role.", name=user.display_name), "success")
        return once.done(form, person, "people.show", uid=user.uid)
    return render("people/new.html", form=form)


@bp.get("/people/<uuid:uid>")
@requires(Action.PEOPLE_READ)
def show(uid: uuid.UUID) -> str:
    """Show a person with roles, password and agent."""
    user = load(session(), current_person(), Action.PEOPLE_READ, User, uid)
    return _show(user)


def _show(user: User, password: NewPasswordForm | None = None) -> str:
    page = person_page(session(), current_person(), user, _("whole site"))
    roles, agent = RoleForm(formdata=None), AgentForm(formdata=None)
    roles.scope.choices = choices(page.scopes)
    agent.agent.choices = choices([("", _("none")), *page.agents])
    agent.agent.data = str(page.agent.uid) if page.agent else ""
    return render(
        "people/show.html",
        page=page,
        role_form=roles,
        agent_form=agent,
        password_form=password or NewPasswordForm(formdata=None),
    )


@bp.post("/people/<uuid:uid>/roles")
@requires(Action.PEOPLE_WRITE)
def give_role(uid: uuid.UUID) -> Response:
    """Give a role at one of the admin's own sites."""
    person = current_person()
    user = load(session(), person, Action.PEOPLE_WRITE, User, uid)
    role = request.form.get("role", "")
    site_uid, _slash, team_uid = request.form.get("scope", "").partition("/")
    if role not in set(Role):
        raise DomainError("role_scope_unfit")
    site = load(session(), person, Action.PEOPLE_WRITE, Site, _uid(site_uid))
    team = load(session(), person, Action.PEOPLE_WRITE, Team, _uid(team_uid)) if team_uid else None
    _changes(person).grant(user, Role(role), site, team)
    flash(_("The role is given. The person signs in again to use it."), "success")
    return see_other("people.show", uid=uid)


@bp.post("/people/<uuid:uid>/roles/<int:role_id>/take")
@requires(Action.PEOPLE_WRITE)
def take_role(uid: uuid.UUID, role_id: int) -> Response:
    """Take away a role held at one of the admin's own sites."""
    person = current_person()
    user = load(session(), person, Action.PEOPLE_WRITE, User, uid)
    mine = {grant.site_id for grant in person.grants if grant.role is Role.ADMIN}
    held = next((role for role in user.roles if role.id == role_id), None)
    if held is None or held.site_id not in mine:
        raise DomainError("person_beyond_scope")
    _changes(person).revoke(user, held)
    flash(_("The role is taken away."), "success")
    return see_other("people.show", uid=uid)


@bp.post("/people/<uuid:uid>/password")
@requires(Action.PEOPLE_WRITE)
def set_password(uid: uuid.UUID) -> ResponseReturnValue:
    """Set a person's password."""
    person, form = current_person(), NewPasswordForm()
    user = _person(uid, person)
    if form.validate():
        try:
            _changes(person).set_password(user, form.password.data)
        except DomainError as error:
            form.password.errors = [*form.password.errors, sentence(error)]
        else:
            flash(_("The password is set. The person's sessions have ended."), "success")
            return see_other("people.show", uid=uid)
    return _show(user, form)


@bp.post("/people/<uuid:uid>/disable")
@requires(Action.PEOPLE_WRITE)
def disable(uid: uuid.UUID) -> Response:
    """Let a person in no more."""
    person = current_person()
    _changes(person).disable(_person(uid, person))
    flash(_("The person can no longer sign in."), "success")
    return see_other("people.show", uid=uid)


@bp.post("/people/<uuid:uid>/enable")
@requires(Action.PEOPLE_WRITE)
def enable(uid: uuid.UUID) -> Response:
    """Let a person in again."""
    person = current_person()
    _changes(person).enable(_person(uid, person))
    flash(_("The person can sign in again."), "success")
    return see_other("people.show", uid=uid)


@bp.post("/people/<uuid:uid>/agent")
@requires(Action.PEOPLE_WRITE)
def link_agent(uid: uuid.UUID) -> Response:
    """Say which agent of the call records a person is."""
    person = current_person()
    user = _person(uid, person)
    chosen = request.form.get("agent")
    agent = load(session(), person, Action.PEOPLE_WRITE, Agent, _uid(chosen)) if chosen else None
    _changes(person).link_agent(user, agent)
    flash(_("Saved."), "success")
    return see_other("people.show", uid=uid)


def _uid(given: str) -> uuid.UUID:
    try:
        return uuid.UUID(given)
    except ValueError as error:
        raise DomainError("role_scope_unfit") from error


@bp.get("/sites")
@requires(Action.PEOPLE_READ)
def sites() -> str:
    """List the admin's sites and their teams."""
    return _sites(SiteForm(formdata=None), TeamForm(formdata=None))


def _sites(
    site_form: SiteForm,
    team_form: TeamForm,
    team_of: uuid.UUID | None = None,
    *,
    dead_air: tuple[uuid.UUID, DeadAirForm] | None = None,
) -> str:
    rows = sites_page(session(), current_person(), now().date())
    # Each site's form is its own, but for the one that was just sent and refused.
    forms = {
        row.site.uid: DeadAirForm(formdata=None, data={"dead_air_s": row.site.dead_air_ms // 1_000})
        for row in rows
    }
    forms |= dict([dead_air] if dead_air else [])
    return render(
        "people/sites.html",
        rows=rows,
        site_form=site_form,
        team_form=team_form,
        team_of=team_of,
        dead_air_forms=forms,
    )


@bp.post("/sites/<uuid:uid>")
@requires(Action.PEOPLE_WRITE)
def change_site(uid: uuid.UUID) -> ResponseReturnValue:
    """Say from how long a silence on is dead air at a site."""
    person, form = current_person(), DeadAirForm()
    site = load(session(), person, Action.PEOPLE_WRITE, Site, uid)
    if form.validate():
        _changes(person).set_dead_air(site, form.dead_air_s.data or 0)
        flash(_("The limit of dead air is changed."), "success")
        return see_other("people.sites")
    empty = SiteForm(formdata=None), TeamForm(formdata=None)
    return _sites(*empty, dead_air=(uid, form)), 422


@bp.post("/sites")
@requires(Action.PEOPLE_WRITE)
def create_site() -> ResponseReturnValue:
    """Add a site; whoever adds it becomes its admin."""
    person, form = current_person(), SiteForm()
    if form.validate():
        if earlier := once.spent(form, person):
            return earlier
        changes = _changes(person)
        try:
            site = changes.create_site(form.code.data, form.name.data, form.timezone.data)
        except DomainError as error:
            field = form.timezone if error.code == "timezone_unknown" else form.code
            field.errors = [*field.errors, sentence(error)]
            return _sites(form, TeamForm(formdata=None)), 422
        user = session().get_one(User, person.id)
        changes.grant(user, Role.ADMIN, site)
        # Giving oneself a role raises the own epoch too; this very session goes on.
        sign_in(user)
        flash(_("The site is added."), "success")
        return once.done(form, person, "people.sites")
    return _sites(form, TeamForm(formdata=None))


@bp.post("/sites/<uuid:uid>/teams")
@requires(Action.PEOPLE_WRITE)
def create_team(uid: uuid.UUID) -> ResponseReturnValue:
    """Add a team to a site."""
    person, form = current_person(), TeamForm()
    site = load(session(), person, Action.PEOPLE_WRITE, Site, uid)
    if form.validate():
        if earlier := once.spent(form, person):
            return earlier
        try:
            _changes(person).create_team(site, form.code.data, form.name.data)
        except DomainError as error:
            form.code.errors = [*form.code.errors, sentence(error)]
            return _sites(SiteForm(formdata=None), form, uid), 422
        flash(_("The team is added."), "success")
        return once.done(form, person, "people.sites")
    return _sites(SiteForm(formdata=None), form, uid)

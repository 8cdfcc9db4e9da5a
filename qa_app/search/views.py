"""The search page."""

import uuid
from typing import Any

from flask import Blueprint, request
from wtforms import Field
from wtforms.fields.choices import SelectChoice

from models.vocab import Party, Reason
from models.vocab_rights import AccessWay
from qa_app.access import Action, current_person, requires
from qa_app.calls import accesses
from qa_app.calls.player import PARTIES
from qa_app.clock import now
from qa_app.db import session
from qa_app.search import filters, queries
from qa_app.search.forms import ANY, SearchForm
from qa_app.templating import render

bp = Blueprint("search", __name__)

_LAST_BLOCK = 2**48


@bp.get("/search")
@requires(Action.CALLS_READ)
def index() -> str:
    """Find words in what was said in the calls of the person's scope."""
    person = current_person()
    form = SearchForm(request.args)
    offered = filters.choices(session(), person)
    form.speaker.choices = [ANY, *(SelectChoice(party, name) for party, name in PARTIES.items())]
    form.project.choices = [ANY, *offered.projects]
    form.team.choices = [ANY, *offered.teams]
    form.agent.choices = [ANY, *offered.agents]
    if not offered.reasons:
        del form.reason
    if offered.rules:
        form.rule.choices = [ANY, *offered.rules]
    else:
        del form.rule
    form.validate()
    asked = _asked(form)
    page = queries.search_page(session(), person, asked, now())
    accesses.note([hit.call_id for hit in page.calls], AccessWay.SEARCH)
    return render("search/index.html", page=page, form=form, asked=asked)


def _asked(form: SearchForm) -> filters.Asked:
    """Return what the form asks for; a field that makes no sense asks for nothing."""
    speaker, reason = _chosen(form.speaker), _chosen(form.reason) if form.reason else ""
    return filters.Asked(
        words=form.q.data or "",
        speaker=Party(speaker) if speaker else None,
        project=_uid(form.project.data),
        team=_uid(form.team.data),
        agent=_uid(form.agent.data),
        start=form.start.data,
        end=form.end.data,
        reason=Reason(reason) if reason else None,
        rule=_uid(form.rule.data) if form.rule else None,
        before=_before(),
    )


def _chosen(field: Field) -> str:
    chosen: Any = field.data
    return "" if field.errors or not chosen else str(chosen)


def _before() -> int | None:
    block = request.args.get("before", type=int)
    return block if block is not None and 0 <= block < _LAST_BLOCK else None


def _uid(text: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(text or "")
    except ValueError:
        return None

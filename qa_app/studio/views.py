"""The studio: a draft's outline, its parts in forms, their order, undo, a preview that scores."""

import json
import uuid
from typing import Any

from flask import Blueprint, Response, flash, jsonify, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from models.people import User
from models.scorecards import ScorecardVersion
from pipelines.outcomes import DomainError
from pipelines.scoring import drafts, edits
from pipelines.scoring.differences import compare
from pipelines.scoring.rules import VersionRule, to_hundredths
from pipelines.scoring.service import version_rule
from qa_app.access import Action, current_person, requires
from qa_app.clock import now
from qa_app.db import session
from qa_app.i18n import text_of
from qa_app.messages import sentence
from qa_app.reviews.forms import build_form, sheet_of_form
from qa_app.reviews.sheets import form_for, view_sheet
from qa_app.reviews.views import saved_answer
from qa_app.scorecards import words
from qa_app.scorecards.words import act_words
from qa_app.studio import queries
from qa_app.studio.forms import (
    CardForm,
    CriterionForm,
    NewPartForm,
    SectionForm,
    card_data,
    criterion_data,
    section_data,
    texts_of,
)
from qa_app.templating import render, see_other

bp = Blueprint("studio", __name__, url_prefix="/studio")

CONFLICT = 409


def _actor() -> User:
    return session().get_one(User, current_person().id)


def _draft(uid: uuid.UUID) -> ScorecardVersion:
    return queries.own_draft(session(), current_person(), uid)


def _keep(version: ScorecardVersion, rule: VersionRule, act: str) -> bool:
    return drafts.keep(session(), version, rule, act, now=now(), actor=_actor())


def _by_script() -> bool:
    return request.accept_mimetypes.best == "application/json"


@bp.get("/<uuid:uid>")
@requires(Action.SCORECARDS_WRITE)
def edit(uid: uuid.UUID) -> str:
    """Show the outline of a draft."""
    page = queries.edit_page(session(), current_person(), uid)
    return render("studio/edit.html", page=page, words=words, new=NewPartForm(formdata=None))


def _outline(uid: uuid.UUID, said: str) -> Response:
    """Answer a script with the outline as it is now, and what to say aloud."""
    page = queries.edit_page(session(), current_person(), uid)
    html = render("studio/_outline.html", page=page, words=words, new=NewPartForm(formdata=None))
    return jsonify(html=html, words=said)


@bp.route("/<uuid:uid>/card", methods=["GET", "POST"])
@requires(Action.SCORECARDS_WRITE)
def card(uid: uuid.UUID) -> ResponseReturnValue:
    """Change title, description and lines."""
    version = _draft(uid)
    form = CardForm()
    if request.method == "GET":
        rule = version_rule(session(), version.id)
        form = CardForm(formdata=None, data={**card_data(rule), "seen": queries.card_mark(rule)})
        return render("studio/card.html", form=form, uid=uid, rule=rule)
    rule = drafts.locked(session(), version)
    if not form.validate():
        return _refused(form, "studio/card.html", uid=uid, rule=rule)
    changed = edits.with_card(
        rule,
        texts_of(form, "title"),
        texts_of(form, "description"),
        to_hundredths(form.pass_pct.data or "") or 0,
        to_hundredths(form.excellent_pct.data or "") or 0,
    )
    if form.seen.data != queries.card_mark(rule):
        form.seen.data = queries.card_mark(rule)
        return _conflict(form, "studio/card.html", rule, changed, uid=uid)
    _keep(version, changed, "card")
    return _kept(form, queries.card_mark(changed), uid)


@bp.route("/<uuid:uid>/sections/<lineage>", methods=["GET", "POST"])
@requires(Action.SCORECARDS_WRITE)
def section(uid: uuid.UUID, lineage: str) -> ResponseReturnValue:
    """Change the heading of a section."""
    version = _draft(uid)
    form = SectionForm()
    if request.method == "GET":
        rule = version_rule(session(), version.id)
        part = edits.section(rule, lineage)
        data = {**section_data(part), "seen": queries.section_mark(part)}
        form = SectionForm(formdata=None, data=data)
        return render("studio/section.html", form=form, uid=uid, rule=rule, part=part)
    rule = drafts.locked(session(), version)
    part = edits.section(rule, lineage)
    if not form.validate():
        return _refused(form, "studio/section.html", uid=uid, rule=rule, part=part)
    changed = edits.with_section(rule, lineage, texts_of(form, "title"))
    if form.seen.data != queries.section_mark(part):
        form.seen.data = queries.section_mark(part)
        return _conflict(form, "studio/section.html", rule, changed, uid=uid, part=part)
    _keep(version, changed, f"changed:{lineage}")
    return _kept(form, queries.section_mark(edits.section(changed, lineage)), uid)


@bp.route("/<uuid:uid>/criteria/<lineage>", methods=["GET", "POST"])
@requires(Action.SCORECARDS_WRITE)
def criterion(uid: uuid.UUID, lineage: str) -> ResponseReturnValue:
    """Change a criterion with all that belongs to it."""
    version = _draft(uid)
    if request.method == "GET":
        rule = version_rule(session(), version.id)
        page = queries.part_page(session(), version, rule, lineage)
        data = criterion_data(page.part, page.section)
        mark = queries.criterion_mark(page.part, page.section)
        form: Any = CriterionForm(formdata=None, data={**data, "seen": mark})
        return _criterion_form(form, page)
    rule = drafts.locked(session(), version)
    page = queries.part_page(session(), version, rule, lineage)
    form = CriterionForm()
    form.offer(rule, lineage, queries.titles(rule))
    if not form.validate():
        return _refused(form, "studio/criterion.html", page=page, uid=uid, words=words)
    taken = drafts.lineages(session(), version.scorecard_id)
    changed = edits.with_criterion(rule, form.rule(lineage, taken), form.section.data)
    mark = queries.criterion_mark(page.part, page.section)
    if form.seen.data != mark:
        form.seen.data = mark
        return _conflict(form, "studio/criterion.html", rule, changed, page=page, uid=uid)
    _keep(version, changed, f"changed:{lineage}")
    part = edits.criterion(changed, lineage)
    return _kept(form, queries.criterion_mark(part, form.section.data), uid, lineage)


def _criterion_form(form: Any, page: queries.PartPage) -> str:
    form.offer(page.rule, page.part.lineage, queries.titles(page.rule))
    return render("studio/criterion.html", form=form, page=page, uid=page.uid, words=words)


def _kept(form: Any, mark: str, uid: uuid.UUID, lineage: str = "") -> ResponseReturnValue:
    """Answer a saving: a script gets the new mark and what is wrong now, a person the outline."""
    if _by_script():
        page = queries.edit_page(session(), current_person(), uid)
        lines = [line for line in page.findings if line.lineage == lineage]
        return jsonify(
            seen=mark,
            findings=render("studio/_findings.html", lines=lines, bare=True),
            options=_names(form, "options", page.rule, lineage),
            reasons=_names(form, "reasons", page.rule, lineage),
        )
    flash(_("Saved."), "success")
    if lineage and request.form.get("then") == "stay":
        return see_other("studio.criterion", uid=uid, lineage=lineage)
    return see_other("studio.edit", uid=uid, _anchor=f"c-{lineage}" if lineage else None)


def _names(form: Any, field: str, rule: VersionRule, lineage: str) -> list[str]:
    """Return the short names of the rows as sent, "" for rows that were left empty."""
    if not lineage or field not in form:
        return []
    kept = [part.lineage for part in getattr(edits.criterion(rule, lineage), field)]
    named = []
    for entry in form[field]:
        filled = texts_of(entry.form, "text") or (field == "options" and entry.form.points.data)
        named.append(kept.pop(0) if filled and kept else "")
    return named


def _refused(form: Any, template: str, **context: Any) -> ResponseReturnValue:
    if _by_script():
        said = {name: [str(error) for error in errors] for name, errors in _errors(form)}
        return jsonify(errors=said), 422
    return render(template, form=form, **context), 422


def _errors(form: Any) -> list[tuple[str, list[Any]]]:
    """Return the errors of every field by its name, those of rows one by one."""
    found = []
    for field in form:
        if field.type == "FieldList":
            found += [pair for entry in field for pair in _errors(entry.form)]
        elif field.errors:
            found.append((field.name, list(field.errors)))
    return found


def _conflict(
    form: Any, template: str, stored: VersionRule, mine: VersionRule, **context: Any
) -> ResponseReturnValue:
    """Answer 409 with what is stored beside what was sent; saving again keeps what was sent."""
    said = sentence(DomainError("scorecard_conflict"))
    if _by_script():
        return jsonify(conflict=said), CONFLICT
    context.setdefault("rule", stored)
    page = render(
        template, form=form, conflict=compare(stored, mine), other=stored, words=words, **context
    )
    return page, CONFLICT


@bp.post("/<uuid:uid>/sections")
@requires(Action.SCORECARDS_WRITE)
def add_section(uid: uuid.UUID) -> ResponseReturnValue:
    """Add a section at the end."""
    return _add(uid, None)


@bp.post("/<uuid:uid>/sections/<lineage>/criteria")
@requires(Action.SCORECARDS_WRITE)
def add_criterion(uid: uuid.UUID, lineage: str) -> ResponseReturnValue:
    """Add a criterion at the end of a section, and open it."""
    return _add(uid, lineage)


def _add(uid: uuid.UUID, section_name: str | None) -> ResponseReturnValue:
    version = _draft(uid)
    form = NewPartForm()
    rule = drafts.locked(session(), version)
    text = texts_of(form, "text")
    if not form.validate() or not text:
        page = queries.edit_page(session(), current_person(), uid)
        form.text_en.errors = [*form.text_en.errors, _("Write its words in one language at least.")]
        return (
            render(
                "studio/edit.html", page=page, words=words, new=form, adding=section_name or "+"
            ),
            422,
        )
    taken = drafts.lineages(session(), version.scorecard_id)
    if section_name is None:
        name = edits.new_lineage(text.get("en", ""), taken, f"section_{len(rule.sections) + 1}")
        _keep(version, edits.with_section(rule, name, text), f"added:{name}")
        return see_other("studio.edit", uid=uid, _anchor=f"s-{name}")
    name = edits.new_lineage(text.get("en", ""), taken, f"criterion_{len(rule.criteria) + 1}")
    blank = CriterionForm(formdata=None, data={"comment_when": "never", "kind": form.kind.data})
    part = blank.rule(name, taken)
    named = edits.with_texts(part, text)
    _keep(version, edits.with_criterion(rule, named, section_name), f"added:{name}")
    return see_other("studio.criterion", uid=uid, lineage=name)


@bp.post("/<uuid:uid>/move")
@requires(Action.SCORECARDS_WRITE)
def move(uid: uuid.UUID) -> ResponseReturnValue:
    """Move a section or criterion: one place up or down, or to a place of a section."""
    version = _draft(uid)
    rule = drafts.locked(session(), version)
    given = request.form
    subject = "section" if given.get("subject") == "section" else "criterion"
    name = given.get("lineage", "")
    if given.get("to", "").isdecimal():
        to = int(given["to"])
        moved = (
            edits.moved_section(rule, name, to)
            if subject == "section"
            else edits.moved_criterion(rule, name, given.get("section", ""), to)
        )
    else:
        moved = edits.nudged(rule, subject, name, -1 if given.get("by") == "up" else 1)
    changed = _keep(version, moved, f"moved:{name}")
    if _by_script():
        return _outline(uid, _moved_words(moved, subject, name, changed=changed))
    return see_other("studio.edit", uid=uid, _anchor=f"{subject[0]}-{name}")


def _moved_words(rule: VersionRule, subject: str, name: str, *, changed: bool) -> str:
    place = edits.place_of(rule, name, subject)
    if not changed:
        return _("Already at the end: it stays where it is.")
    if subject == "section":
        return _("Section now at place %(n)s of %(of)s.", n=place.number, of=place.of)
    return _(
        "Now at place %(n)s of %(of)s in “%(section)s”.",
        n=place.number,
        of=place.of,
        section=text_of(dict(edits.section(rule, place.section).title)),
    )


@bp.post("/<uuid:uid>/remove")
@requires(Action.SCORECARDS_WRITE)
def remove(uid: uuid.UUID) -> ResponseReturnValue:
    """Take a section or criterion out; it can be brought back."""
    version = _draft(uid)
    rule = drafts.locked(session(), version)
    name = request.form.get("lineage", "")
    if request.form.get("subject") == "section":
        less = edits.without_section(rule, name)
    else:
        less = edits.without_criterion(rule, name)
    _keep(version, less, f"removed:{name}")
    said = _("Removed. “Undo” brings it back.")
    if _by_script():
        return _outline(uid, said)
    flash(said, "success")
    return see_other("studio.edit", uid=uid)


@bp.post("/<uuid:uid>/copy")
@requires(Action.SCORECARDS_WRITE)
def copy(uid: uuid.UUID) -> ResponseReturnValue:
    """Put a copy of a criterion behind it, and open the copy."""
    version = _draft(uid)
    rule = drafts.locked(session(), version)
    name = request.form.get("lineage", "")
    taken = drafts.lineages(session(), version.scorecard_id)
    copied = edits.new_lineage(edits.criterion(rule, name).lineage, taken, name)
    _keep(version, edits.with_copy(rule, name, copied), f"copied:{copied}")
    return see_other("studio.criterion", uid=uid, lineage=copied)


@bp.post("/<uuid:uid>/undo")
@requires(Action.SCORECARDS_WRITE)
def undo(uid: uuid.UUID) -> ResponseReturnValue:
    """Take the newest change of a draft back."""
    version = _draft(uid)
    given = request.form.get("step", "")
    number = int(given) if given.isdecimal() else 0
    act = drafts.undo(session(), version, number, now=now(), actor=_actor())
    said = _("Undone: %(act)s.", act=act_words(act))
    if _by_script():
        return _outline(uid, said)
    flash(said, "success")
    return see_other("studio.edit", uid=uid)


@bp.post("/<uuid:uid>/file")
@requires(Action.SCORECARDS_WRITE)
def take_file(uid: uuid.UUID) -> ResponseReturnValue:
    """Put the content of a file in place of the draft's; that too can be undone."""
    version = _draft(uid)
    data = read_file()
    drafts.replace_with_file(session(), version, data, now=now(), actor=_actor())
    flash(_("The file's content is the draft now. “Undo” brings the earlier one back."), "success")
    return see_other("studio.edit", uid=uid)


def read_file() -> Any:
    """Return the content of the scorecard file that was sent."""
    sent = request.files.get("file")
    name = (sent.filename or "") if sent else ""
    try:
        return json.loads(sent.read().decode("utf-8-sig")) if sent else None
    except (ValueError, RecursionError) as error:
        raise DomainError("scorecard_not_json", name=name) from error


@bp.route("/<uuid:uid>/preview", methods=["GET", "POST"])
@requires(Action.SCORECARDS_WRITE)
def preview(uid: uuid.UUID) -> str:
    """Show the sheet as reviewers will see it; what is entered is scored and not kept."""
    version = _draft(uid)
    rule = version_rule(session(), version.id)
    if request.method == "GET":
        sheet = view_sheet(rule, form_for(rule, {}, 0, ""), {})
    else:
        form = build_form(rule)()
        sheet = view_sheet(rule, form, sheet_of_form(form, rule))
    page = queries.edit_page(session(), current_person(), uid)
    return render(
        "studio/preview.html", page=page, sheet=sheet, tried=request.method == "POST", words=words
    )


@bp.post("/<uuid:uid>/preview/score")
@requires(Action.SCORECARDS_WRITE)
def score(uid: uuid.UUID) -> Response:
    """Answer the preview with the total of what it sent, by the rules that score reviews."""
    version = _draft(uid)
    rule = version_rule(session(), version.id)
    form = build_form(rule)()
    return saved_answer(view_sheet(rule, form, sheet_of_form(form, rule)), 0)

"""Bringing files in, and what became of them."""

import uuid

from flask import Blueprint, Response, flash
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage

from models.operations import ImportFile
from models.people import Site, User
from models.vocab import ImportKind
from pipelines import flow
from pipelines.ingest import uploads
from pipelines.outcomes import DomainError
from pipelines.storage import StoredFile
from qa_app import db, once
from qa_app.access import Action, Person, current_person, load, requires
from qa_app.asked import page_number
from qa_app.clock import now
from qa_app.db import session
from qa_app.errors import sentence
from qa_app.exports import csv_response
from qa_app.forms import choices
from qa_app.imports.forms import MOST_FILES, UploadForm
from qa_app.imports.queries import (
    COLUMNS,
    import_page,
    imports_page,
    rejects_table,
    upload_sites,
)
from qa_app.imports.words import import_kind, import_state
from qa_app.security import accepts_upload, record
from qa_app.surroundings import runtime
from qa_app.templating import render

bp = Blueprint("imports", __name__)
for filter_ in (import_kind, import_state):
    bp.add_app_template_filter(filter_)


@bp.get("/imports")
@requires(Action.IMPORTS_READ)
def index() -> str:
    """List what was brought in."""
    page = imports_page(session(), current_person(), page_number())
    return render("imports/index.html", page=page)


def _form(person: Person) -> UploadForm:
    form = UploadForm()
    form.site.choices = choices(
        (str(site.uid), site.name) for site in upload_sites(session(), person)
    )
    return form


@bp.get("/imports/new")
@requires(Action.IMPORTS_WRITE)
def new() -> str:
    """Ask for files."""
    return render("imports/new.html", form=_form(current_person()), columns=COLUMNS)


@bp.post("/imports/new")
@requires(Action.IMPORTS_WRITE)
@accepts_upload
def create() -> ResponseReturnValue:
    """Store files and have them imported by jobs."""
    person = current_person()
    form = _form(person)
    given = [
        file for file in form.files.data or [] if isinstance(file, FileStorage) and file.filename
    ]
    valid = form.validate()
    if not given:
        form.files.errors = [_("Choose a file.")]
    elif len(given) > MOST_FILES:
        form.files.errors = [_("At most %(most)s files at a time.", most=MOST_FILES)]
    elif valid:
        try:
            return _receive(form, person, given)
        except DomainError as error:
            field = form.name_template if error.code == "template_invalid" else form.files
            field.errors = [sentence(error)]
    return render("imports/new.html", form=form, columns=COLUMNS), 422


def _receive(form: UploadForm, person: Person, given: list[FileStorage]) -> Response:
    # Nobody else can write while this request holds its transaction: it lets go while disks work.
    db.end(commit=False)
    storage = runtime().storage
    stored = [uploads.store(storage, file.stream, file.filename or "") for file in given]
    if earlier := once.spent(form, person):
        return earlier
    site = load(session(), person, Action.IMPORTS_WRITE, Site, uuid.UUID(form.site.data))
    names = [file.filename or "" for file in given]
    files = [_register(form, person, site, *pair) for pair in zip(stored, names, strict=True)]
    if len(files) == 1:
        return once.done(form, person, "imports.show", uid=files[0].uid)
    flash(_("%(count)s files are here and will be read.", count=len(files)), "success")
    return once.done(form, person, "imports.index")


def _register(
    form: UploadForm, person: Person, site: Site, stored: StoredFile, name: str
) -> ImportFile:
    file, is_new = uploads.register(
        session(),
        stored,
        kind=ImportKind(form.kind.data),
        name=name,
        site_id=site.id,
        source=form.source.data,
        name_template=form.name_template.data,
        now=now(),
        actor=session().get(User, person.id),
    )
    if is_new:
        flow.receive_upload(session(), file.id, now=now())
    return file


def _file(uid: uuid.UUID) -> ImportFile:
    return load(session(), current_person(), Action.IMPORTS_READ, ImportFile, uid)


@bp.get("/imports/<uuid:uid>")
@requires(Action.IMPORTS_READ)
def show(uid: uuid.UUID) -> str:
    """Show what became of a file, while it is being read and after."""
    number = page_number()
    page = import_page(session(), current_person(), _file(uid), number)
    return render("imports/show.html", page=page)


@bp.get("/imports/<uuid:uid>/rejects.csv")
@requires(Action.IMPORTS_READ)
def rejects(uid: uuid.UUID) -> Response:
    """Give the rows that did not land as a file, to be corrected and sent again."""
    file = _file(uid)
    header, found = rejects_table(session(), file)
    rows = list(found)
    record(
        "import.rejects_exported",
        "import_file",
        actor=current_person().uid,
        subject_uid=file.uid,
        rows=len(rows),
    )
    return csv_response(f"rejected-{file.kind.value}-{str(file.uid)[-6:]}.csv", header, rows)

"""What the pages about imports show."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.operations import ImportFile, ImportReject
from models.people import Site, User
from models.vocab import ImportKind, ImportState
from pipelines.ingest.rules import calls, complaints, people, surveys
from qa_app.access import Action, Person, visible
from qa_app.imports.words import reason

PAGE = 30
REJECTS_A_PAGE = 50
COLUMNS: dict[ImportKind, tuple[tuple[str, ...], tuple[str, ...]]] = {
    ImportKind.PEOPLE: (people.COLUMNS, people.REQUIRED),
    ImportKind.CALLS: (calls.COLUMNS, calls.REQUIRED),
    ImportKind.SURVEYS: (surveys.COLUMNS, surveys.REQUIRED),
    ImportKind.COMPLAINTS: (complaints.COLUMNS, complaints.REQUIRED),
    ImportKind.RECORDINGS: (("file",), ()),
}
"""Known and required columns of each kind of file."""


@dataclass(frozen=True)
class FileRow:
    """An import, as lists and its own page show it."""

    file: ImportFile
    site: str
    timezone: str
    by: str

    @property
    def is_active(self) -> bool:
        """Whether more is to come."""
        return self.file.state in {ImportState.STORED, ImportState.RUNNING}

    @property
    def percent(self) -> int:
        """How far a file has been read; its size and the cursor may count other encodings."""
        if not self.file.size_bytes:
            return 0
        return min(99, self.file.byte_offset * 100 // self.file.size_bytes)

    @property
    def trouble(self) -> str:
        """Why nothing of the file could be read, or empty."""
        if self.file.error_code is None:
            return ""
        return reason(self.file.error_code, self.file.error_params or {})


@dataclass(frozen=True)
class ImportsPage:
    """One page of the list of imports, newest first."""

    rows: tuple[FileRow, ...]
    page: int
    pages: int

    @property
    def is_active(self) -> bool:
        """Whether any import of the page goes on."""
        return any(row.is_active for row in self.rows)


@dataclass(frozen=True)
class RejectRow:
    """A row that did not land: where, why, and the cell that is to be corrected."""

    row_number: int
    column: str
    reason: str
    cell: str


@dataclass(frozen=True)
class ImportPage:
    """One import with a page of its rejects."""

    row: FileRow
    rejects: tuple[RejectRow, ...]
    page: int
    pages: int


def imports_page(session: Session, person: Person, page: int) -> ImportsPage:
    """Read the imports of the person's sites, newest first."""
    found = visible(person, ImportFile, Action.IMPORTS_READ)
    total = session.scalar(select(func.count()).select_from(found.subquery())) or 0
    pages = max(1, -(-total // PAGE))
    page = min(max(page, 1), pages)
    files = session.scalars(
        found.order_by(ImportFile.created_at.desc(), ImportFile.id.desc())
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    ).all()
    return ImportsPage(tuple(_rows(session, person, list(files))), page, pages)


def import_page(session: Session, person: Person, file: ImportFile, page: int) -> ImportPage:
    """Read one import and a page of the rows that did not land."""
    pages = max(1, -(-file.rows_rejected // REJECTS_A_PAGE))
    page = min(max(page, 1), pages)
    rejects = session.scalars(
        select(ImportReject)
        .where(ImportReject.file_id == file.id)
        .order_by(ImportReject.row_number, ImportReject.id)
        .limit(REJECTS_A_PAGE)
        .offset((page - 1) * REJECTS_A_PAGE)
    )
    return ImportPage(
        row=_rows(session, person, [file])[0],
        rejects=tuple(
            RejectRow(
                one.row_number,
                one.column or "",
                reason(one.code, one.params),
                str(one.content.get(one.column or "", "")),
            )
            for one in rejects
        ),
        page=page,
        pages=pages,
    )


def upload_sites(session: Session, person: Person) -> list[Site]:
    """Read the sites for which the person may bring files in."""
    found = visible(person, Site, Action.IMPORTS_WRITE).order_by(Site.name)
    return list(session.scalars(found))


def rejects_table(session: Session, file: ImportFile) -> tuple[list[str], Iterator[list[Any]]]:
    """Return header and rows of the rejects, to be corrected and sent again."""
    columns = COLUMNS[file.kind][0]
    rejects = session.scalars(
        select(ImportReject)
        .where(ImportReject.file_id == file.id)
        .order_by(ImportReject.row_number, ImportReject.id)
    )
    rows = (
        [
            *(one.content.get(name, "") for name in columns),
            one.row_number,
            one.column or "",
            reason(one.code, one.params),
        ]
        for one in rejects
    )
    return [*columns, "row", "column", "reason"], rows


def _rows(session: Session, person: Person, files: list[ImportFile]) -> list[FileRow]:
    sites = {site.id: site for site in session.scalars(visible(person, Site, Action.IMPORTS_READ))}
    names: dict[int, str] = dict(
        session.execute(
            select(User.id, User.display_name).where(
                User.id.in_({file.imported_by_id for file in files})
            )
        ).all()  # type: ignore[arg-type]  # rows are pairs
    )
    rows = []
    for file in files:
        site = sites.get(file.site_id or 0)
        rows.append(
            FileRow(
                file=file,
                site=site.name if site else "",
                timezone=site.timezone if site else "UTC",
                by=names.get(file.imported_by_id or 0, ""),
            )
        )
    return rows

"""The call scripts and evaluation guides that are read beside a scorecard being filled in."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import LazyString
from sqlalchemy.orm import Session, joinedload

from models.guides import Guide, GuideVersion
from models.vocab import VersionState
from qa_app.access import Action, Person, visible
from qa_app.guides.layout import Block, blocks
from qa_app.guides.words import KINDS
from qa_app.i18n import text_of


@dataclass(frozen=True)
class GuideBeside:
    """A guide in use, in the reader's language."""

    uid: uuid.UUID
    kind: LazyString
    title: Mapping[str, str]
    blocks: tuple[Block, ...]


def guides_beside(session: Session, person: Person, project_id: int) -> tuple[GuideBeside, ...]:
    """Return what is in use for a project's people to read."""
    rows = session.scalars(
        visible(person, GuideVersion, Action.GUIDES_READ)
        .where(
            GuideVersion.state == VersionState.PUBLISHED,
            GuideVersion.guide.has(Guide.project_id == project_id),
        )
        .options(joinedload(GuideVersion.guide))
        .order_by(GuideVersion.guide_id)
    )
    return tuple(
        GuideBeside(row.uid, KINDS[row.guide.kind][0], row.title, blocks(text_of(row.body)))
        for row in rows
    )

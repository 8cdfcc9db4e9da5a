"""What dispute pages show: the queue of those who decide, one dispute, and the figures."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from models.calls import Leg, Project
from models.disputes import Dispute, DisputeItem, DisputeRule
from models.people import Site
from models.reviews import Review
from models.vocab_learning import DisputeState
from pipelines.outcomes import Sheet
from pipelines.review.rules import DECIDE_DAYS, DISPUTE_DAYS
from pipelines.scoring import rules
from qa_app import figures
from qa_app.access import Action, Person, load, may, visible
from qa_app.calls.blindness import blind_to
from qa_app.disputes.figures import Figures, ItemFacts, figures_of
from qa_app.feedback.after import DisputeView
from qa_app.feedback.points import Point
from qa_app.feedback.queries import FeedbackPage, load_verdict, to_decide, verdict_page
from qa_app.feedback.queries import with_leg_of_review as with_leg
from qa_app.permissions import leads_site
from qa_app.reviews.queries import CallFacts, call_facts
from qa_app.reviews.sheets import CriterionView, SheetView, TotalView

RECENT = 25
FIGURES_OF = dt.timedelta(days=182)


@dataclass(frozen=True)
class Entry:
    """A dispute in a list."""

    uid: uuid.UUID
    review_uid: uuid.UUID
    call: CallFacts
    criteria: int
    raised_at: dt.datetime
    due_at: dt.datetime
    late: bool
    decided_at: dt.datetime | None
    before: tuple[int, int]
    after: tuple[int, int] | None


@dataclass(frozen=True)
class QueuePage:
    """Disputes that wait for the reader, and the last ones that were decided."""

    waiting: tuple[Entry, ...]
    decided: tuple[Entry, ...]
    may_read_figures: bool
    may_set: bool


@dataclass(frozen=True)
class ItemView:
    """A disputed criterion beside its answer; ``number`` is the item's id in the form."""

    number: int
    view: CriterionView
    point: Point | None


@dataclass(frozen=True)
class DecidePage:
    """A dispute to be decided; ``hanging`` are criteria asked only with some of the new answers."""

    dispute: DisputeView
    verdict: FeedbackPage
    items: tuple[ItemView, ...]
    hanging: tuple[CriterionView, ...]
    sheet: SheetView
    total: TotalView


@dataclass(frozen=True)
class DaysRow:
    """How long things take at a site, or in one of its projects; null where it follows the site."""

    project: Project | None
    window: int | None
    decide: int | None


@dataclass(frozen=True)
class DaysSite:
    """A site with its rows, the whole site first."""

    site: Site
    rows: tuple[DaysRow, ...]


def queue_page(session: Session, person: Person, now: dt.datetime) -> QueuePage:
    """List what the person may decide, by due day, and what was decided in the scope."""
    judged = aliased(Leg)
    # Leading one team opens no verdict of another in which the person only reviews.
    ids = visible(person, Dispute, Action.DISPUTES_READ).with_only_columns(Dispute.id)
    led = Dispute.id.in_(ids.correlate(None))
    figures_go = figures.shown(session, person, Dispute.site_id, Dispute.team_id)
    decided = session.scalars(
        visible(person, Dispute, Action.OBJECTIONS_ANSWER)
        .join(Review, Review.id == Dispute.review_id)
        .join(judged, judged.id == Review.leg_id)
        .where(
            Dispute.state == DisputeState.DECIDED,
            ~blind_to(person, judged.call_id, now),
            # A reviewer reads the verdict of another only to decide; afterwards, what they decided.
            or_(Dispute.decided_by_id == person.id, and_(led, figures_go)),
        )
        .options(
            selectinload(Dispute.items),
            joinedload(Dispute.before),
            joinedload(Dispute.revision),
            *with_leg(),
        )
        .order_by(Dispute.decided_at.desc(), Dispute.id.desc())
        .limit(RECENT)
    ).unique()
    return QueuePage(
        waiting=tuple(_entry(row, now) for row in to_decide(session, person, now)),
        decided=tuple(_entry(row, now) for row in decided),
        may_read_figures=may(person, Action.DISPUTES_READ),
        may_set=may(person, Action.DISPUTES_SET),
    )


def _entry(row: Dispute, now: dt.datetime) -> Entry:
    return Entry(
        uid=row.uid,
        review_uid=row.review.uid,
        call=call_facts(row.review.leg),
        criteria=len(row.items),
        raised_at=row.raised_at,
        due_at=row.due_at,
        late=row.decided_at is None and row.due_at < now,
        decided_at=row.decided_at,
        before=(row.before.earned, row.before.attainable),
        after=(row.revision.earned, row.revision.attainable) if row.revision else None,
    )


def load_dispute(session: Session, person: Person, uid: uuid.UUID) -> Dispute:
    """Return a dispute that the person may decide or has decided, else 404."""
    dispute = load(session, person, Action.OBJECTIONS_ANSWER, Dispute, uid)
    load_verdict(session, person, dispute.review.uid)
    return dispute


def hanging_on(version: rules.VersionRule, lineages: Sequence[str]) -> tuple[str, ...]:
    """Return the criteria that are asked only with some answers to these, in order."""
    found = set(lineages)
    for rule in version.criteria:
        if rule.condition is not None and rule.condition.criterion in found:
            found.add(rule.lineage)
    return tuple(
        rule.lineage
        for rule in version.criteria
        if rule.lineage in found and rule.lineage not in lineages
    )


def decide_page(
    session: Session, person: Person, dispute: Dispute, sheet: SheetView, stored: Sheet
) -> DecidePage:
    """Gather a dispute with the fields of the disputed criteria; ``stored`` is the score now."""
    verdict = verdict_page(session, person, dispute.review.uid)
    shown = next(one for one in verdict.after.disputes if one.uid == dispute.uid)
    views = {item.rule.lineage: item for section in sheet.sections for item in section.criteria}
    points = {point.rule.lineage: point for point in verdict.points}
    own = [item.criterion.lineage for item in dispute.items]
    return DecidePage(
        dispute=shown,
        verdict=verdict,
        items=tuple(
            ItemView(item.id, views[item.criterion.lineage], points.get(item.criterion.lineage))
            for item in dispute.items
        ),
        hanging=tuple(
            views[lineage] for lineage in hanging_on(sheet.version, own) if lineage not in stored
        ),
        sheet=sheet,
        total=sheet.total,
    )


def figures_page(session: Session, person: Person, now: dt.datetime) -> Figures:
    """Count disputes of the last half year in the person's scope."""
    judged = aliased(Leg)
    since = now - FIGURES_OF
    shown = (
        visible(person, Dispute, Action.DISPUTES_READ)
        .join(Review, Review.id == Dispute.review_id)
        .join(judged, judged.id == Review.leg_id)
        .where(Dispute.raised_at >= since, ~blind_to(person, judged.call_id, now))
        .options(
            selectinload(Dispute.items).joinedload(DisputeItem.criterion),
            joinedload(Dispute.review).joinedload(Review.reviewer),
        )
    )
    rows = session.scalars(shown).unique().all()
    count, people = session.execute(
        visible(person, Review, Action.DISPUTES_READ)
        .join(judged, judged.id == Review.leg_id)
        .where(Review.submitted_at >= since)
        .with_only_columns(func.count(), func.count(judged.agent_id.distinct()))
    ).one()
    return figures_of(
        [
            ItemFacts(
                dispute=row.id,
                criterion=item.criterion.lineage,
                text=item.criterion.text,
                reason=item.reason,
                reviewer=_reviewer(session, person, row),
                result=item.result,
                raised_at=row.raised_at,
                decided_at=row.decided_at,
                due_at=row.due_at,
            )
            for row in rows
            for item in row.items
        ],
        reviews=count,
        people=people,
        now=now,
    )


def _reviewer(session: Session, person: Person, row: Dispute) -> str | None:
    """Return whose review was disputed, where the site shows the person such figures."""
    reviewer = row.review.reviewer
    own = row.review.reviewer_id == person.id
    if not own and not figures.shows(session, person, row.site_id, row.team_id):
        return None
    return reviewer.display_name if reviewer else "–"


def days_page(session: Session, person: Person) -> tuple[DaysSite, ...]:
    """Gather the days of every site that the person may set them for."""
    found = []
    for site in session.scalars(visible(person, Site, Action.DISPUTES_SET).order_by(Site.name)):
        if not leads_site(person, Action.DISPUTES_SET, site.id):
            continue
        rules_of = {
            row.project_id: row
            for row in session.scalars(select(DisputeRule).where(DisputeRule.site_id == site.id))
        }
        projects = session.scalars(
            visible(person, Project, Action.DISPUTES_SET)
            .where(Project.site_id == site.id)
            .order_by(Project.name)
        )
        whole = rules_of.get(None)
        rows = [
            DaysRow(
                None,
                whole.window_days if whole else DISPUTE_DAYS,
                whole.decide_days if whole else DECIDE_DAYS,
            )
        ]
        for project in projects:
            own = rules_of.get(project.id)
            rows.append(
                DaysRow(project, own.window_days if own else None, own.decide_days if own else None)
            )
        found.append(DaysSite(site, tuple(rows)))
    return tuple(found)

"""What the pages of phrase rules show. Calls that the person is judging are left out throughout."""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from models.calls import Call, Project, Recording
from models.phrases import PhraseHit, PhraseRule, PhraseTrial, PhraseVersion
from models.scorecards import Criterion, Scorecard, ScorecardVersion, Section
from models.transcripts import Transcript
from models.vocab import PhraseVerdict, PhraseVersionState, VersionState
from pipelines.measures.rules.intervals import Interval, wilson
from pipelines.phrases.looking import filling, usable
from pipelines.phrases.rules.settings import RuleSettings
from qa_app.access import Action, Person, grants_for, load, visible
from qa_app.calls.blindness import blind_to
from qa_app.i18n import text_of
from qa_app.phrases.hits import HitRow, hit_counts, hit_rows, hits_seen, next_waiting

PAGE = 25
WEEKS = 12
OPEN = "open"


@dataclass(frozen=True)
class Precision:
    """How many hits people confirmed of those they judged, all versions that still count."""

    confirmed: int
    rejected: int

    @property
    def judged(self) -> int:
        """How many verdicts there are."""
        return self.confirmed + self.rejected

    @property
    def interval(self) -> Interval | None:
        """Wilson's 95 % interval; null without verdicts."""
        return wilson(self.confirmed / self.judged, self.judged) if self.judged else None


@dataclass(frozen=True)
class RuleRow:
    """A rule in the list: its newest version, the one that is on, and hits that wait.

    ``precision`` is null while the person judges a call of the project: it counts all calls, the
    other figures none that they judge, so that the difference would tell.
    """

    rule: PhraseRule
    newest: PhraseVersion
    on: PhraseVersion | None
    settings: RuleSettings
    hits: int
    open: int
    precision: Precision | None


@dataclass(frozen=True)
class ProjectRules:
    """The rules of a project; ``may_write``: the person may make and change some."""

    project: Project
    site: str
    rules: tuple[RuleRow, ...]
    may_write: bool


@dataclass(frozen=True)
class WeekRow:
    """A week: calls with a transcript that can be looked through, and those with a hit."""

    monday: date
    calls: int
    hits: int
    calls_hit: int


@dataclass(frozen=True)
class RulePage:
    """A rule: its versions, what it found over time, and the hits of the chosen version.

    For ``precision`` see ``RuleRow``.
    """

    rule: PhraseRule
    site: str
    version: PhraseVersion
    settings: RuleSettings
    versions: tuple[PhraseVersion, ...]
    newest: PhraseVersion
    weeks: tuple[WeekRow, ...]
    counts: Mapping[str, int]
    precision: Precision | None
    hits: tuple[HitRow, ...]
    shown: str
    page: int
    pages: int
    may_write: bool
    trials: tuple[PhraseTrial, ...]
    first_open: uuid.UUID | None
    criterion: str
    filling: tuple[int, int] | None


def index_page(session: Session, person: Person, now: datetime) -> tuple[ProjectRules, ...]:
    """Return the projects in scope with their rules."""
    projects = session.scalars(
        visible(person, Project, Action.PHRASES_READ)
        .options(joinedload(Project.site))
        .order_by(Project.site_id, Project.name)
    ).all()
    rules = session.scalars(
        visible(person, PhraseRule, Action.PHRASES_READ)
        .options(selectinload(PhraseRule.versions))
        .order_by(PhraseRule.name)
    ).all()
    counts = hit_counts(session, person, now)
    judging = set(session.scalars(_judging(person, now)))
    whole = whole_sites(person)
    return tuple(
        ProjectRules(
            project=project,
            site=project.site.name,
            rules=tuple(
                _row(rule, counts, judging) for rule in rules if rule.project_id == project.id
            ),
            may_write=project.site_id in whole,
        )
        for project in projects
    )


def whole_sites(person: Person) -> set[int]:
    """Return the sites whose rules the person may change: those led as a whole."""
    grants = grants_for(person, Action.PHRASES_WRITE)
    return {grant.site_id for grant in grants if grant.team_id is None}


def _judging(person: Person, now: datetime) -> Select[tuple[int]]:
    """Select the projects of which the person judges a call at the moment."""
    return select(Call.project_id).where(blind_to(person, Call.id, now))


def _precision(version: PhraseVersion, judging: Collection[int]) -> Precision | None:
    if version.rule.project_id in judging:
        return None
    return Precision(version.confirmed, version.rejected)


def _row(
    rule: PhraseRule, counts: Mapping[int, tuple[int, int]], judging: Collection[int]
) -> RuleRow:
    newest = rule.versions[-1]
    on = next((v for v in rule.versions if v.state is PhraseVersionState.ON), None)
    shown = on or newest
    hits, waiting = counts.get(shown.id, (0, 0))
    return RuleRow(
        rule=rule,
        newest=newest,
        on=on,
        settings=RuleSettings.from_json(shown.settings),
        hits=hits,
        open=waiting,
        precision=_precision(shown, judging),
    )


def rule_page(
    session: Session,
    person: Person,
    uid: uuid.UUID,
    now: datetime,
    *,
    number: int | None = None,
    shown: str = OPEN,
    page: int = 1,
) -> RulePage:
    """Return a rule; ``number`` chooses a version, ``shown`` open, confirmed, rejected or all."""
    rule = load(session, person, Action.PHRASES_READ, PhraseRule, uid)
    versions = session.scalars(
        select(PhraseVersion)
        .where(PhraseVersion.rule_id == rule.id)
        .order_by(PhraseVersion.number.desc())
    ).all()
    on = next((v for v in versions if v.state is PhraseVersionState.ON), versions[0])
    version = next((v for v in versions if v.number == number), on)
    settings = RuleSettings.from_json(version.settings)
    statement, _transcript, _recording = hits_seen(person, now)
    mine = statement.where(PhraseHit.version_id == version.id)
    counts = {OPEN: 0, "confirmed": 0, "rejected": 0}
    by_verdict = mine.with_only_columns(PhraseHit.verdict, func.count()).group_by(PhraseHit.verdict)
    for verdict, count in session.execute(by_verdict):
        counts[verdict.value if verdict else OPEN] = count
    chosen = mine
    if shown == OPEN:
        chosen = mine.where(PhraseHit.verdict.is_(None))
    elif shown in counts:
        chosen = mine.where(PhraseHit.verdict == PhraseVerdict(shown))
    total = counts[shown] if shown in counts else sum(counts.values())
    pages = max(1, -(-total // PAGE))
    page = min(page, pages)
    ordered = chosen.order_by(PhraseHit.found_at.desc(), PhraseHit.id)
    hits = session.scalars(
        ordered.options(joinedload(PhraseHit.judged_by)).limit(PAGE).offset((page - 1) * PAGE)
    ).all()
    trials = session.scalars(
        visible(person, PhraseTrial, Action.PHRASES_READ)
        .where(PhraseTrial.version_id.in_([v.id for v in versions]))
        .order_by(PhraseTrial.id.desc())
        .limit(5)
    ).all()
    return RulePage(
        rule=rule,
        site=rule.project.site.name,
        version=version,
        settings=settings,
        versions=tuple(versions),
        newest=versions[0],
        weeks=_weeks(session, person, version, now),
        counts=counts,
        precision=_precision(version, set(session.scalars(_judging(person, now)))),
        hits=hit_rows(session, hits),
        shown=shown,
        page=page,
        pages=pages,
        may_write=rule.site_id in whole_sites(person),
        trials=tuple(trials),
        first_open=next_waiting(session, person, version, now, None),
        criterion=_criterion(session, person, rule, settings),
        filling=filling(session, version),
    )


def _criterion(session: Session, person: Person, rule: PhraseRule, settings: RuleSettings) -> str:
    if settings.suggests is None:
        return ""
    key = f"{settings.suggests.scorecard}:{settings.suggests.criterion}"
    return dict(criteria(session, person, rule.project)).get(key, key)


def criteria(session: Session, person: Person, project: Project) -> list[tuple[str, str]]:
    """Return ("scorecard:lineage", label) of published scorecards at the project's site."""
    versions = session.scalars(
        visible(person, ScorecardVersion, Action.SCORECARDS_READ)
        .where(
            ScorecardVersion.state == VersionState.PUBLISHED,
            ScorecardVersion.scorecard.has(
                or_(Scorecard.site_id.is_(None), Scorecard.site_id == project.site_id)
            ),
        )
        .options(
            joinedload(ScorecardVersion.scorecard),
            selectinload(ScorecardVersion.sections).selectinload(Section.criteria),
        )
        .order_by(ScorecardVersion.scorecard_id, ScorecardVersion.number)
    ).all()
    found: dict[str, str] = {}
    for version in versions:
        own: list[Criterion] = [each for part in version.sections for each in part.criteria]
        for each in own:
            label = f"{text_of(version.title)} – {text_of(each.text)}"
            found[f"{version.scorecard.code}:{each.lineage}"] = label
    return list(found.items())


def _weeks(
    session: Session, person: Person, version: PhraseVersion, now: datetime
) -> tuple[WeekRow, ...]:
    """Return the last weeks with anything to look at, newest first."""
    since = now.date() - timedelta(weeks=WEEKS)
    calls = (
        visible(person, Call, Action.PHRASES_READ)
        .join(Recording, Recording.call_id == Call.id)
        .join(Transcript, Transcript.recording_id == Recording.id)
        .where(
            Call.project_id == version.rule.project_id,
            Call.local_date >= since,
            usable(),
            ~blind_to(person, Call.id, now),
        )
        .with_only_columns(Call.local_date, func.count())
        .group_by(Call.local_date)
    )
    statement, transcript, recording = hits_seen(person, now)
    call = aliased(Call)
    hits = (
        statement.join(call, call.id == recording.call_id)
        .where(PhraseHit.version_id == version.id, call.local_date >= since)
        .with_only_columns(call.local_date, func.count(), func.count(func.distinct(transcript.id)))
        .group_by(call.local_date)
    )
    weeks: dict[date, list[int]] = {}
    for day, count in session.execute(calls):
        weeks.setdefault(day - timedelta(days=day.weekday()), [0, 0, 0])[0] += count
    for day, count, calls_hit in session.execute(hits):
        week = weeks.setdefault(day - timedelta(days=day.weekday()), [0, 0, 0])
        week[1] += count
        week[2] += calls_hit
    return tuple(WeekRow(monday, *sums) for monday, sums in sorted(weeks.items(), reverse=True))

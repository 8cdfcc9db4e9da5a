"""Take the sample data through the product: import, ten weeks of draws and reviews, retention.

Every step goes through the services that pages and commands use; nothing is written past them.
"""

import hashlib
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.calls import Project
from models.people import Site, Team, User
from models.registry import metadata
from models.samples import Draw, SamplePlan
from models.scorecards import Scorecard
from models.session import read_session, write_session
from models.vocab import Direction, ImportKind, RetentionSubject
from pipelines import flow, jobs
from pipelines.ingest.service import import_file
from pipelines.measures.service import rebuild_dirty
from pipelines.outcomes import DomainError
from pipelines.retention.service import run_retention, set_rule
from pipelines.runtime import Progress, Runtime
from pipelines.sampling import service as sampling
from pipelines.sampling.rules.settings import PlanSettings, Quota, ReasonRule
from pipelines.scoring.service import import_scorecard
from pipelines.transcription.sound import media
from qa_app.demo.folder import START, DemoFolder
from qa_app.demo.past import connected, write_tones
from qa_app.demo.people_at_work import PeopleAtWork
from qa_app.demo.samples import Samples
from qa_app.demo.together import Together
from qa_app.demo.workshop import Workshop, open_draft
from qa_app.people.passwords import change_password

PASSWORD = "hearback-demo"  # noqa: S105 - printed at every start; works on this machine only
NAME_TEMPLATE = "GUID_{id}_AGENT_{agent}_DT_{time}_*"
WEEKLY = {"manchester": "Weekly sample", "shanghai": "每周抽样"}
FORTNIGHT = {"manchester": "Recordings of the last fortnight", "shanghai": "近两周录音"}
FIRST_MONDAY = date(2026, 9, 14)
PAST_WEEKS = 8
LAST_FORTNIGHT = (date(2026, 11, 9), date(2026, 11, 22))
SCORECARD_OF = {Direction.OUT: "outbound-sales", Direction.IN: "service"}
NAMES = {
    "manchester": "Manchester",
    "shanghai": "上海",
    "man-outbound": "Manchester outbound",
    "man-service": "Manchester service",
    "sh-outbound": "上海外呼组",
    "sh-service": "上海服务组",
    "mobile-upgrade": "Mobile upgrade",
    "service-uk": "Service line",
    "broadband-renewal": "宽带续约",
    "service-cn": "服务热线",
}
TRAINERS = {"manchester": "grace", "shanghai": "ran"}
_KEPT_DAYS_BEFORE, _KEPT_DAYS = 14, 180
_READ_TWICE_BP = 2_000
_SETTLING = timedelta(days=4, hours=12)
_NO_PROGRESS: Progress = lambda _done, _total: None  # noqa: E731 - a default, not a function of its own

Announce = Callable[[str], Progress]


class Loader:
    """Loads the samples into an empty, migrated database; a killed run goes on where it was."""

    def __init__(
        self,
        runtime: Runtime,
        folder: DemoFolder,
        samples: Samples,
        announce: Announce = lambda _title: _NO_PROGRESS,
        *,
        weeks: int = PAST_WEEKS,
    ) -> None:
        """Keep where to load from and to; ``announce`` is told each step and gives its progress.

        ``weeks`` is how many of the past weeks are drawn and reviewed, from the first on.
        """
        self.runtime = runtime
        self.folder = folder
        self.samples = samples
        self.announce = announce
        self.weeks = weeks

    def load(self) -> None:
        """Do every step that has not been done, but for transcription."""
        self._refuse_other_data()
        self.folder.step("people", self._people)
        self.folder.step("scorecards", self._scorecards)
        for kind in (ImportKind.CALLS, ImportKind.SURVEYS, ImportKind.COMPLAINTS):
            self.folder.step(kind.value, lambda kind=kind: self._table(kind))
        self.folder.step("projects", self._projects)
        self.folder.step("plans", self._plans)
        for week in range(self.weeks):
            self.folder.step(f"week {week + 1}", lambda week=week: self._week(week))
        self.folder.step("retention", self._retention)
        self.folder.step("recordings", self._recordings)
        self.folder.step("draw", self._draw)

    def transcribe(self) -> None:
        """Carry out what is queued: the transcripts of the newest draw."""
        self.folder.step("transcripts", self._transcripts)

    def finish(self) -> None:
        """Let people begin with the newest draw, and count."""
        self.folder.step("reviews", self._reviews)
        self.folder.step("together", self._together)
        self.folder.step("workshop", self._workshop)
        self.folder.step("measures", self.measure)

    def measure(self) -> None:
        """Bring the facts up to date with the rows."""
        rebuild_dirty(self.runtime.engine, self.announce("Measures"))

    def _refuse_other_data(self) -> None:
        if self.folder.done:
            return
        with read_session(self.runtime.engine) as session:
            if session.scalar(select(func.count()).select_from(Site)):
                raise DomainError("demo_database_in_use")

    def _import(
        self,
        kind: ImportKind,
        path: Path,
        now: datetime,
        *,
        template: str | None = None,
        progress: Progress | None = None,
    ) -> None:
        result = import_file(
            self.runtime.engine,
            self.runtime.storage,
            kind=kind,
            path=path,
            now=now,
            customer_key=self.runtime.customer_key,
            name_template=template,
            probe=media.probe,
            progress=progress,
        )
        if result.rejected or result.error_code:
            first = result.first_rejects[0] if result.first_rejects else None
            raise DomainError(
                "samples_damaged",
                file=path.name,
                row=first.row_number if first else 0,
                code=first.code if first else result.error_code,
            )

    def _people(self) -> None:
        self.announce("People")
        self._import(ImportKind.PEOPLE, self.samples.file("people.csv"), _start_of(FIRST_MONDAY))
        with write_session(self.runtime.engine) as session:
            for user in session.scalars(select(User).order_by(User.id)):
                change_password(user, PASSWORD)
            for named in (*session.scalars(select(Site)), *session.scalars(select(Team))):
                named.name = NAMES[named.code]

    def _scorecards(self) -> None:
        self.announce("Scorecards")
        with write_session(self.runtime.engine) as session:
            for card in self.samples.scorecards():
                import_scorecard(session, card, now=_start_of(FIRST_MONDAY))

    def _table(self, kind: ImportKind) -> None:
        progress = self.announce(f"Import of {kind.value}")
        self._import(kind, self.samples.file(f"{kind.value}.csv"), START, progress=progress)

    def _projects(self) -> None:
        direction_of = {
            row["project"]: Direction(row["direction"]) for row in self.samples.rows("calls.csv")
        }
        with write_session(self.runtime.engine) as session:
            ids = {card.code: card.id for card in session.scalars(select(Scorecard))}
            for project in session.scalars(select(Project)):
                project.name = NAMES[project.code]
                project.scorecard_id = ids[SCORECARD_OF[direction_of[project.code]]]

    def _plans(self) -> None:
        weekly = PlanSettings(
            reasons=tuple(
                ReasonRule(rule.reason, Quota(count=4)) for rule in PlanSettings().reasons
            ),
            ordinary=Quota(count=24),
        )
        fortnight = PlanSettings(
            reasons=tuple(
                ReasonRule(rule.reason, Quota(share_bp=10_000)) for rule in PlanSettings().reasons
            ),
            ordinary=Quota(share_bp=10_000),
            by_agent=False,
        )
        with write_session(self.runtime.engine) as session:
            for site in session.scalars(select(Site).order_by(Site.id)):
                for names, settings, days, twice in (
                    (WEEKLY, weekly, 3, 0),
                    (FORTNIGHT, fortnight, 0, _READ_TWICE_BP),
                ):
                    session.add(
                        SamplePlan(
                            site=site,
                            name=names[site.code],
                            settings=settings.to_json(),
                            settling_days=days,
                            second_share_bp=twice,
                            created_at=_start_of(FIRST_MONDAY),
                        )
                    )

    def _week(self, week: int) -> None:
        """Record, draw and review one past week, at the times when it would have been done."""
        monday = FIRST_MONDAY + timedelta(weeks=week)
        sunday = monday + timedelta(days=6)
        progress = self.announce(f"Week {week + 1} of {self.weeks}: draws and reviews")
        with tempfile.TemporaryDirectory(prefix="hearback-demo-") as folder:
            write_tones(Path(folder), self._calls_by_week[monday])
            self._import(
                ImportKind.RECORDINGS,
                Path(folder),
                _start_of(sunday + timedelta(days=1)),
                progress=progress,
            )
        at = _start_of(sunday) + _SETTLING
        with write_session(self.runtime.engine) as session:
            people = PeopleAtWork(session, self.samples)
            for plan in _plans_named(session, WEEKLY):
                draw = self._drawn(session, plan, monday, sunday, at)
                people.work(draw, at=at)
                people.acknowledge(draw, at=at + timedelta(days=9))
                sampling.close(session, draw, now=at + timedelta(days=10), actor=None)
            progress(1, 1)

    @property
    def _calls_by_week(self) -> dict[date, list[str]]:
        weeks: dict[date, list[str]] = defaultdict(list)
        for call_id, day in connected(self.samples):
            weeks[day - timedelta(days=day.weekday())].append(call_id)
        return weeks

    def _drawn(
        self, session: Session, plan: SamplePlan, start: date, end: date, at: datetime
    ) -> Draw:
        # Known seeds make two demos alike; elsewhere the server makes a seed at each draw.
        seed = hashlib.sha256(f"{plan.site.code} {start}".encode()).hexdigest()[:16]
        return flow.draw(
            session,
            self.runtime,
            plan,
            start,
            end,
            transcripts=False,
            now=at,
            actor=None,
            seed=seed,
        )

    def _retention(self) -> None:
        """Let the past recordings go by a rule of a fortnight, then keep what comes for longer."""
        self.announce("Retention")
        self._keep(_KEPT_DAYS_BEFORE)
        run_retention(self.runtime.engine, self.runtime.storage, START)
        self._keep(_KEPT_DAYS)

    def _keep(self, days: int) -> None:
        with write_session(self.runtime.engine) as session:
            for site in session.scalars(select(Site).order_by(Site.id)):
                set_rule(
                    session, site, None, RetentionSubject.RECORDING, days, now=START, actor=None
                )

    def _recordings(self) -> None:
        progress = self.announce("Recordings of the last fortnight")
        folder = self.samples.file("audio")
        self._import(
            ImportKind.RECORDINGS, folder, START, template=NAME_TEMPLATE, progress=progress
        )

    def _draw(self) -> None:
        self.announce("The newest draw")
        with write_session(self.runtime.engine) as session:
            for plan in _plans_named(session, FORTNIGHT):
                seed = hashlib.sha256(f"{plan.site.code} newest".encode()).hexdigest()[:16]
                flow.draw(
                    session,
                    self.runtime,
                    plan,
                    *LAST_FORTNIGHT,
                    now=START,
                    actor=None,
                    seed=seed,
                )

    def _transcripts(self) -> None:
        progress = self.announce("Transcription")
        done = 0

        def count(report: jobs.Report) -> None:
            nonlocal done
            done += report.name == "transcribe"
            progress(done, total)

        with read_session(self.runtime.engine) as session:
            total = flow.waiting(session, "transcribe")
        jobs.work_through(self.runtime, flow.JOBS, announce=count)

    def _reviews(self) -> None:
        """Let half of the newest tasks be done; the other half is what a newcomer finds."""
        self.announce("Reviews, self-assessments, exemplars")
        with write_session(self.runtime.engine) as session:
            people = PeopleAtWork(session, self.samples)
            for plan in _plans_named(session, FORTNIGHT):
                draw = plan.draws[-1]
                people.work(draw, at=START - timedelta(days=2), share=2)
                people.choose_exemplars(draw, TRAINERS[plan.site.code], at=START, count=2)

    def _together(self) -> None:
        """Let people dispute, talk, ask for help, and see what they aim at."""
        with write_session(self.runtime.engine) as session:
            for site in session.scalars(select(Site).order_by(Site.id)).all():
                Together(session, site, START).work()

    def _workshop(self) -> None:
        """Let people agree on how to score, and learn from each other."""
        with write_session(self.runtime.engine) as session:
            people = PeopleAtWork(session, self.samples)
            for site in session.scalars(select(Site).order_by(Site.id)).all():
                Workshop(session, people, site, START).work()
            open_draft(session, people, START)


def _plans_named(session: Session, names: Mapping[str, str]) -> list[SamplePlan]:
    plans = select(SamplePlan).where(SamplePlan.name.in_(names.values())).order_by(SamplePlan.id)
    return list(session.scalars(plans))


def _start_of(day: date) -> datetime:
    """Return the day's beginning at the more eastern of the sites, which is never too late."""
    return datetime.combine(day, time(), ZoneInfo("Asia/Shanghai")).astimezone(UTC)


def count_rows(session: Session) -> int:
    """Count the rows of all tables of the product."""
    return sum(
        session.scalar(select(func.count()).select_from(table)) or 0
        for table in metadata.sorted_tables
    )

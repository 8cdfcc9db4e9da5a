"""How the sample's people agree and learn: scripts, a draft, a quiz, a round, a second reading."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.calls import Call, Leg, Project
from models.guides import Guide
from models.people import Agent, Site, User, UserRole
from models.practice import QuizItem
from models.reviews import Exemplar, Review, Task
from models.scorecards import Scorecard, ScorecardVersion
from models.vocab import (
    CriterionKind,
    Direction,
    GuideKind,
    Origin,
    ReviewState,
    Role,
    Skill,
    TaskState,
    VersionState,
)
from pipelines import evaluation
from pipelines.calibration import service as calibration
from pipelines.outcomes import Sheet
from pipelines.practice import service as practice
from pipelines.review import service as review
from pipelines.review import verdicts
from pipelines.scoring import comments, drafts, guides
from pipelines.scoring.edits import with_criterion
from pipelines.scoring.rules import CriterionRule
from qa_app.demo.people_at_work import PeopleAtWork
from qa_app.demo.workshop_words import DRAFT, GUIDES, SAY

LEADERS = {"manchester": ("martin", "grace"), "shanghai": ("bo", "ran")}
_ROUND_CALLS = 2
_LEARNERS = 5


class Workshop:
    """Carries the acts out for one site; each as the person who would do it."""

    def __init__(self, session: Session, people: PeopleAtWork, site: Site, now: datetime) -> None:
        """Look up who leads the site."""
        self._session, self._people, self._site, self._now = session, people, site, now
        manager, trainer = LEADERS[site.code]
        self._manager, self._trainer = people.user(manager), people.user(trainer)
        self._say = SAY[self._manager.locale or "en"]

    def work(self) -> None:
        """Write scripts and guides, read some calls twice, calibrate, and open a quiz."""
        if self._session.scalar(select(Guide.id).where(Guide.site_id == self._site.id).limit(1)):
            return
        self._write_guides()
        self._read_again()
        self._calibrate()
        self._ask_in_quiz()

    def _write_guides(self) -> None:
        then = self._now - timedelta(days=30)
        for project in self._session.scalars(
            select(Project).where(Project.site_id == self._site.id).order_by(Project.id)
        ).all():
            directions = select(Call.direction).where(Call.project_id == project.id).limit(1)
            outgoing = self._session.scalar(directions) is Direction.OUT
            for kind in (GuideKind.SCRIPT, GuideKind.EVALUATION):
                words = GUIDES[outgoing, kind]
                made = guides.begin(
                    self._session,
                    project,
                    kind,
                    {locale: title for locale, (title, _body) in words.items()},
                    {locale: body for locale, (_title, body) in words.items()},
                    now=then,
                    actor=self._manager,
                )
                guides.set_state(
                    self._session,
                    made,
                    VersionState.PUBLISHED,
                    now=then + timedelta(days=5),
                    actor=self._manager,
                )

    def _reviewed(self) -> list[Review]:
        """Return the newest draw's reviews, whose recordings can be heard, in their order."""
        return list(
            self._session.scalars(
                select(Review)
                .where(
                    Review.site_id == self._site.id,
                    Review.origin == Origin.DRAWN,
                    Review.state == ReviewState.SUBMITTED,
                    Review.started_at >= self._now - timedelta(days=1),
                )
                .order_by(Review.id)
            )
        )

    def _read_again(self) -> None:
        """Let the other reviewer read what is to be read twice, where the first reading is in."""
        first = {one.leg_id: one for one in self._reviewed()}
        waiting = self._session.scalars(
            select(Task)
            .where(
                Task.site_id == self._site.id,
                Task.origin == Origin.SECOND,
                Task.state == TaskState.OPEN,
                Task.leg_id.in_(first),
            )
            .order_by(Task.id)
        ).all()
        for task in waiting:
            one = first[task.leg_id]
            reader = next(user for user in self._reviewers() if user.id != one.reviewer_id)
            at = self._now - timedelta(hours=1)
            review.claim(self._session, task, reader, now=at)
            self._score(task, reader, _otherwise(self._sheet(one.leg, reader)), at)

    def _reviewers(self, team_id: int | None = None) -> list[User]:
        """Return the people who review the whole site, or this team of it."""
        return list(
            self._session.scalars(
                select(User)
                .join(UserRole, UserRole.user_id == User.id)
                .where(
                    UserRole.site_id == self._site.id,
                    UserRole.role == Role.REVIEWER,
                    UserRole.team_id.is_(None) | (UserRole.team_id == team_id),
                )
                .order_by(User.id)
            )
        )

    def _sheet(self, leg: Leg, user: User) -> Sheet:
        return self._people.sheet_of(leg, user)

    def _score(self, task: Task, user: User, sheet: Sheet, at: datetime) -> None:
        begun = verdicts.start_or_get_review(self._session, task, user, now=at)
        evaluation.submit_review(
            self._session,
            begun,
            sheet,
            "",
            lock_version=begun.lock_version,
            user=user,
            now=at + timedelta(minutes=6),
        )

    def _calibrate(self) -> None:
        """Let two reviewers score calls that a third has reviewed, where there are three."""
        chosen: dict[tuple[int, tuple[int, ...]], list[Leg]] = {}
        people = {user.id: user for user in self._session.scalars(select(User))}
        for one in self._reviewed():
            others = [user for user in self._reviewers(one.team_id) if user.id != one.reviewer_id]
            fresh = not calibration.unfit(self._session, [one.leg], others)
            if len(others) > 1 and fresh:
                seats = (one.version_id, tuple(user.id for user in others))
                chosen.setdefault(seats, []).append(one.leg)
        if not chosen:
            return
        (version_id, ids), legs = max(chosen.items(), key=lambda found: len(found[1]))
        seated = [people[user_id] for user_id in ids]
        begun, closed = self._now - timedelta(days=3), self._now - timedelta(hours=4)
        made = calibration.create_round(
            self._session,
            self._say["round"],
            legs[:_ROUND_CALLS],
            seated,
            self._session.get_one(ScorecardVersion, version_id),
            due_at=self._now - timedelta(hours=6),
            user=self._manager,
            now=begun,
        )
        for item in made.items:
            for place, seat in enumerate(item.seats):
                user = people[seat.reviewer_id or 0]
                sheet = self._sheet(item.leg, user)
                task = self._session.get_one(Task, seat.task_id)
                at = begun + timedelta(days=1, minutes=10 * item.position)
                self._score(task, user, _otherwise(sheet) if place else sheet, at)
        calibration.close(self._session, made, self._manager, now=closed)
        first, *_rest = made.items
        sheet = self._sheet(first.leg, self._manager)
        sheet["greeting"]["comment"] = self._say["agreed"]
        evaluation.agree_reference(
            self._session,
            first,
            sheet,
            self._say["session"],
            lock_version=first.lock_version,
            user=self._manager,
            now=closed + timedelta(minutes=20),
        )

    def _ask_in_quiz(self) -> None:
        """Ask some agents, and let the last of them have scored the exemplar already."""
        exemplar = self._session.scalars(
            select(Exemplar)
            .join(Review, Review.id == Exemplar.review_id)
            .where(Exemplar.site_id == self._site.id, Review.origin == Origin.DRAWN)
            .order_by(Exemplar.id.desc())
        ).first()
        if exemplar is None or exemplar.review_id is None:
            return
        model = self._session.get_one(Review, exemplar.review_id)
        then = self._now - timedelta(days=1)
        quiz = practice.make_quiz(
            self._session,
            self._site,
            None,
            self._session.get_one(ScorecardVersion, model.version_id),
            self._trainer,
            title=self._say["quiz"],
            about=self._say["quiz_about"],
            criteria=[],
            due_at=self._now + timedelta(days=11),
            now=then,
        )
        item = evaluation.add_to_quiz(self._session, quiz, exemplar, self._trainer, now=then)
        learners = list(
            self._session.scalars(
                select(User)
                .join(Agent, Agent.user_id == User.id)
                .join(UserRole, UserRole.user_id == User.id)
                .where(
                    UserRole.role == Role.AGENT,
                    UserRole.team_id == exemplar.team_id,
                    Agent.id != model.leg.agent_id,
                )
                .order_by(User.id)
                .limit(_LEARNERS)
            )
        )
        practice.set_people(self._session, quiz, learners, self._trainer, now=then)
        practice.open_quiz(self._session, quiz, self._trainer, now=then)
        self._practise(item, learners[-1], self._now - timedelta(hours=5))

    def _practise(self, item: QuizItem, user: User, at: datetime) -> None:
        attempt = practice.begin_attempt(self._session, item, user, now=at)
        evaluation.submit_attempt(
            self._session,
            attempt,
            _otherwise(dict(item.reference)),
            lock_version=attempt.lock_version,
            user=user,
            now=at + timedelta(minutes=9),
        )


def _otherwise(sheet: Sheet) -> Sheet:
    """Return how somebody else heard the same call: whether the greeting was whole."""
    heard = "no" if sheet["greeting"]["answer"] == "yes" else "yes"
    return {**sheet, "greeting": {**sheet["greeting"], "answer": heard}}


def open_draft(session: Session, people: PeopleAtWork, now: datetime) -> None:
    """Let a manager propose a change of a scorecard, and agents comment on it."""
    source = session.scalars(
        select(ScorecardVersion)
        .join(Scorecard, Scorecard.id == ScorecardVersion.scorecard_id)
        .where(Scorecard.code == "outbound-sales", ScorecardVersion.state == VersionState.PUBLISHED)
    ).one()
    manager, then = people.user("martin"), now - timedelta(days=4)
    draft = drafts.next_draft(session, source, now=then, actor=manager)
    if draft.state is VersionState.OPEN_FOR_COMMENT:
        return
    asked = CriterionRule(
        "next_steps",
        CriterionKind.YES_NO,
        points=500,
        text=DRAFT["text"],
        guidance=DRAFT["guidance"],
        examples=DRAFT["examples"],
        skill=Skill.SOFT,
    )
    rule = with_criterion(drafts.locked(session, draft), asked, "closing")
    drafts.keep(session, draft, rule, "added:next_steps", now=then, actor=manager)
    drafts.open_for_comment(session, draft, now=then, actor=manager)
    for days, (place, name, words, answer) in enumerate(DRAFT["comments"], start=1):
        at = then + timedelta(days=days)
        said = comments.comment(
            session, draft, words, place=place, now=at, author=people.user(name)
        )
        if answer:
            by, reply = answer
            later = at + timedelta(hours=3)
            comments.answer(session, said, reply, now=later, author=people.user(by))

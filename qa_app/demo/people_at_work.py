"""What the sample's people do with a draw: review or skip, assess themselves, acknowledge."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.calls import Call, Leg
from models.people import Agent, User
from models.reviews import Exemplar, Review, SelfAssessment, Task
from models.samples import Draw, DrawnCall
from models.vocab import AssessmentState, Origin, ReviewState, SkipKind, TaskState
from models.vocab_learning import ExemplarAudience
from pipelines import evaluation
from pipelines.outcomes import Sheet
from pipelines.practice import exemplars
from pipelines.review import assessments, feedback, verdicts
from pipelines.review import service as review
from pipelines.scoring import rules
from pipelines.scoring.service import version_rule
from qa_app.demo.samples import Samples, Verdict

_WORDS = {
    "en": {"note": "Heard in the call.", "skip": "Nobody to speak with: a voicemail answered."},
    "zh_Hans": {"note": "录音中可以听到。", "skip": "没有与客户通话：接通的是语音信箱。"},
}
_OBJECTIONS = {
    "en": "I did name the price before I asked for consent; it is near the end of the call.",
    "zh_Hans": "我在征得客户同意之前已经说明了价格，在通话快结束的地方。",
}
_ANSWERS = {
    "en": "Thank you. I listened again: the price comes after the consent, so the score stays.",
    "zh_Hans": "谢谢。我重听了录音：价格是在客户同意之后才说的，评分保持不变。",
}
_WHY = {
    "en": "Listen to how this is done: calm, concrete, and the customer is never hurried.",
    "zh_Hans": "请听这里的做法：语气平稳，内容具体，没有催促客户。",
}


class PeopleAtWork:
    """Carries out verdicts in one session; each act as the person who would do it."""

    def __init__(self, session: Session, samples: Samples) -> None:
        """Look the people up once."""
        self._session = session
        self._samples = samples
        self._users = {user.username: user for user in session.scalars(select(User))}

    def user(self, name: str) -> User:
        """Return a person by the name they sign in with."""
        return self._users[name]

    def sheet_of(self, leg: Leg, user: User) -> Sheet:
        """Return how a leg is scored by what the samples say of it, in the person's words."""
        verdict = self._samples.verdicts[leg.call.source_key, leg.position]
        return self._sheet(self._version_of(leg), verdict.answers, user)

    def _version_of(self, leg: Leg) -> int:
        version_id = self._session.scalar(
            select(Review.version_id).where(Review.leg_id == leg.id, Review.origin == Origin.DRAWN)
        )
        if version_id is None:
            message = "a leg that was drawn and reviewed"
            raise ValueError(message)
        return version_id

    def work(self, draw: Draw, *, at: datetime, share: int = 1) -> None:
        """Let everyone do their part of a draw; of tasks only one in ``share``, the rest stay open.

        Agents are a day after ``at``, reviewers two, acknowledgements three.
        """
        rows = self._session.execute(
            select(Task, Leg, Call.source_key)
            .join(Leg, Leg.id == Task.leg_id)
            .join(Call, Call.id == Leg.call_id)
            .join(DrawnCall, DrawnCall.id == Task.drawn_call_id)
            .where(
                DrawnCall.draw_id == draw.id,
                Task.state == TaskState.OPEN,
                Task.origin == Origin.DRAWN,
            )
            .order_by(Task.id)
        ).all()
        for place, (task, leg, key) in enumerate(rows):
            verdict = self._samples.verdicts[key, leg.position]
            if place % share:
                continue
            self._assess(task, verdict, at + timedelta(days=1))
            self._review(task, verdict, at + timedelta(days=2))
        if share == 1:
            assessments.lapse_assessments(self._session, now=at + timedelta(days=8))

    def _assess(self, task: Task, verdict: Verdict, at: datetime) -> None:
        assessment = self._session.scalar(
            select(SelfAssessment).where(
                SelfAssessment.leg_id == task.leg_id,
                SelfAssessment.state == AssessmentState.ASKED,
            )
        )
        if assessment is None or verdict.self_answers is None or verdict.skip:
            return
        agent = self._session.get_one(Agent, assessment.agent_id)
        user = self._session.get_one(User, agent.user_id)
        evaluation.submit_assessment(
            self._session,
            assessment,
            self._sheet(assessment.version_id, verdict.self_answers, user),
            lock_version=assessment.lock_version,
            user=user,
            now=at,
        )

    def _review(self, task: Task, verdict: Verdict, at: datetime) -> None:
        reviewer = self._users[verdict.reviewer]
        review.claim(self._session, task, reviewer, now=at)
        if verdict.skip:
            words = _WORDS[reviewer.locale or "en"]["skip"]
            review.skip(self._session, task, reviewer, SkipKind(verdict.skip), words, now=at)
            return
        begun = verdicts.start_or_get_review(self._session, task, reviewer, now=at)
        evaluation.submit_review(
            self._session,
            begun,
            self._sheet(begun.version_id, verdict.answers, reviewer),
            "",
            lock_version=begun.lock_version,
            user=reviewer,
            now=at + timedelta(minutes=6),
        )

    def _sheet(self, version_id: int, answers: dict[str, Any], user: User) -> Sheet:
        """Write answers down, with a word wherever the scorecard asks for one."""
        sheet: Sheet = {
            lineage: {"answer": answer, "comment": "", "reason": None, "evidence": []}
            for lineage, answer in answers.items()
        }
        for problem in rules.problems(version_rule(self._session, version_id), sheet):
            if problem.code in {"comment_needed", "na_reason_needed"}:
                sheet[problem.criterion]["comment"] = _WORDS[user.locale or "en"]["note"]
        return sheet

    def acknowledge(self, draw: Draw, *, at: datetime) -> None:
        """Let agents read their feedback; the first one objects, and a manager answers."""
        submitted = self._session.scalars(
            select(Review)
            .join(DrawnCall, DrawnCall.id == Review.drawn_call_id)
            .where(DrawnCall.draw_id == draw.id, Review.state == ReviewState.SUBMITTED)
            .order_by(Review.id)
        ).all()
        objected = False
        for one in submitted:
            if not feedback.verdict_is_visible(self._session, one, at):
                continue
            agent = self._session.get_one(Agent, one.leg.agent_id)
            user = self._session.get_one(User, agent.user_id)
            if one.current is not None and not one.current.passed and not objected:
                objected = True
                self._object(one, agent, user, at)
            feedback.acknowledge(self._session, one, agent, user, now=at)

    def _object(self, one: Review, agent: Agent, user: User, at: datetime) -> None:
        locale = user.locale or "en"
        words = _OBJECTIONS[locale]
        objection = feedback.object_to(self._session, one, agent, user, words, now=at)
        manager = self._users["bo" if locale == "zh_Hans" else "martin"]
        evaluation.answer_objection(
            self._session,
            objection,
            manager,
            _ANSWERS[locale],
            upheld=False,
            now=at + timedelta(days=1),
        )

    def choose_exemplars(self, draw: Draw, trainer: str, *, at: datetime, count: int) -> None:
        """Let a trainer hold up the best reviewed calls, each for what earned most."""
        best = self._session.scalars(
            select(Review)
            .join(DrawnCall, DrawnCall.id == Review.drawn_call_id)
            .where(DrawnCall.draw_id == draw.id, Review.state == ReviewState.SUBMITTED)
            .order_by(Review.id)
        ).all()
        excellent = [one for one in best if one.current is not None and one.current.excellent]
        shown: set[str] = set()
        for one in excellent:
            revision = one.current
            if revision is None or len(shown) == count:
                break
            if self._session.scalar(select(Exemplar.id).where(Exemplar.review_id == one.id)):
                continue
            candidates = [
                answer
                for answer in revision.answers
                if answer.earned == answer.attainable > 0 and answer.criterion.lineage not in shown
            ]
            answer = max(candidates, key=lambda answer: answer.earned)
            shown.add(answer.criterion.lineage)
            user = self._users[trainer]
            why = _WHY[user.locale or "en"]
            wish = exemplars.Wish(why=why, audience=ExemplarAudience.SITE)
            exemplars.choose(
                self._session, one.leg, answer.criterion, user, wish, review=one, now=at
            )

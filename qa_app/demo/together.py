"""How the sample's people help each other: targets, disputes, a talk, a request for help."""

from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.calls import Leg
from models.people import Agent, Site, User
from models.reviews import Answer, Review, ReviewRevision
from models.vocab import ReviewState
from models.vocab_learning import (
    CoachingKind,
    DisputeReason,
    DisputeResult,
    HelpKind,
)
from pipelines import evaluation
from pipelines.coaching import help as helping
from pipelines.coaching import service as coaching
from pipelines.measures import targets
from pipelines.measures.rules.indicators import Indicator
from pipelines.review import disputes

QUARTER = (date(2026, 10, 1), date(2026, 12, 31))
AIMS = (
    (Indicator.QA_EXCELLENCE_RATE, 4_000, True),
    (Indicator.SMS_SATISFACTION_RATE, 9_000, True),
    (Indicator.COMPLAINT_RATE, 200, False),
)
MANAGERS = {"manchester": "martin", "shanghai": "bo"}
_WORDS = {
    "en": {
        "dispute": "I did this; listen to the part after the price.",
        "decision": "I listened to it twice. It is asked, but not answered, so it stays.",
        "cause": "The screen with the offers was slow that week.",
        "talk": "We listened to the call together. Next time the offer comes after the need.",
        "step": "Listen to two exemplars of asking for needs",
        "help": "The customer gets impatient here. How do I slow down?",
    },
    "zh_Hans": {
        "dispute": "我做到了，请听报价之后的部分。",
        "decision": "我听了两遍：问到了，但没有等客户回答，所以维持。",
        "cause": "那一周优惠页面打开很慢。",
        "talk": "我们一起听了这通电话。下次先了解需求，再介绍优惠。",
        "step": "听两段询问需求的优秀录音",
        "help": "客户在这里有些不耐烦，怎样放慢节奏？",
    },
}


class Together:
    """Carries the acts out for one site; each as the person who would do it."""

    def __init__(self, session: Session, site: Site, now: datetime) -> None:
        """Look up who leads the site."""
        self._session, self._site, self._now = session, site, now
        self._manager = session.scalars(
            select(User).where(User.username == MANAGERS[site.code])
        ).one()
        self._say = _WORDS[self._manager.locale or "en"]

    def work(self) -> None:
        """Set targets, dispute and decide, talk, and ask for help."""
        for indicator, value, focus in AIMS:
            targets.set_target(
                self._session,
                self._site,
                None,
                indicator,
                value=value,
                starts_on=QUARTER[0],
                ends_on=QUARTER[1],
                focus=focus,
                user=self._manager,
                now=self._now - timedelta(days=40),
            )
        weak = self._weak()
        fresh = [one for one in weak if self._open_until(one) > self._now]
        for place, review in enumerate(fresh[-2:]):
            self._dispute(review, decided=place == 0)
        if weak:
            self._talk(weak[0])
        if fresh:
            self._ask(fresh[-1])

    def _weak(self) -> list[Review]:
        """Return reviews below the pass line of agents who sign in, the oldest first."""
        return list(
            self._session.scalars(
                select(Review)
                .join(Leg, Leg.id == Review.leg_id)
                .join(Agent, Agent.id == Leg.agent_id)
                .join(ReviewRevision, ReviewRevision.id == Review.current_revision_id)
                .where(
                    Review.site_id == self._site.id,
                    Review.state == ReviewState.SUBMITTED,
                    Review.acknowledged_at.is_not(None),
                    ReviewRevision.passed.is_(False),
                    Agent.user_id.is_not(None),
                )
                .order_by(Review.submitted_at, Review.id)
            )
        )

    def _open_until(self, review: Review) -> datetime:
        return disputes.window_ends(self._session, review)

    def _agent_of(self, review: Review) -> tuple[Agent, User]:
        agent = self._session.get_one(Agent, review.leg.agent_id)
        return agent, self._session.get_one(User, agent.user_id)

    def _dispute(self, review: Review, *, decided: bool) -> None:
        open_points = self._session.scalars(
            select(Answer)
            .where(
                Answer.revision_id == review.current_revision_id,
                Answer.earned < Answer.attainable,
            )
            .order_by(Answer.id)
        ).first()
        if open_points is None:
            return
        agent, user = self._agent_of(review)
        claim = disputes.Claim(
            open_points.criterion_id, DisputeReason.OVERLOOKED, self._say["dispute"]
        )
        raised = self._now - timedelta(days=3 if decided else 1)
        dispute = disputes.raise_dispute(self._session, review, agent, user, [claim], now=raised)
        if decided:
            ruling = disputes.Ruling(DisputeResult.NOT_UPHELD, self._say["decision"])
            evaluation.decide_dispute(
                self._session,
                dispute,
                self._manager,
                {dispute.items[0].id: ruling},
                {},
                now=raised + timedelta(days=1),
            )

    def _talk(self, review: Review) -> None:
        agent, user = self._agent_of(review)
        if review.submitted_at is None:
            return
        then = review.submitted_at + timedelta(days=3)
        coaching.set_cause(
            self._session, review, "system", self._say["cause"], user=self._manager, now=then
        )
        talk = coaching.record_talk(
            self._session,
            agent,
            self._manager,
            kind=CoachingKind.TALK,
            held_on=then.date(),
            words=self._say["talk"],
            review=review,
            steps=[coaching.Step(self._say["step"], then.date() + timedelta(days=7))],
            now=then,
        )
        coaching.mark_step(
            self._session, talk.steps[0], user, done=True, now=then + timedelta(days=5)
        )

    def _ask(self, review: Review) -> None:
        agent, user = self._agent_of(review)
        helping.ask(
            self._session,
            review.leg,
            agent,
            user,
            kind=HelpKind.ANSWER,
            words=self._say["help"],
            at_ms=12_000,
            now=self._now - timedelta(hours=3),
        )

"""How the criteria of a version are answered: item analytics, summed in the database.

The figures describe reviewed calls, which a sample chose on purpose; they estimate nothing about
all calls. Which reviews count is for the caller, who narrows them to what a person may see.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BigInteger, Select, String, case, cast, func, select
from sqlalchemy.orm import Session, aliased

from models.calls import Leg
from models.people import User
from models.reviews import Answer, Review, ReviewRevision
from models.scorecards import Criterion
from models.vocab import Skill
from pipelines.scoring.items import Sums, item_rest

# Aliased throughout: what selects the reviews at hand asks about such rows of its own.
_Review, _Leg, _Revision, _Answer = (
    aliased(Review),
    aliased(Leg),
    aliased(ReviewRevision),
    aliased(Answer),
)

GROUP_OF_PEOPLE = 5
"""Figures of a group are shown from so many people on."""


@dataclass(frozen=True)
class ItemFigures:
    """One criterion in the reviews at hand.

    ``given`` counts answers by value: "yes", an option's lineage, a number of points, or an item
    of a checklist; ``done`` is how often the criterion was answered, ``na`` how often it was not
    applicable. ``earned`` and ``attainable`` are hundredths. ``rest`` is the correlation of its
    points with those of the rest of the sheet, null where either never varies or n is small.
    """

    criterion_id: int
    agents: int
    given: Mapping[str, int]
    done: int
    na: int
    earned: int
    attainable: int
    rest: float | None


@dataclass(frozen=True)
class ReviewerShare:
    """How often one reviewer said *not applicable*, of all answers where that was possible."""

    name: str
    reviews: int
    na: int
    asked: int


@dataclass(frozen=True)
class Items:
    """All of a version: how many reviews of how many agents, criterion by criterion.

    ``named`` is in how many of the reviews the reviewer may be named.
    """

    reviews: int
    agents: int
    earned: int
    figures: Mapping[int, ItemFigures] = field(default_factory=dict)
    reviewers: tuple[ReviewerShare, ...] = ()
    named: int = 0

    @property
    def enough(self) -> bool:
        """Whether so many agents were reviewed that figures of them as a group may be shown."""
        return self.agents >= GROUP_OF_PEOPLE


def items(
    session: Session,
    reviews: Select[Any],
    na_criteria: Iterable[int] = (),
    *,
    named: Select[Any] | None = None,
) -> Items:
    """Sum the answers of reviews: ``reviews`` selects the ids of submitted ones of one version.

    Only the score that counts now is read, so that a corrected answer stands once.
    ``na_criteria`` are the criteria that may be not applicable; ``named`` selects the reviews whose
    reviewers may be named, all where it is null.
    """
    ids = reviews.subquery()
    open_ids = ids if named is None else named.subquery()
    chosen = select(_Review.current_revision_id).where(_Review.id.in_(select(ids))).subquery()
    count, agents, earned = session.execute(
        select(
            func.count(_Review.id),
            func.count(func.distinct(_Leg.agent_id)),
            func.coalesce(func.sum(_Revision.earned), 0),
        )
        .join(_Leg, _Leg.id == _Review.leg_id)
        .join(_Revision, _Revision.id == _Review.current_revision_id)
        .where(_Review.id.in_(select(ids)))
    ).one()
    sums = _sums(session, chosen)
    figures = {}
    for criterion_id, given in _given(session, chosen).items():
        own = sums[criterion_id]
        figures[criterion_id] = ItemFigures(
            criterion_id,
            own.agents,
            given,
            own.done,
            own.na,
            own.earned,
            own.attainable,
            item_rest(own.pairs),
        )
    return Items(
        reviews=count,
        agents=agents,
        earned=int(earned),
        figures=figures,
        reviewers=tuple(_reviewers(session, open_ids, frozenset(na_criteria))),
        named=count
        if named is None
        else session.scalar(select(func.count()).select_from(open_ids)) or 0,
    )


@dataclass(frozen=True)
class _Own:
    agents: int
    done: int
    na: int
    earned: int
    attainable: int
    pairs: Sums


def _sums(session: Session, chosen: Any) -> dict[int, _Own]:
    # Squares of hundredths leave 32 bits behind.
    x = cast(_Answer.earned, BigInteger)
    y = cast(_Revision.earned, BigInteger) - x
    used = case((_Answer.not_applicable, 0), else_=1)

    def total(value: Any) -> Any:
        return func.coalesce(func.sum(value * used), 0)

    rows = session.execute(
        select(
            _Answer.criterion_id,
            func.count(func.distinct(_Leg.agent_id)),
            func.sum(used),
            func.sum(1 - used),
            total(x),
            func.sum(_Answer.attainable),
            total(y),
            total(x * x),
            total(y * y),
            total(x * y),
        )
        .join(_Revision, _Revision.id == _Answer.revision_id)
        .join(_Review, _Review.id == _Revision.review_id)
        .join(_Leg, _Leg.id == _Review.leg_id)
        .where(_Answer.revision_id.in_(select(chosen)))
        .group_by(_Answer.criterion_id)
    )
    return {
        criterion: _Own(
            agents,
            int(done),
            int(na),
            int(sx),
            int(attainable),
            Sums(int(done), int(sx), int(sy), int(sxx), int(syy), int(sxy)),
        )
        for criterion, agents, done, na, sx, attainable, sy, sxx, syy, sxy in rows
    }


def _given(session: Session, chosen: Any) -> dict[int, dict[str, int]]:
    written = cast(_Answer.value, String)
    rows = session.execute(
        select(_Answer.criterion_id, written, func.count(_Answer.id))
        .where(_Answer.revision_id.in_(select(chosen)))
        .group_by(_Answer.criterion_id, written)
    )
    found: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for criterion_id, value, count in rows:
        given = json.loads(value).get("answer")
        counts = found[criterion_id]
        for name in given if isinstance(given, list) else [given]:
            if isinstance(name, str) and name != "na":
                counts[name] += count
    return {criterion_id: dict(counts) for criterion_id, counts in found.items()}


def _reviewers(session: Session, ids: Any, na_criteria: frozenset[int]) -> Iterable[ReviewerShare]:
    rows = session.execute(
        select(
            User.display_name,
            func.count(func.distinct(_Review.id)),
            func.sum(case((_Answer.not_applicable, 1), else_=0)),
            func.count(_Answer.id),
        )
        .join(_Review, _Review.reviewer_id == User.id)
        .join(_Answer, _Answer.revision_id == _Review.current_revision_id)
        .where(_Review.id.in_(select(ids)), _Answer.criterion_id.in_(na_criteria))
        .group_by(User.id, User.display_name)
        .order_by(User.display_name)
    )
    for name, reviews, na, asked in rows:
        yield ReviewerShare(name, reviews, int(na), asked)


@dataclass(frozen=True)
class SkillShare:
    """Points earned of those attainable in criteria of one skill, in hundredths, over n reviews."""

    earned: int
    attainable: int
    reviews: int


@dataclass(frozen=True)
class AgentSkills:
    """One agent's shares in one team, by skill."""

    agent_id: int
    team_id: int | None
    shares: Mapping[Skill, SkillShare]


def skills(session: Session, reviews: Select[Any]) -> list[AgentSkills]:
    """Sum the points of soft and of hard criteria per agent and team at the time of the call.

    ``reviews`` selects the ids of submitted reviews. Bonus points are left out: they are in no
    attainable total, so that a share stays at or below 100 %.
    """
    ids = reviews.subquery()
    rows = session.execute(
        select(
            _Leg.agent_id,
            _Leg.team_id,
            Criterion.skill,
            func.sum(_Answer.earned),
            func.sum(_Answer.attainable),
            func.count(func.distinct(_Review.id)),
        )
        .join(_Review, _Review.leg_id == _Leg.id)
        .join(_Answer, _Answer.revision_id == _Review.current_revision_id)
        .join(Criterion, Criterion.id == _Answer.criterion_id)
        .where(
            _Review.id.in_(select(ids)),
            Criterion.skill.is_not(None),
            Criterion.bonus.is_(False),
            _Answer.not_applicable.is_(False),
        )
        .group_by(_Leg.agent_id, _Leg.team_id, Criterion.skill)
    )
    found: dict[tuple[int, int | None], dict[Skill, SkillShare]] = defaultdict(dict)
    for agent_id, team_id, skill, earned, attainable, count in rows:
        if agent_id is not None and skill is not None and attainable:
            found[agent_id, team_id][skill] = SkillShare(int(earned), int(attainable), count)
    return [AgentSkills(agent, team, shares) for (agent, team), shares in found.items()]

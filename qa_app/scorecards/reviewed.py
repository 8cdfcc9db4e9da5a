"""Which reviews figures of scorecards may speak of: in scope, submitted, and not to be judged."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import aliased

from models.calls import Leg
from models.reviews import Review
from models.vocab import Origin, ReviewState
from qa_app.access import Action, Person, visible
from qa_app.calls.blindness import may_judge


def reviewed(
    person: Person,
    action: Action,
    now: datetime,
    *conditions: ColumnElement[bool],
    origins: Collection[Origin],
    since: date | None = None,
) -> Select[Any]:
    """Select the ids of submitted reviews, without calls that the person judges or may yet judge.

    ``conditions`` are about ``Review``; ``since`` is the first day of the calls.
    """
    own = (
        visible(person, Review, action)
        .where(Review.state == ReviewState.SUBMITTED, Review.origin.in_(origins), *conditions)
        .with_only_columns(Review.id, Review.leg_id)
        .subquery()
    )
    # Aliased, since blindness asks about legs and reviews of its own.
    leg = aliased(Leg)
    found = (
        select(own.c.id)
        .join(leg, leg.id == own.c.leg_id)
        .where(~may_judge(person, leg.call_id, now))
    )
    return found if since is None else found.where(leg.local_date >= since)

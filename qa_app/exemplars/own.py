"""What an agent is told of exemplars from the own calls."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy.orm import Session, aliased

from models.calls import Leg
from models.reviews import Exemplar
from qa_app.access import Action, Person, visible
from qa_app.calls.blindness import blind_to
from qa_app.exemplars.queries import Entry, entries_of, for_entry


@dataclass(frozen=True)
class Mine:
    """An exemplar of one's own, and whether the own name stands beside it."""

    entry: Entry
    named: bool


def mine_page(session: Session, person: Person, now: dt.datetime) -> tuple[Mine, ...]:
    """List exemplars of the agent's calls, but for calls whose own assessment is still open."""
    leg = aliased(Leg)
    rows = list(
        session.scalars(
            visible(person, Exemplar, Action.EXEMPLARS_OWN)
            .join(leg, leg.id == Exemplar.leg_id)
            .where(~blind_to(person, leg.call_id, now))
            .options(*for_entry())
            .order_by(Exemplar.chosen_at.desc(), Exemplar.id.desc())
        ).unique()
    )
    entries = entries_of(session, person, rows)
    return tuple(Mine(entry, row.named) for entry, row in zip(entries, rows, strict=True))

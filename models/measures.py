"""Sums per day that pages and commands divide for display, and what has to be summed again."""

import datetime as dt

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, BigId
from models.vocab import Direction, Fact


class DailyFact(Base):
    """For one local day and one site, team, agent, project and direction: a sum and its count.

    Rebuilt whole for a site and day; null means the rows named none.
    """

    __tablename__ = "daily_fact"
    __table_args__ = (
        Index("ix_daily_fact_site_id_local_date_fact", "site_id", "local_date", "fact"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    local_date: Mapped[dt.date]
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="CASCADE"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id", ondelete="CASCADE"))
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id", ondelete="CASCADE"))
    project_id: Mapped[int | None] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    direction: Mapped[Direction | None]
    fact: Mapped[Fact]
    numerator_sum: Mapped[int] = mapped_column(BigInteger)
    count: Mapped[int]


class DirtyDay(Base):
    """A transaction changed rows of a site's day, whose facts are now behind; written with them.

    Not unique on purpose: a mark that waited for, or gave way to, another's would be lost when the
    day is rebuilt between the two commits. The rebuild removes the marks it saw.
    """

    __tablename__ = "dirty_day"
    __table_args__ = (Index("ix_dirty_day_site_id_local_date", "site_id", "local_date"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="CASCADE"))
    local_date: Mapped[dt.date]


class DrawStratumDay(Base):
    """Within a stratum of a draw, on one day, for one team: how many reviewed legs, Σy and Σy².

    ``measure`` names y: a rate (0 or 1) or a score in basis points.
    """

    __tablename__ = "draw_stratum_day"
    __table_args__ = (
        UniqueConstraint("stratum_id", "local_date", "team_id", "measure"),
        CheckConstraint("n >= 0", name="n"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    stratum_id: Mapped[int] = mapped_column(ForeignKey("draw_stratum.id", ondelete="CASCADE"))
    local_date: Mapped[dt.date]
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id", ondelete="CASCADE"))
    measure: Mapped[str]
    n: Mapped[int]
    sum_y: Mapped[int] = mapped_column(BigInteger)
    sum_y2: Mapped[int] = mapped_column(BigInteger)

"""Ten weeks of calls: who called whom, for how long, with what result."""

from __future__ import annotations

import csv
import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import texts
import world

CALLS = 5_000
DAY_WEIGHT = (1.0, 1.02, 0.98, 1.0, 0.96, 0.5, 0.32)
TALK_SIGMA = 0.48
TIERS = (("standard", 0.785), ("silver", 0.14), ("gold", 0.06), ("vip", 0.015))
OUT_UNANSWERED, IN_ABANDONED, ROBOT, NO_NOTICE, HELD = 0.24, 0.05, 0.03, 0.012, 0.16


@dataclass(frozen=True)
class Customer:
    """Somebody with an invented number."""

    number: str
    tier: str
    value: float


@dataclass(frozen=True)
class Leg:
    """One agent's part of a call, seconds with one decimal; the wait is the whole call's."""

    agent: str
    talk_s: float
    hold_s: float = 0.0
    acw_s: float = 0.0
    wait_s: float = 0.0


@dataclass(frozen=True)
class Call:
    """One call. `quality` per leg is how well it was handled, 0 is average."""

    call_id: str
    started_at: dt.datetime
    project: world.Project
    legs: tuple[Leg, ...]
    outcome: str
    customer: Customer
    notice: bool
    robot: bool
    quality: tuple[float, ...]
    written: dict[str, Any] | None = field(default=None)

    @property
    def talk_s(self) -> float:
        """Talk time of the whole call."""
        return sum(leg.talk_s for leg in self.legs)

    @property
    def day(self) -> dt.date:
        """Local day."""
        return self.started_at.date()

    @property
    def ended_at(self) -> dt.datetime:
        """When the last leg was over."""
        seconds = self.legs[0].wait_s + sum(leg.talk_s + leg.hold_s for leg in self.legs)
        return later(self.started_at, dt.timedelta(seconds=round(seconds)))


def later(moment: dt.datetime, delta: dt.timedelta) -> dt.datetime:
    """`moment` + `delta` in real seconds, in the same zone: local sums are wrong at a change."""
    return (moment.astimezone(dt.UTC) + delta).astimezone(moment.tzinfo)


def make_calls() -> list[Call]:
    """All calls, recorded ones included, by start and id."""
    rng = np.random.default_rng([world.SEED, 1])
    customers = {p.code: _customers(p, rng) for p in world.PROJECTS}
    recorded = _recorded(rng)
    days = [world.FIRST_DAY + dt.timedelta(days=n) for n in range(7 * world.WEEKS)]
    weights = np.array([DAY_WEIGHT[day.weekday()] for day in days])
    calls = list(recorded)
    for number in range(CALLS - len(recorded)):
        project = world.PROJECTS[number % len(world.PROJECTS)]
        day = days[rng.choice(len(days), p=weights / weights.sum())]
        people = customers[project.code]
        customer = people[int(rng.integers(len(people)))]
        calls.append(_call(number, project, day, customer, rng))
    return sorted(calls, key=lambda call: (call.started_at.astimezone(dt.UTC), call.call_id))


def _customers(project: world.Project, rng: np.random.Generator) -> list[Customer]:
    """Invent the customers of a project; numbers from ranges that belong to nobody."""
    count = 480 if project.site == "manchester" else 900
    first = 0 if project.direction == "out" else count
    return [
        Customer(
            _number(project.site, n),
            str(rng.choice([t for t, _ in TIERS], p=[w for _, w in TIERS])),
            round(float(rng.lognormal(np.log(project.median_value), 0.55)), 2),
        )
        for n in range(first, first + count)
    ]


def _number(site: str, n: int) -> str:
    return f"+44 7700 900{n:03d}" if site == "manchester" else f"+86 138 0000 {n:04d}"


def _start(project: world.Project, day: dt.date, rng: np.random.Generator) -> dt.datetime:
    opens, closes = (9.0, 20.0) if project.direction == "out" else (8.5, 20.5)
    hour = opens + (closes - opens) * float(rng.beta(1.6, 1.7))
    clock = dt.time(int(hour), int(hour % 1 * 60), int(rng.integers(60)))
    return dt.datetime.combine(day, clock, world.ZONES[project.site])


def _call(
    number: int,
    project: world.Project,
    day: dt.date,
    customer: Customer,
    rng: np.random.Generator,
) -> Call:
    started = _start(project, day, rng)
    robot = project.direction == "out" and rng.random() < ROBOT
    lost = OUT_UNANSWERED if project.direction == "out" else IN_ABANDONED
    missed = rng.random() < lost * (2.5 if world.in_incident(project.site, day) else 1)
    agents = _agents(project, rng)
    wait = float(rng.uniform(6, 28) if project.direction == "out" else rng.exponential(15) + 2)
    if project.direction == "in" and world.in_incident(project.site, day):
        wait *= 3.2
    quality = tuple(world.quality(agent, day) + float(rng.normal(0, 0.55)) for agent in agents)
    if robot or missed:
        # A robot plays its message; nobody is on our side of a call that nobody answered.
        talk = round(float(rng.uniform(6, 20)), 1) if robot and not missed else 0.0
        nobody = robot or project.direction == "in"
        legs = (Leg("" if nobody else agents[0], talk, wait_s=round(wait, 1)),)
        outcome = "unknown" if robot else "no_success"
        quality = quality[:1]
    else:
        legs = _legs(project, agents, wait, rng)
        outcome = _outcome(project, quality[-1], rng)
    notice = rng.random() >= NO_NOTICE
    return Call(
        texts.call_id(f"n{number}"), started, project, legs, outcome, customer,
        notice, robot, quality,
    )  # fmt: skip


def _agents(project: world.Project, rng: np.random.Generator) -> list[str]:
    own = world.agents_of(project.team)
    chance = (0.012, 0.0015) if project.direction == "out" else (0.075, 0.008)
    draw = rng.random()
    count = 1 if draw > sum(chance) else 2 if draw > chance[1] else int(rng.choice([3, 3, 3, 4]))
    first = own[int(rng.integers(len(own)))]
    service = next(p.team for p in world.PROJECTS if p.site == project.site and p.direction == "in")
    rest = [agent for agent in world.agents_of(service) if agent != first]
    return [first, *(str(a) for a in rng.permutation(rest)[: count - 1])]


def _legs(
    project: world.Project, agents: list[str], wait: float, rng: np.random.Generator
) -> tuple[Leg, ...]:
    talk = float(
        rng.lognormal(np.log(project.median_talk_s * (1 + 0.25 * (len(agents) - 1))), TALK_SIGMA)
    )
    shares = rng.dirichlet(np.full(len(agents), 4.0)) if len(agents) > 1 else np.ones(1)
    legs = []
    for agent, share in zip(agents, shares, strict=True):
        held = project.direction == "in" and rng.random() < HELD
        legs.append(
            Leg(
                agent,
                max(1.0, round(talk * float(share), 1)),
                round(float(rng.exponential(18)) + 4, 1) if held else 0.0,
                round(float(rng.lognormal(np.log(19), 0.5)), 1),
                round(wait, 1),
            )
        )
    return tuple(legs)


def _outcome(project: world.Project, quality: float, rng: np.random.Generator) -> str:
    base = 0.2 if project.direction == "out" else 0.68
    success = np.clip(base + 0.06 * quality, 0.04, 0.92)
    return str(
        rng.choice(
            ["success", "no_success", "unknown"],
            p=[success, (1 - success) * 0.62, (1 - success) * 0.38],
        )
    )


def _recorded(rng: np.random.Generator) -> list[Call]:
    """Make the calls that have a recording, as the texts and recorded.csv say."""
    with (texts.FOLDER / "recorded.csv").open(encoding="utf-8", newline="") as source:
        index = {row["call_id"]: row for row in csv.DictReader(source)}
    projects = {project.code: project for project in world.PROJECTS}
    calls = []
    for place, written in enumerate(texts.load()):
        row = index[written["call_id"]]
        project = projects[written["project"]]
        value = project.median_value * float(rng.uniform(0.7, 1.6))
        if written["design"] == "best":
            # Ahead of other satisfied customers, where the best are cut to a share.
            value = project.median_value * 2.6
        customer = Customer(
            _number(project.site, (960 if project.site == "manchester" else 9_900) + place),
            written.get("tier", "gold" if written["design"] == "best" else "standard"),
            float(written.get("value", round(value, 2))),
        )
        started = dt.datetime.fromisoformat(written["started_at"])
        wait = round(float(rng.uniform(4, 20)), 1)
        legs = tuple(
            Leg(
                agent,
                float(seconds),
                float(row["hold_s"]) if n == 0 else 0.0,
                round(float(rng.lognormal(np.log(19), 0.5)), 1),
                wait,
            )
            for n, (agent, seconds) in enumerate(
                zip(written["agents"], row["legs_s"].split(), strict=True)
            )
        )
        calls.append(
            Call(
                written["call_id"],
                started.replace(tzinfo=world.ZONES[project.site]),
                project,
                legs,
                written["outcome"],
                customer,
                notice=True,
                robot=False,
                quality=tuple(0.0 for _ in legs),
                written=written,
            )
        )
    return calls

"""What came after the calls: text-message answers, complaints, reviews and self-assessments."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import traffic
import verdicts
import world

SENT, ANSWERED, INVALID, TWICE = 0.45, 0.35, 0.03, 0.012
REPLIES = {
    "zh": ("非常满意", "满意", "一般", "不满意", "非常不满意"),
    "en": ("very satisfied", "satisfied", "neutral", "dissatisfied", "very dissatisfied"),
}
NOT_A_REPLY = {"zh": ("？", "TD", "好的"), "en": ("ok?", "STOP", "who is this?")}
COMPLAINTS_PER_CALL = {"out": 0.0085, "in": 0.005}
CAUSES = {
    "out": {"attitude": 0.34, "misleading": 0.32, "process": 0.12, "product": 0.1, "other": 0.12},
    "in": {"attitude": 0.24, "misleading": 0.1, "process": 0.34, "product": 0.24, "other": 0.08},
}
STATUS = {"open": 0.22, "upheld": 0.46, "not_upheld": 0.32}
WITHOUT_CALL = 0.22
SKIP = {"ineligible": 0.03, "not_reviewed": 0.03}
NO_SELF, OBJECTION, BY_LEAD, DIGIT = 0.3, 0.65, 0.15, 0.08
SHORT_S, LONG_S = 9, 90
HELPLESS = -0.7
FULL_MARKS_ARE_RARE = 1.0
CARDS = verdicts.load_scorecards()


def _pick(rng: np.random.Generator, weights: dict[str, float]) -> str:
    return str(rng.choice(list(weights), p=list(weights.values())))


def _stamp(moment: dt.datetime, zone: dt.tzinfo | None) -> str:
    """ISO local time; nothing arrives after the demo's draw looks."""
    settled = min(moment.astimezone(dt.UTC), world.SETTLED)
    return settled.astimezone(zone).isoformat(timespec="seconds")


def surveys(calls: list[traffic.Call]) -> list[dict[str, Any]]:
    """Rows of surveys.csv: one a text message, answered or not."""
    rng = np.random.default_rng([world.SEED, 2])
    rows: list[dict[str, Any]] = []
    for call in calls:
        if call.talk_s <= 0 or call.robot:
            continue
        planned = (call.written or {}).get("survey")
        answers: list[str] = []
        if call.written is not None:
            sent = planned is not None or rng.random() < SENT
            answers = [planned] if planned else []
        else:
            sent = rng.random() < SENT
            if sent and rng.random() < ANSWERED:
                answers = [_reply(call, rng)]
                if rng.random() < TWICE:
                    answers.append(_reply(call, rng))
        for reply in answers or ([""] if sent else []):
            asked = traffic.later(call.ended_at, dt.timedelta(minutes=5 + 30 * len(answers[1:])))
            minutes = float(rng.lognormal(np.log(35), 1.0)) * (
                2 if reply != (answers or [""])[0] else 1
            )
            answered = traffic.later(asked, dt.timedelta(minutes=minutes)) if reply else None
            zone = call.started_at.tzinfo
            rows.append(
                {
                    "survey_id": f"s{len(rows) + 1:05d}",
                    "call_id": call.call_id,
                    "sent_at": _stamp(asked, zone),
                    "answered_at": _stamp(answered, zone) if answered else "",
                    "reply": reply,
                }
            )
    return rows


def _reply(call: traffic.Call, rng: np.random.Generator) -> str:
    language = call.project.language
    if rng.random() < INVALID:
        return str(rng.choice(NOT_A_REPLY[language]))
    mood = 0.35 + 0.5 * float(np.mean(call.quality)) + float(rng.normal(0, 0.9))
    mood += 0.3 if call.outcome == "success" else -0.2
    mood -= 0.2 * (len(call.legs) - 1)
    if world.in_incident(call.project.site, call.day):
        mood -= 1.3
    place = int(np.searchsorted([-1.9, -1.2, -0.45, 0.75], mood))
    if rng.random() < DIGIT:
        return str(1 + place)  # some people send the digit of the scale instead of the word
    return REPLIES[language][4 - place]


def complaints(calls: list[traffic.Call]) -> list[dict[str, Any]]:
    """Rows of complaints.csv; a few are known only by agent and day."""
    rng = np.random.default_rng([world.SEED, 3])
    rows: list[dict[str, Any]] = []
    for call in calls:
        if call.talk_s <= 0 or call.robot:
            continue
        leg = 1 + int(rng.integers(len(call.legs)))
        if call.written is not None:
            found = call.written.get("complaint")
            by_day = False
        else:
            chance = COMPLAINTS_PER_CALL[call.project.direction]
            chance *= float(np.exp(-0.55 * call.quality[leg - 1]))
            chance *= 4.5 if world.in_incident(call.project.site, call.day) else 1
            found = None
            if rng.random() < chance:
                found = {
                    "cause": _pick(rng, CAUSES[call.project.direction]),
                    "status": _pick(rng, STATUS),
                }
            by_day = rng.random() < WITHOUT_CALL
        if not found:
            continue
        received = traffic.later(call.ended_at, dt.timedelta(hours=float(rng.uniform(0.3, 60))))
        rows.append(
            {
                "complaint_id": f"k{len(rows) + 1:04d}",
                "received_at": _stamp(received, call.started_at.tzinfo),
                "call_id": "" if by_day else call.call_id,
                "leg": "" if by_day else leg,
                "agent": call.legs[leg - 1].agent if by_day else "",
                "date": call.day.isoformat() if by_day else "",
                "cause": found["cause"],
                "status": found["status"],
            }
        )
    return rows


@dataclass(frozen=True)
class Verdict:
    """One row of verdicts.csv; `self_answers` is None where the agent did not answer."""

    reviewer: str
    skip: str
    answers: dict[str, Any] | None
    self_answers: dict[str, Any] | None


def verdict(call: traffic.Call, leg: int, rng: np.random.Generator) -> Verdict:
    """Say what a reviewer and the agent say about one leg (1-based) of a call."""
    agent = call.legs[leg - 1].agent
    reviewer = _reviewer(call, agent, rng)
    criteria = CARDS[call.project.scorecard]
    language = call.project.language
    if call.written is not None:
        skip = str(call.written.get("skip", ""))
        if skip:
            return Verdict(reviewer, skip, None, None)
        answers, own = (
            verdicts.written(criteria, language, call.written[name][leg - 1])
            for name in ("verdict", "self")
        )
        return Verdict(reviewer, "", answers, own)
    skip = _skip(call.legs[leg - 1].talk_s, rng)
    # People differ less on a form than on the telephone, and full marks are rare.
    level = 0.65 * call.quality[leg - 1] - FULL_MARKS_ARE_RARE
    weak = max(0.0, -world.quality(agent, call.day))
    common = {
        "language": language,
        "agreed": call.outcome == "success",
        "handling": _handling(call, leg),
        "held": call.legs[leg - 1].hold_s > 0,
        "objection": rng.random() < OBJECTION,
        "note": int(rng.integers(5)),
    }
    noise = {lineage: float(rng.normal(0, 0.6)) for lineage in criteria}
    bias = 0.22 + 0.4 * weak + float(rng.normal(0, 0.2))
    slips = {lineage: float(rng.normal(0, 0.3)) for lineage in criteria}
    answers = verdicts.drawn(
        criteria, {name: level + extra for name, extra in noise.items()}, **common
    )
    own = verdicts.drawn(
        criteria, {name: level + noise[name] + bias + slips[name] for name in criteria}, **common
    )
    no_self = rng.random() < NO_SELF
    if skip:
        return Verdict(reviewer, skip, None, None)
    return Verdict(reviewer, "", answers, None if no_self else own)


def _reviewer(call: traffic.Call, agent: str, rng: np.random.Generator) -> str:
    site = world.agent_site(agent)
    lead = world.AGENTS[world.TEAM_LEAD]
    took_part = any(leg.agent == world.TEAM_LEAD for leg in call.legs)
    if world.AGENTS[agent][2] == lead[2] and not took_part and rng.random() < BY_LEAD:
        return lead[0]
    return str(rng.choice(world.REVIEWERS[site]))


def _skip(talk_s: float, rng: np.random.Generator) -> str:
    """Toss a seeded coin; short calls are more often voicemail, long ones more often left."""
    coin = float(rng.random())
    ineligible = SKIP["ineligible"] + (0.2 if talk_s < SHORT_S else 0.0)
    if coin < ineligible:
        return "ineligible"
    left = SKIP["not_reviewed"] + (0.04 if talk_s > LONG_S else 0.0)
    return "not_reviewed" if coin < ineligible + left else ""


def _handling(call: traffic.Call, leg: int) -> str:
    if leg < len(call.legs):
        return "handling_transferred"
    if call.outcome == "success":
        return "handling_solved"
    return "handling_next" if call.quality[leg - 1] > HELPLESS else "handling_none"

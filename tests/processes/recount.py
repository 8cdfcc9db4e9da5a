"""A second, independent count of the demo's figures, from the sample files alone.

Standard library only, and nothing of the product: written from the published rules (docs/), so
that a mistake in either shows as a difference.
"""

import csv
import hashlib
import json
import math
import statistics
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

MASK = (1 << 64) - 1
ORDER = ("worst", "best", "multi_transfer", "high_value", "very_long", "very_short")
SATISFIED = {"very satisfied": 5, "satisfied": 4, "非常满意": 5, "满意": 4, "5": 5, "4": 4}
NEUTRAL = {"neutral": 3, "一般": 3, "3": 3}
DISSATISFIED = {
    "dissatisfied": 2,
    "very dissatisfied": 1,
    "不满意": 2,
    "非常不满意": 1,
    "2": 2,
    "1": 1,
}
FIRST_MONDAY = date(2026, 9, 14)
DEMO_NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


@dataclass
class Leg:
    agent: str
    talk_ms: int


@dataclass
class Call:
    key: str
    site: str
    zone: ZoneInfo
    project: str
    outbound: bool
    started: datetime
    robot: bool
    notice: bool
    success: bool
    tier: str
    value: int
    currency: str
    legs: list[Leg] = field(default_factory=list)

    @property
    def talk_ms(self) -> int:
        return sum(leg.talk_ms for leg in self.legs)

    @property
    def day(self) -> date:
        return self.started.astimezone(self.zone).date()

    @property
    def agent(self) -> str:
        return max(self.legs, key=lambda leg: leg.talk_ms).agent

    @property
    def connected(self) -> bool:
        return self.talk_ms > 0 and not self.robot

    @property
    def draw_key(self) -> int:
        return int.from_bytes(hashlib.sha256(f"main\x1f{self.key}".encode()).digest()[:8], "big")


def splitmix64(x: int) -> int:
    z = (x + 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


class Recount:
    """The sample folder, counted again; ``weeks`` is how many past weeks were drawn."""

    def __init__(self, folder: Path, weeks: int) -> None:
        self.folder, self.weeks = folder, weeks
        people = self._rows("people.csv")
        self.zones = {row["site"]: ZoneInfo(row["site_timezone"]) for row in people}
        self.sites = list(dict.fromkeys(row["site"] for row in people))
        self.calls = self._calls()
        self.answers = self._answers()
        self.complaints = self._rows("complaints.csv")
        self.verdicts = {
            (row["call_id"], int(row["leg"])): row for row in self._rows("verdicts.csv")
        }
        self.recorded = {row["call_id"] for row in self._rows("recorded.csv")}
        self.cards = {
            path.stem: json.loads(path.read_text(encoding="utf-8"))
            for path in (folder / "scorecards").glob("*.json")
        }

    def _rows(self, name: str) -> list[dict[str, str]]:
        with (self.folder / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def _calls(self) -> dict[str, Call]:
        calls: dict[str, Call] = {}
        rows = sorted(self._rows("calls.csv"), key=lambda row: (row["call_id"], int(row["leg"])))
        for row in rows:
            call = calls.get(row["call_id"])
            if call is None:
                value = row["customer_value"]
                call = calls[row["call_id"]] = Call(
                    key=row["call_id"],
                    site=row["site"],
                    zone=self.zones[row["site"]],
                    project=row["project"],
                    outbound=row["direction"] == "out",
                    started=datetime.fromisoformat(row["started_at"]),
                    robot=row["robot"] == "yes",
                    notice=row["recording_notice"] == "yes",
                    success=row["outcome"] == "success",
                    tier=row["customer_tier"],
                    value=round(Fraction(value) * 100) if value else -1,
                    currency=row["currency"] if value else "",
                )
            call.legs.append(Leg(row["agent"], round(Fraction(row["talk_s"]) * 1000)))
        return calls

    def _answers(self) -> dict[str, list[tuple[datetime, str, int]]]:
        """Every valid answer of a call in order of time: when, its row's id, its level."""
        found: dict[str, list[tuple[datetime, str, int]]] = defaultdict(list)
        for row in self._rows("surveys.csv"):
            reply = row["reply"].strip().lower()
            level = {**SATISFIED, **NEUTRAL, **DISSATISFIED}.get(reply)
            if level is not None and row["answered_at"]:
                when = datetime.fromisoformat(row["answered_at"])
                found[row["call_id"]].append((when, row["survey_id"], level))
        return {call: sorted(answers) for call, answers in found.items()}

    # Rates over all rows.

    def sms_satisfaction_rate(self) -> dict[str, int]:
        last = [answers[-1][2] for answers in self.answers.values()]
        return {"numerator": sum(level >= 4 for level in last), "denominator": len(last)}

    def complaint_rate(self) -> dict[str, int]:
        about = [self.calls[row["call_id"]] for row in self.complaints if row["call_id"]]
        return {
            "numerator": sum(call.outbound for call in about),
            "denominator": sum(call.outbound and call.connected for call in self.calls.values()),
        }

    # The draws.

    def has_recording(self, call: Call, start: date) -> bool:
        """Past weeks: the demo makes a recording of every call with notice, but one in fifty."""
        if start >= date(2026, 11, 9):
            return call.key in self.recorded
        number = int.from_bytes(hashlib.sha256(call.key.encode()).digest()[:8], "big")
        return number % 50 != 0

    def frame(self, site: str, start: date, end: date) -> list[Call]:
        return [
            call
            for call in self.calls.values()
            if call.site == site
            and start <= call.day <= end
            and call.connected
            and call.notice
            and self.has_recording(call, start)
        ]

    def peers(self, site: str, end: date) -> list[Call]:
        first = end - timedelta(days=27)
        return [
            call
            for call in self.calls.values()
            if call.site == site and first <= call.day <= end and call.connected
        ]

    def reasons(self, site: str, start: date, end: date, as_of: datetime, seed: int) -> Any:
        """Give each call of the frame its reasons."""
        frame, peers = self.frame(site, start, end), self.peers(site, end)
        found: dict[str, set[str]] = {call.key: set() for call in frame}
        tie = {
            call.key: splitmix64(splitmix64(call.draw_key ^ seed) ^ 0xD1B54A32D192ED03)
            for call in frame
        }
        complained = {
            row["call_id"]
            for row in self.complaints
            if row["status"] != "not_upheld" and datetime.fromisoformat(row["received_at"]) <= as_of
        }
        best = []
        for call in frame:
            known = [one for one in self.answers.get(call.key, ()) if one[0] <= as_of]
            level = known[-1][2] if known else None
            if call.key in complained or level in (1, 2):
                found[call.key].add("worst")
            if level == 5 and call.success:
                best.append(call)
            if len(call.legs) > 2:
                found[call.key].add("multi_transfer")
            if call.tier == "vip" or self._top_value(call, peers):
                found[call.key].add("high_value")
        size = len(frame)
        cut = max(10, math.ceil(Fraction(size * 2, 100)))
        for call in sorted(best, key=lambda call: (-call.value, tie[call.key]))[:cut]:
            found[call.key].add("best")
        z = {call.key: self._z(call, peers) for call in frame}
        for reason, sign in (("very_long", 1), ("very_short", -1)):
            ranked = sorted(frame, key=lambda call: (-sign * z[call.key], tie[call.key]))
            beyond = [call for call in ranked if sign * z[call.key] > 3]
            fill = size * 50 // 10_000
            if len(beyond) < fill:
                beyond = [call for call in ranked if sign * z[call.key] > 0][:fill]
            for call in beyond[:cut]:
                found[call.key].add(reason)
        return found

    def _group(self, call: Call, peers: list[Call]) -> list[Call]:
        own = [one for one in peers if (one.project, one.outbound) == (call.project, call.outbound)]
        if len(own) >= 100:
            return own
        own = [one for one in peers if one.outbound == call.outbound]
        return own if len(own) >= 100 else peers

    def _z(self, call: Call, peers: list[Call]) -> float:
        ln = [math.log(one.talk_ms) for one in self._group(call, peers)]
        median = statistics.median(ln)
        mad = statistics.median(abs(one - median) for one in ln)
        return (math.log(call.talk_ms) - median) / (1.4826 * mad) if mad else 0.0

    def _top_value(self, call: Call, peers: list[Call]) -> bool:
        if call.value < 0:
            return False
        valued = [one for one in peers if one.value >= 0 and one.currency == call.currency]
        values = sorted((one.value for one in self._group(call, valued)), reverse=True)
        k = len(values) * 2 // 100
        return k > 0 and call.value > values[k]

    def draw(
        self, site: str, start: date, end: date, as_of: datetime, seed: int, *, newest: bool
    ) -> dict[str, list[str]]:
        """Return the drawn calls of each stratum, by random number."""
        found = self.reasons(site, start, end, as_of, seed)
        strata: dict[str, list[str]] = defaultdict(list)
        for key, reasons in found.items():
            first = next((reason for reason in ORDER if reason in reasons), None)
            ordinary = "ordinary" if newest else f"ordinary:{self.calls[key].agent}"
            strata[first or ordinary].append(key)
        for keys in strata.values():
            keys.sort(key=lambda key: splitmix64(self.calls[key].draw_key ^ seed))
        if newest:
            return dict(strata)
        counts = self._quotas({key: len(calls) for key, calls in strata.items()})
        return {key: calls[: counts[key]] for key, calls in strata.items()}

    @staticmethod
    def _quotas(size: dict[str, int]) -> dict[str, int]:
        """The weekly plan: four of each reason; 24 ordinary, at least two an agent."""
        counts = {key: min(n, 4) for key, n in size.items() if key in ORDER}
        ordinary = {key: n for key, n in size.items() if key not in ORDER}
        counts |= {key: min(n, 2) for key, n in ordinary.items()}
        room = {key: n - counts[key] for key, n in ordinary.items()}
        left = min(24 - sum(min(n, 2) for n in ordinary.values()), sum(room.values()))
        if left > 0:
            exact = {key: Fraction(left * n, sum(room.values())) for key, n in room.items()}
            more = {key: math.floor(share) for key, share in exact.items()}
            by_rest = sorted(exact, key=lambda key: (more[key] - exact[key], key))
            for key in by_rest[: left - sum(more.values())]:
                more[key] += 1
            counts |= {key: counts[key] + n for key, n in more.items()}
        return counts

    def past_draws(self) -> list[dict[str, list[str]]]:
        draws = []
        for week in range(self.weeks):
            monday = FIRST_MONDAY + timedelta(weeks=week)
            sunday = monday + timedelta(days=6)
            midnight = datetime.combine(sunday, time(), ZoneInfo("Asia/Shanghai"))
            at = midnight.astimezone(UTC) + timedelta(days=4, hours=12)
            draws += [
                self.draw(site, monday, sunday, at, _seed(f"{site} {monday}"), newest=False)
                for site in self.sites
            ]
        return draws

    def newest_draws(self) -> list[dict[str, list[str]]]:
        start, end = date(2026, 11, 9), date(2026, 11, 22)
        return [
            self.draw(site, start, end, DEMO_NOW, _seed(f"{site} newest"), newest=True)
            for site in self.sites
        ]

    def drawn(self) -> dict[str, int]:
        """The newest draw's calls by stratum."""
        counts: dict[str, int] = defaultdict(int)
        for draw in self.newest_draws():
            for key, calls in draw.items():
                counts[key.split(":")[0]] += len(calls)
        return dict(sorted(counts.items()))

    # What reviewers found.

    def reviewed_legs(self) -> list[tuple[str, int]]:
        """Legs reviewed in past weeks: all with talk of drawn calls, but for those passed over."""
        legs = [
            (key, place)
            for draw in self.past_draws()
            for calls in draw.values()
            for key in calls
            for place, leg in enumerate(self.calls[key].legs, start=1)
            if leg.talk_ms > 0
        ]
        return [leg for leg in legs if not self.verdicts[leg]["skip"]]

    def is_excellent(self, leg: tuple[str, int]) -> bool:
        card = self.cards["outbound-sales" if self.calls[leg[0]].outbound else "service"]
        answers = json.loads(self.verdicts[leg]["answers"])
        earned = attainable = Fraction(0)
        failed = False
        for criterion in (one for part in card["sections"] for one in part["criteria"]):
            answer = answers.get(criterion["lineage"])
            if answer in (None, "na") or criterion["kind"] == "text":
                continue
            points, most = _points(criterion, answer)
            earned += points
            attainable += 0 if criterion["bonus"] else most
            failed |= criterion["critical"] and points < Fraction(criterion["critical_min"])
        percent = earned / attainable * 100
        return percent >= Fraction(card["excellent_pct"]) and not failed

    def qa_excellence_rate(self) -> dict[str, int]:
        legs = self.reviewed_legs()
        return {
            "numerator": sum(self.is_excellent(leg) for leg in legs),
            "denominator": len(legs),
        }


def _seed(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest()[:16], 16)


def _points(criterion: dict[str, Any], answer: Any) -> tuple[Fraction, Fraction]:
    """Points earned and attainable."""
    options = {one["lineage"]: Fraction(one["points"]) for one in criterion.get("options", ())}
    kind = criterion["kind"]
    if kind == "yes_no":
        most = Fraction(criterion["points"])
        return (most if answer == "yes" else Fraction(0)), most
    if kind == "points":
        return Fraction(answer), Fraction(criterion["points"])
    if kind == "checklist":
        return sum((options[one] for one in answer), Fraction(0)), sum(
            options.values(), Fraction(0)
        )
    return options[answer], max(options.values())

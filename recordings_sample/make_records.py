"""Write people, calls, surveys, complaints and verdicts beside this file.

    python recordings_sample/make_records.py

Needs numpy and what make_recordings.py left behind (recorded.csv, texts/). The same seed gives the
same bytes. README.md says what each column means.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import feedback
import numpy as np
import texts
import traffic
import world


def write(name: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write one CSV, UTF-8, header row, line feed."""
    rows = list(rows)
    with (texts.FOLDER / name).open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    sys.stdout.write(f"{name}: {len(rows)} rows\n")


def leg_rows(calls: list[traffic.Call]) -> list[dict[str, Any]]:
    """Rows of calls.csv: one a leg, the call's own fields repeated on each."""
    rows = []
    for call in calls:
        start = call.started_at
        for number, leg in enumerate(call.legs, 1):
            rows.append(
                {
                    "call_id": call.call_id,
                    "leg": number,
                    "started_at": start.isoformat(timespec="seconds"),
                    "direction": call.project.direction,
                    "project": call.project.code,
                    "site": call.project.site,
                    "agent": leg.agent,
                    "talk_s": f"{leg.talk_s:.1f}",
                    "hold_s": f"{leg.hold_s:.1f}",
                    "acw_s": f"{leg.acw_s:.1f}",
                    "wait_s": f"{leg.wait_s:.1f}",
                    "outcome": call.outcome,
                    "customer": call.customer.number,
                    "customer_tier": call.customer.tier,
                    "customer_value": f"{call.customer.value:.2f}",
                    "currency": call.project.currency,
                    "recording_notice": "yes" if call.notice else "no",
                    "robot": "yes" if call.robot else "no",
                }
            )
            seconds = leg.talk_s + leg.hold_s + (leg.wait_s if number == 1 else 0.0)
            start = traffic.later(start, dt.timedelta(seconds=round(seconds)))
    return rows


def verdict_rows(calls: list[traffic.Call]) -> list[dict[str, Any]]:
    """Rows of verdicts.csv: one a leg in which somebody talked."""
    rng = np.random.default_rng([world.SEED, 5])
    rows = []
    for call in calls:
        for number, leg in enumerate(call.legs, 1):
            if leg.talk_s <= 0 or not leg.agent:
                continue
            found = feedback.verdict(call, number, rng)
            rows.append(
                {
                    "call_id": call.call_id,
                    "leg": number,
                    "reviewer": found.reviewer,
                    "skip": found.skip,
                    "answers": _json(found.answers or {}),
                    "self_answers": _json(found.self_answers),
                }
            )
    return rows


def _json(answers: dict[str, Any] | None) -> str:
    if answers is None:
        return ""
    return json.dumps(answers, ensure_ascii=False, separators=(",", ":"))


def main() -> int:
    """Write every file."""
    calls = traffic.make_calls()
    write("people.csv", world.people())
    write("calls.csv", leg_rows(calls))
    write("surveys.csv", feedback.surveys(calls))
    write("complaints.csv", feedback.complaints(calls))
    write("verdicts.csv", verdict_rows(calls))
    return 0


if __name__ == "__main__":
    sys.exit(main())

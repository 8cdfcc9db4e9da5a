"""What a reviewer and the agent would answer on a scorecard, for one leg.

A verdict is drawn from how well the agent worked (a number around 0): each criterion asks for
some skill, and the answer is the best one that the day's skill reaches.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import texts

Answers = dict[str, Any]

# Shift of the skill that the scorecard asks for: larger is harder to earn in full.
HARDNESS = {
    "greeting": -1.9, "identity": -3.0, "purpose": -1.3, "needs": -0.6, "listening": -0.9,
    "explanation": -1.1, "truthful": -2.9, "objections": -0.8, "politeness": -1.3,
    "recap": -1.2, "farewell": -1.9, "extra": 1.3, "problem": -0.9, "empathy": -0.8,
    "solution": -0.9, "steps": -1.0, "warm_transfer": -0.6, "hold": -0.9, "check": -0.9,
}  # fmt: skip
NOTES = {
    "en": (
        "You asked before you offered: keep that.",
        "Your recap was clear and short.",
        "You checked before you promised.",
        "You stayed calm when the customer was not.",
        "You let the customer finish.",
    ),
    "zh": (
        "先了解需求再推荐，请保持。",
        "复述清楚、简短。",
        "先查再答应，很好。",
        "客户着急的时候您很平静。",
        "让客户把话说完，很好。",
    ),
}


def load_scorecards() -> dict[str, dict[str, Any]]:
    """Code to criterion lineage to criterion, in the order of the form."""
    found = {}
    for path in sorted((texts.FOLDER / "scorecards").glob("*.json")):
        card = json.loads(path.read_text(encoding="utf-8"))
        found[card["code"]] = {
            criterion["lineage"]: criterion
            for section in card["sections"]
            for criterion in section["criteria"]
        }
    return found


def full(criteria: dict[str, Any], language: str) -> Answers:
    """Everything earned, nothing extra: what a text file's verdict starts from."""
    answers: Answers = {}
    for lineage, criterion in criteria.items():
        kind = criterion["kind"]
        if lineage in ("extra", "hold"):
            answers[lineage] = "no" if lineage == "extra" else "na"
        elif kind == "yes_no":
            answers[lineage] = "yes"
        elif kind in ("levels", "choice"):
            answers[lineage] = criterion["options"][0]["lineage"]
        elif kind == "checklist":
            answers[lineage] = [option["lineage"] for option in criterion["options"]]
        elif kind == "points":
            answers[lineage] = criterion["points"]
        else:
            answers[lineage] = NOTES[language][2]
    return answers


def close(criteria: dict[str, Any], answers: Answers) -> Answers:
    """Drop answers whose condition is not open."""
    kept = {}
    for lineage, criterion in criteria.items():
        condition = criterion["condition"]
        if condition is not None and answers[condition["criterion"]] not in condition["in"]:
            continue
        kept[lineage] = answers[lineage]
    return kept


def written(criteria: dict[str, Any], language: str, differences: Answers) -> Answers:
    """Answer as a recorded call's text file says: full marks but for what it names."""
    unknown = set(differences) - set(criteria)
    if unknown:
        raise ValueError(unknown)
    return close(criteria, full(criteria, language) | differences)


def drawn(
    criteria: dict[str, Any],
    skills: dict[str, float],
    *,
    language: str,
    agreed: bool,
    handling: str,
    held: bool,
    objection: bool,
    note: int,
) -> Answers:
    """Answers for a leg; `skills` is the skill shown on each criterion, around 0."""
    answers: Answers = {}
    for lineage, criterion in criteria.items():
        margin = skills.get(lineage, 0.0) - HARDNESS.get(lineage, 0.0)
        answers[lineage] = _answer(criterion, margin)
    if "outcome" in criteria:
        politely = "outcome_polite" if skills["farewell"] > HARDNESS["farewell"] else "outcome_open"
        follow_up = "outcome_next" if skills["needs"] > 0 else politely
        answers["outcome"] = "outcome_agreed" if agreed else follow_up
        if not objection:
            answers["objections"] = "na"
    else:
        answers["handling"] = handling
        if handling == "handling_transferred":
            answers["identity"] = "na"
        if not held:
            answers["hold"] = "na"
    answers["note"] = NOTES[language][note % len(NOTES[language])]
    return close(criteria, answers)


def _answer(criterion: dict[str, Any], margin: float) -> Any:
    kind = criterion["kind"]
    if kind == "yes_no":
        return "yes" if margin > 0 else "no"
    if kind in ("levels", "choice"):
        # Options stand from the best to the least; each step down is 0.9 of skill.
        options = criterion["options"]
        return options[int(np.clip(np.ceil(-margin / 0.9), 0, len(options) - 1))]["lineage"]
    if kind == "checklist":
        options = criterion["options"]
        missing = int(np.clip(np.ceil(-margin / 0.5), 0, len(options)))
        return [option["lineage"] for option in options[: len(options) - missing]]
    if kind == "points":
        top = float(criterion["points"])
        return str(int(np.clip(np.floor(top + 2 * min(margin, 0) + 0.5), 0, top)))
    return ""

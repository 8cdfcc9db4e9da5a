"""Scorecards taken in, given out, published; what is wrong with a file is named with its place."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from models.scorecards import Criterion, ScorecardVersion
from models.vocab import VersionState
from pipelines.outcomes import DomainError
from pipelines.scoring.rules import score, sheet_of
from pipelines.scoring.service import (
    export_scorecard,
    import_scorecard,
    version_rule,
)
from tests.factories import NOW, SCORECARD

SAMPLES = Path(__file__).parents[2] / "recordings_sample" / "scorecards"


def changed(*path_and_value: Any) -> Any:
    *path, value = path_and_value
    data = copy.deepcopy(SCORECARD)
    place = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return data


def criterion(index: Any, key: Any, value: Any) -> Any:
    return changed("sections", 0, "criteria", index, key, value)


def test_a_scorecard_comes_back_as_it_went_in(session: Any) -> None:
    version = import_scorecard(session, SCORECARD, now=NOW)
    assert (version.number, version.state) == (1, VersionState.PUBLISHED)
    assert export_scorecard(session, version.id) == SCORECARD


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_the_sample_scorecards_are_whole(session: Any, path: Any) -> None:
    data = json.loads(path.read_text(encoding="utf-8"))
    version = import_scorecard(session, data, now=NOW)
    assert import_scorecard(session, export_scorecard(session, version.id), now=NOW) is version
    rule = version_rule(session, version.id)
    assert score(rule, {}).attainable > 0


def test_the_same_file_again_changes_nothing_and_another_wording_is_the_next_version(
    session: Any,
) -> None:
    first = import_scorecard(session, SCORECARD, now=NOW)
    assert import_scorecard(session, SCORECARD, now=NOW).id == first.id
    second = import_scorecard(session, changed("pass_pct", "55"), now=NOW)
    assert (second.number, second.state) == (2, VersionState.PUBLISHED)
    session.refresh(first)
    assert first.state is VersionState.RETIRED
    assert version_rule(session, first.id).pass_bp == 6000
    assert session.scalar(select(func.count(ScorecardVersion.id))) == 2


def test_a_draft_is_published_later_and_never_changes_after(session: Any) -> None:
    draft = import_scorecard(session, SCORECARD, now=NOW, publish=False)
    assert draft.state is VersionState.DRAFT
    assert import_scorecard(session, SCORECARD, now=NOW).state is VersionState.PUBLISHED
    row = session.scalars(select(Criterion).where(Criterion.version_id == draft.id)).first()
    row.points = 9_900
    with pytest.raises(DBAPIError, match="published version"):
        session.flush()


def test_rules_of_a_version_score_a_sheet(session: Any) -> None:
    version = import_scorecard(session, SCORECARD, now=NOW)
    rule = version_rule(session, version.id)
    result = score(rule, sheet_of(rule, {"greeting": "yes", "needs": "needs_some"}))
    assert (result.earned, result.attainable) == (1100, 3000)


@pytest.mark.parametrize(
    ("data", "code", "place"),
    [
        ([], "scorecard_not_an_object", ""),
        (changed("excellent_pct", "50"), "scorecard_bands_crossed", "excellent_pct"),
        (changed("pass_pct", "sixty"), "scorecard_number_unreadable", "pass_pct"),
        (changed("title", {"en": "Only"}), "scorecard_language_missing", "title"),
        (changed("sections", []), "scorecard_list_needed", "sections"),
        (changed("code", "no spaces"), "scorecard_code_unreadable", "code"),
        (criterion(0, "points", "-5"), "scorecard_points_negative", "points"),
        (criterion(0, "points", "0"), "scorecard_nothing_to_earn", ""),
        (criterion(0, "points", 5), "scorecard_number_unreadable", "points"),
        (criterion(0, "kind", "stars"), "scorecard_word_unknown", "kind"),
        (criterion(0, "bonus", "yes"), "scorecard_flag_unreadable", "bonus"),
        (criterion(0, "critical", True), "scorecard_critical_unreachable", "critical_min"),
        (criterion(1, "lineage", "greeting"), "scorecard_lineage_twice", "lineage"),
        (
            criterion(1, "condition", {"criterion": "closing", "in": ["yes"]}),
            "scorecard_condition_unreachable",
            "condition.criterion",
        ),
        (
            criterion(1, "condition", {"criterion": "greeting", "in": ["maybe"]}),
            "scorecard_condition_unreachable",
            "condition.in",
        ),
    ],
)
def test_a_fault_in_a_file_is_named_with_its_place(
    session: Any, data: Any, code: Any, place: Any
) -> None:
    with pytest.raises(DomainError) as refused:
        import_scorecard(session, data, now=NOW)
    assert refused.value.code == code
    assert refused.value.params["place"].endswith(place)
    assert session.scalar(select(func.count(ScorecardVersion.id))) == 0

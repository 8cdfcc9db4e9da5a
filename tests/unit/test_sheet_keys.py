"""The keys that press the answers of a criterion."""

import pytest

from models.vocab import CriterionKind
from pipelines.outcomes import AnswerState, CriterionScore
from pipelines.scoring.rules import CriterionRule, OptionRule
from qa_app.reviews import sheets

MANY = tuple(OptionRule(f"option{number}", number) for number in range(12))


@pytest.mark.parametrize(
    ("rule", "keys"),
    [
        (CriterionRule("x", CriterionKind.YES_NO, points=500), ["1", "2"]),
        (CriterionRule("x", CriterionKind.POINTS, points=300), ["0", "1", "2", "3"]),
        (CriterionRule("x", CriterionKind.POINTS, points=1000), [str(n) for n in range(11)]),
        # 0, 0.5 and 1 are no digits.
        (CriterionRule("x", CriterionKind.POINTS, points=100, step=50), ["1", "2", "3"]),
        (CriterionRule("x", CriterionKind.CHOICE, options=MANY), [str(n + 1) for n in range(12)]),
    ],
)
def test_a_number_of_points_is_its_own_key_and_other_answers_are_counted(
    rule: CriterionRule, keys: list[str]
) -> None:
    view = sheets.CriterionView(
        rule=rule,
        number=1,
        choices=tuple(sheets._choices(rule)),
        radio=True,
        part=CriterionScore(1, "x", AnswerState.MISSING, 0, 0, 0),
        problem=None,
        asks_words=False,
    )
    assert list(view.keys) == keys

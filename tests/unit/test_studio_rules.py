"""Scorecard drafts as values: what is wrong with one, how it changes, what differs, its file."""

import copy
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.vocab import CommentRule, CriterionKind, Skill
from pipelines.outcomes import DomainError
from pipelines.scoring import edits
from pipelines.scoring.card_format import read_card, read_draft, write_card
from pipelines.scoring.checks import findings, possible_answers
from pipelines.scoring.differences import compare
from pipelines.scoring.items import Sums, item_rest
from pipelines.scoring.rules import (
    ConditionRule,
    CriterionRule,
    OptionRule,
    ReasonRule,
    SectionRule,
    VersionRule,
)
from qa_app.guides.layout import Block, blocks
from tests.factories import SCORECARD


def both(text: str) -> dict[str, str]:
    return {"en": text, "zh_Hans": f"{text}。"}


def yes_no(name: str, **values: Any) -> CriterionRule:
    plain = {"points": 500, "text": both(name), "skill": Skill.SOFT, **values}
    return CriterionRule(name, CriterionKind.YES_NO, **plain)


def card(*rules: CriterionRule, **values: Any) -> VersionRule:
    section = SectionRule("all", both("all"), rules)
    plain = {"pass_bp": 6_000, "excellent_bp": 9_000, "title": both("card"), **values}
    return VersionRule("card", 1, sections=plain.pop("sections", (section,)), **plain)


LEVELS = CriterionRule(
    "levels",
    CriterionKind.LEVELS,
    text=both("levels"),
    skill=Skill.HARD,
    options=(OptionRule("high", 1_000, both("high")), OptionRule("low", 0, both("low"))),
)
ASKED = ConditionRule("levels", frozenset({"high"}))


def said(version: VersionRule, *, fault: bool = True) -> list[tuple[str, str]]:
    return [(item.code, item.place) for item in findings(version) if item.fault is fault]


def test_a_whole_card_has_nothing_to_say_about_it() -> None:
    assert findings(card(LEVELS, yes_no("a", condition=ASKED))) == ()
    assert said(read_draft(SCORECARD)) == []


@pytest.mark.parametrize(
    ("version", "code", "place"),
    [
        (card(sections=()), "list_needed", "sections"),
        (card(), "list_needed", "sections[0].criteria"),
        (card(LEVELS, excellent_bp=5_000), "bands_crossed", "excellent_pct"),
        (card(LEVELS, excellent_bp=10_001), "excellent_unreachable", "excellent_pct"),
        (card(LEVELS, title={"en": "Card"}), "language_missing", "title"),
        (card(LEVELS, description={"en": "D"}), "language_missing", "description"),
        (card(yes_no("a", bonus=True)), "nothing_to_earn", "sections"),
        (card(LEVELS, yes_no("a", points=0)), "nothing_to_earn", "sections[0].criteria[1]"),
        (
            card(replace(LEVELS, options=())),
            "list_needed",
            "sections[0].criteria[0].options",
        ),
        (
            card(replace(LEVELS, options=(OptionRule("x", 1, {"en": "x"}),))),
            "language_missing",
            "sections[0].criteria[0].options[0].text",
        ),
        (
            card(replace(LEVELS, options=(LEVELS.options[0], LEVELS.options[0]))),
            "lineage_twice",
            "sections[0].criteria[0].options[0].lineage",
        ),
        (
            card(LEVELS, yes_no("a", reasons=(ReasonRule("r", {"zh_Hans": "无"}),))),
            "language_missing",
            "sections[0].criteria[1].reasons[0].text",
        ),
        (
            card(LEVELS, replace(yes_no("a"), kind=CriterionKind.POINTS, step=300)),
            "step_uneven",
            "sections[0].criteria[1].step",
        ),
        (
            card(LEVELS, yes_no("a", critical=True, critical_min=600)),
            "critical_unreachable",
            "sections[0].criteria[1].critical_min",
        ),
        (
            card(LEVELS, yes_no("a", critical=True)),
            "critical_unreachable",
            "sections[0].criteria[1].critical_min",
        ),
        (card(LEVELS, yes_no("levels")), "lineage_twice", "sections[0].criteria[1].lineage"),
        (card(LEVELS, yes_no("na")), "lineage_twice", "sections[0].criteria[1].lineage"),
        (
            card(yes_no("a", condition=ASKED), LEVELS),
            "condition_unreachable",
            "sections[0].criteria[0].condition.criterion",
        ),
        (
            card(yes_no("a", condition=ASKED)),
            "condition_unreachable",
            "sections[0].criteria[0].condition.criterion",
        ),
        (
            card(LEVELS, yes_no("a", condition=ConditionRule("levels", frozenset({"best"})))),
            "condition_unreachable",
            "sections[0].criteria[1].condition.in",
        ),
        (
            card(LEVELS, yes_no("a", condition=ConditionRule("levels", frozenset()))),
            "condition_unreachable",
            "sections[0].criteria[1].condition.in",
        ),
    ],
)
def test_a_fault_is_named_with_its_place(version: VersionRule, code: str, place: str) -> None:
    assert (code, place) in said(version)


def test_a_condition_says_why_it_is_never_met() -> None:
    why = {
        item.params["why"]
        for version in (
            card(yes_no("a", condition=ASKED), LEVELS),
            card(yes_no("b", condition=ASKED)),
        )
        for item in findings(version)
        if item.code == "condition_unreachable"
    }
    assert why == {"later", "gone"}


def test_hints_do_not_keep_a_card_from_being_used() -> None:
    version = card(
        replace(LEVELS, options=LEVELS.options[:1], skill=None),
        yes_no("a", text=both("same"), bonus=True, critical=True, critical_min=500),
        yes_no("b", text={"en": "same", "zh_Hans": "别的"}),
        yes_no("c", condition=ConditionRule("a", frozenset({"yes", "no"}))),
    )
    assert said(version) == []
    assert [code for code, _place in said(version, fault=False)] == [
        "one_option",
        "skill_missing",
        "text_twice",
        "critical_bonus",
        "text_twice",
        "condition_idle",
    ]


# ---- made-up drafts --------------------------------------------------------------------------

TEXTS = st.dictionaries(st.sampled_from(["en", "zh_Hans"]), st.sampled_from(["one", "two", "三"]))
POINTS = st.integers(0, 2_000)


@st.composite
def drafts(draw: Any) -> VersionRule:
    """Make a draft that may be unfinished, with names that are unique."""
    names = iter(range(100))
    sections = []
    earlier: list[CriterionRule] = []
    for _ in range(draw(st.integers(0, 3))):
        rules = []
        for _ in range(draw(st.integers(0, 4))):
            kind = draw(st.sampled_from(CriterionKind))
            by_option = kind in {
                CriterionKind.LEVELS,
                CriterionKind.CHOICE,
                CriterionKind.CHECKLIST,
            }
            name = f"c{next(names)}"
            parent = draw(st.sampled_from(earlier)) if earlier and draw(st.booleans()) else None
            answers = possible_answers(parent) if parent else ()
            rule = CriterionRule(
                name,
                kind,
                points=draw(POINTS) if kind in {CriterionKind.YES_NO, CriterionKind.POINTS} else 0,
                step=draw(st.sampled_from([50, 100])) if kind is CriterionKind.POINTS else 100,
                options=tuple(
                    OptionRule(f"{name}_{place}", draw(POINTS), draw(TEXTS))
                    for place in range(draw(st.integers(0, 3)))
                )
                if by_option
                else (),
                bonus=draw(st.booleans()),
                critical=draw(st.booleans()),
                critical_min=draw(POINTS),
                na_allowed=draw(st.booleans()),
                comment_when=draw(st.sampled_from(CommentRule)),
                reasons=tuple(
                    ReasonRule(f"{name}_r{place}", draw(TEXTS))
                    for place in range(draw(st.integers(0, 2)))
                ),
                condition=ConditionRule(parent.lineage, frozenset(answers[:1]))
                if parent and answers
                else None,
                text=draw(TEXTS),
                guidance=draw(TEXTS),
                examples=draw(TEXTS),
                skill=draw(st.sampled_from([*Skill, None])),
            )
            rules.append(rule)
            earlier.append(rule)
        sections.append(SectionRule(f"s{next(names)}", draw(TEXTS), tuple(rules)))
    low = draw(st.integers(0, 10_000))
    high = draw(st.integers(low, 12_000))
    return VersionRule("card", 0, low, high, tuple(sections), 0, draw(TEXTS), draw(TEXTS))


@given(drafts())
def test_a_draft_comes_back_from_its_file_as_it_was(version: VersionRule) -> None:
    assert read_draft(copy.deepcopy(write_card(version))) == version


@given(drafts())
def test_a_file_is_refused_exactly_where_the_draft_has_a_fault(version: VersionRule) -> None:
    first = next((item for item in findings(version) if item.fault), None)
    if first is None:
        assert read_card(write_card(version)) == version
    else:
        with pytest.raises(DomainError) as refused:
            read_card(write_card(version))
        assert (refused.value.code, refused.value.params["place"]) == (
            f"scorecard_{first.code}",
            first.place,
        )


@given(drafts(), st.data())
def test_what_is_moved_is_neither_lost_nor_changed(version: VersionRule, data: Any) -> None:
    if not version.criteria:
        return
    rule = data.draw(st.sampled_from(version.criteria))
    by = data.draw(st.sampled_from([-1, 1]))
    moved = edits.nudged(version, "criterion", rule.lineage, by)
    assert sorted(moved.criteria, key=lambda item: item.lineage) == sorted(
        version.criteria, key=lambda item: item.lineage
    )
    if moved != version:
        # One place the other way brings it back.
        assert edits.nudged(moved, "criterion", rule.lineage, -by) == version
    section = data.draw(st.sampled_from(version.sections)).lineage
    to = data.draw(st.integers(0, 5))
    put = edits.moved_criterion(version, rule.lineage, section, to)
    place = edits.place_of(put, rule.lineage)
    assert place.section == section
    assert place.number == min(to, place.of - 1) + 1


def test_an_arrow_leads_on_into_the_next_section_and_stays_at_the_ends() -> None:
    names = ("ab", "", "c")
    version = card(
        sections=tuple(
            SectionRule(f"s{place}", both("s"), tuple(yes_no(name) for name in own))
            for place, own in enumerate(names)
        )
    )

    def order(name: str, by: int, of: VersionRule = version) -> list[list[str]]:
        moved = edits.nudged(of, "criterion", name, by)
        return [[rule.lineage for rule in part.criteria] for part in moved.sections]

    assert order("a", 1) == [["b", "a"], [], ["c"]]
    assert order("b", 1) == [["a"], ["b"], ["c"]]
    assert order("c", -1) == [["a", "b"], ["c"], []]
    up = edits.nudged(version, "criterion", "c", -1)
    assert order("c", -1, up) == [["a", "b", "c"], [], []], "to the end of the section before"
    assert order("a", -1) == order("c", 1) == [["a", "b"], [], ["c"]]
    assert [part.lineage for part in edits.nudged(version, "section", "s2", -1).sections] == [
        "s0",
        "s2",
        "s1",
    ]


@given(drafts(), st.data())
def test_the_differences_of_a_change_are_that_change(version: VersionRule, data: Any) -> None:
    assert compare(version, version).nothing
    if not version.criteria:
        return
    rule = data.draw(st.sampled_from(version.criteria))
    less = edits.without_criterion(version, rule.lineage)
    assert [(item.lineage, item.state) for item in compare(version, less).criteria] == [
        (rule.lineage, "removed")
    ]
    assert [item.state for item in compare(less, version).criteria if item.before is None] == [
        "added"
    ]
    harder = edits.with_criterion(
        version,
        replace(rule, critical_min=rule.critical_min + 100),
        edits.place_of(version, rule.lineage).section,
    )
    (change,) = compare(version, harder).criteria
    assert change.state == "changed"
    assert [(facet.name, facet.after - facet.before) for facet in change.facets] == [
        ("critical_min", 100)
    ]
    nudge = edits.nudged(version, "criterion", rule.lineage, 1)
    assert {item.state for item in compare(version, nudge).criteria} <= {"moved"}
    assert len(compare(version, nudge).criteria) == (nudge != version)


def test_the_differences_are_told_language_by_language_and_part_by_part() -> None:
    before = card(LEVELS, yes_no("a"))
    options = (replace(LEVELS.options[0], points=1_200), OptionRule("mid", 500, both("mid")))
    after = card(
        replace(LEVELS, options=options, text={**LEVELS.text, "zh_Hans": "新"}),
        yes_no("a", points=700, bonus=True),
        excellent_bp=9_500,
    )
    found = compare(before, after)
    assert [(facet.name, facet.before, facet.after) for facet in found.card] == [
        ("excellent_bp", 9_000, 9_500)
    ]
    levels, other = found.criteria
    assert [(facet.name, facet.locale) for facet in levels.facets] == [
        ("text", "zh_Hans"),
        ("maximum", None),
        ("option", None),
        ("option", None),
        ("option", None),
    ]
    assert [(facet.name, facet.before, facet.after) for facet in other.facets] == [
        ("maximum", 500, 700),
        ("bonus", False, True),
    ]
    assert found.attainable == (1_500, 1_200)


@pytest.mark.parametrize(
    ("text", "taken", "name"),
    [
        ("Greets by name!", (), "greets_by_name"),
        ("Greets by name", ("greets_by_name",), "greets_by_name_2"),
        ("Café", (), "cafe"),
        ("问候", (), "criterion_1"),
        ("3 steps", (), "criterion_1"),
        ("NA", (), "na_2"),
    ],
)
def test_a_new_part_gets_a_short_name(text: str, taken: Any, name: str) -> None:
    assert edits.new_lineage(text, taken, "criterion_1") == name


def test_what_somebody_removed_meanwhile_is_told() -> None:
    with pytest.raises(DomainError, match="scorecard_part_gone"):
        edits.criterion(card(LEVELS), "gone")


# ---- items -----------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 9_000)), min_size=20, max_size=60))
def test_a_correlation_from_sums_is_that_of_the_values(pairs: list[tuple[int, int]]) -> None:
    xs, ys = [x for x, _y in pairs], [y for _x, y in pairs]
    n = len(pairs)
    sums = Sums(
        n,
        sum(xs),
        sum(ys),
        sum(x * x for x in xs),
        sum(y * y for y in ys),
        sum(x * y for x, y in pairs),
    )
    found = item_rest(sums)
    mean_x, mean_y = sum(xs) / n, sum(ys) / n
    spread_x = math.fsum((x - mean_x) ** 2 for x in xs)
    spread_y = math.fsum((y - mean_y) ** 2 for y in ys)
    if len(set(xs)) == 1 or len(set(ys)) == 1:
        assert found is None
    else:
        both_ways = math.fsum((x - mean_x) * (y - mean_y) for x, y in pairs)
        assert found == pytest.approx(both_ways / math.sqrt(spread_x * spread_y), abs=1e-9)
    assert item_rest(replace(sums, n=19)) is None


def test_a_guide_is_read_as_headings_paragraphs_and_lists() -> None:
    text = "# Opening\nSay hello.\nSlowly.\n\nThen:\n- your name\n\n- the company\n<b>bold</b>\n"
    assert blocks(text) == (
        Block("heading", ("Opening",)),
        Block("paragraph", ("Say hello.", "Slowly.")),
        Block("paragraph", ("Then:",)),
        Block("list", ("your name", "the company")),
        Block("paragraph", ("<b>bold</b>",)),
    )
    assert blocks(" \n#\n") == ()

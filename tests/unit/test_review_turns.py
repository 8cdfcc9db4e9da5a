"""Whose turn it is, what is read twice, which skips ask a manager, how work is shared."""

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.review.rules import (
    Hand,
    Skips,
    Talk,
    Waiting,
    heard_live,
    in_turn,
    read_twice,
    share_out,
    skip_needs_manager,
    typical_minutes,
)

DAY = date(2026, 11, 25)
NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


def waiting(number: int, **values: Any) -> Waiting:
    given_ = {"due": DAY, "given": False, "heard": 0, "position": number, "leg": 1, **values}
    return Waiting(id=number, **given_)


def test_the_day_due_then_what_is_mine_then_who_was_heard_least_then_the_draw() -> None:
    tasks = [
        waiting(1, due=DAY + timedelta(days=1), given=True),
        waiting(2, heard=3, position=1),
        waiting(3, heard=1, position=9),
        waiting(4, heard=1, position=8, leg=2),
        waiting(5, heard=1, position=8),
        waiting(6, heard=9, given=True),
    ]
    assert in_turn(tasks) == [6, 5, 4, 3, 2, 1]


TASKS = st.lists(
    st.tuples(st.integers(0, 3), st.booleans(), st.integers(0, 4), st.integers(1, 30)), max_size=30
)


@given(TASKS, st.randoms())
def test_the_turn_depends_on_nothing_else(rows: Any, random: Any) -> None:
    tasks = [
        waiting(
            number, due=DAY + timedelta(days=row[0]), given=row[1], heard=row[2], position=row[3]
        )
        for number, row in enumerate(rows)
    ]
    order = in_turn(tasks)
    assert sorted(order) == list(range(len(tasks)))
    mixed = list(tasks)
    random.shuffle(mixed)
    assert in_turn(mixed) == order
    dues = [tasks[number].due for number in order]
    assert dues == sorted(dues)
    # Whoever is passed over within a day and kind was heard at least as often.
    for before, after in itertools.pairwise(order):
        one, other = tasks[before], tasks[after]
        if (one.due, one.given) == (other.due, other.given):
            assert one.heard <= other.heard


@given(st.text(max_size=20), st.integers(0, 5_000), st.integers(1, 400))
def test_a_share_of_any_beginning_of_a_draw_is_read_twice(seed: str, share: int, n: int) -> None:
    chosen = sum(read_twice(seed, place, share) for place in range(1, n + 1))
    assert chosen in {n * share // 10_000, -(-n * share // 10_000)}


def test_each_call_is_read_twice_as_often_as_the_share_says_whatever_its_place() -> None:
    seeds = [f"{number:016x}" for number in range(2_000)]
    assert not any(read_twice(seed, 1, 0) for seed in seeds)
    for place in (1, 2, 7):
        chosen = sum(read_twice(seed, place, 1_500) for seed in seeds)
        # 2,000 draws of chance .15: within four standard errors.
        assert abs(chosen - 300) < 64
    assert [read_twice("the same", place, 2_500) for place in range(1, 9)] == [
        read_twice("the same", place, 2_500) for place in range(1, 9)
    ]


@pytest.mark.parametrize(
    ("draw", "own", "asked"),
    [
        ((1, 10), (1, 1), False),
        ((2, 10), (1, 1), True),
        ((10, 100), (1, 9), False),
        ((11, 100), (1, 9), True),
        # Few skips in the draw, but nearly all of them this person's.
        ((5, 100), (5, 10), True),
        ((2, 100), (2, 9), False),
        ((1, 1), (1, 1), True),
    ],
)
def test_above_a_tenth_a_manager_confirms(draw: Any, own: Any, asked: Any) -> None:
    assert skip_needs_manager(Skips(*draw), Skips(*own)) is asked


def test_minutes_are_the_median_of_what_could_be_work() -> None:
    minutes = [timedelta(minutes=m) for m in (4, 6, 20)]
    assert typical_minutes(minutes) == 6
    # A form left open over night, and one submitted by mistake.
    assert typical_minutes([*minutes, timedelta(hours=15), timedelta(seconds=2)]) == 6
    assert typical_minutes([timedelta(days=2)]) is None


HANDS = st.lists(
    st.tuples(st.integers(0, 400), st.integers(0, 2_400), st.integers(1, 60)),
    min_size=1,
    max_size=6,
)


@given(HANDS, st.integers(0, 60), st.data())
def test_work_goes_to_those_who_may_and_have_time(rows: Any, n: int, data: Any) -> None:
    hands = [Hand(number, *row) for number, row in enumerate(rows)]
    people = [hand.id for hand in hands]
    allowed = {task: data.draw(st.sets(st.sampled_from(people))) for task in range(n)}
    given_ = share_out(range(n), hands, allowed)
    working = {hand.id for hand in hands if hand.a_week}
    assert set(given_) == {task for task in range(n) if allowed[task] & working}
    assert all(who in allowed[task] & working for task, who in given_.items())
    # Pairs of tasks of one leg never meet in one hand.
    legs = {task: task // 2 for task in range(n)}
    apart = share_out(range(n), hands, allowed, legs)
    assert len({(legs[task], who) for task, who in apart.items()}) == len(apart)


@given(HANDS, st.integers(1, 80))
def test_nobody_is_done_later_than_another_by_more_than_one_review(rows: Any, n: int) -> None:
    hands = [
        Hand(number, 0, a_week, a_review) for number, (_l, a_week, a_review) in enumerate(rows)
    ]
    given_ = share_out(range(n), hands, {task: range(len(hands)) for task in range(n)})
    working = [hand for hand in hands if hand.a_week]
    counts = {hand.id: list(given_.values()).count(hand.id) for hand in working}
    for hand in working:
        end = counts[hand.id] * hand.a_review / hand.a_week
        for other in working if counts[hand.id] else []:
            # The last review would have been done no earlier with anybody else.
            instead = (counts[other.id] + 1) * other.a_review / other.a_week
            assert end <= instead + 1e-9


def talk(number: int, start: float, minutes: float) -> Talk:
    begun = NOW + timedelta(minutes=start)
    return Talk(number, begun, begun + timedelta(minutes=minutes))


def test_a_live_review_belongs_to_the_call_under_way_or_the_next_to_begin() -> None:
    ended = NOW + timedelta(minutes=30)
    before, during, after = talk(1, -20, 15), talk(2, -1, 8), talk(3, 9, 12)
    assert heard_live(NOW, ended, [after, during, before]) == 2
    assert heard_live(NOW, ended, [before, after]) == 3
    assert heard_live(NOW, ended, [before, talk(4, 11, 5)]) is None
    assert heard_live(NOW, NOW + timedelta(minutes=5), [after]) is None
    assert heard_live(NOW, ended, []) is None

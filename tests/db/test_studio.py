"""Drafts of scorecards and guides in the database: written, undone, commented on, kept for good."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from models.drafts import DraftComment, DraftStep
from models.guides import Guide, GuideVersion
from models.operations import AuditEntry
from models.reviews import Answer, Review
from models.scorecards import Scorecard, ScorecardVersion
from models.vocab import GuideKind, Origin, Skill, VersionState
from pipelines.outcomes import DomainError
from pipelines.scoring import comments, drafts, edits, guides
from pipelines.scoring.analysis import items, skills
from pipelines.scoring.card_format import read_draft
from pipelines.scoring.rules import VersionRule, score
from pipelines.scoring.service import import_scorecard, version_rule
from tests import factories
from tests.factories import NOW, SCORECARD


def refused(code: str) -> Any:
    return pytest.raises(DomainError, match=f"^{code}")


@pytest.fixture
def author(session: Any) -> Any:
    return factories.make_user(session)


@pytest.fixture
def draft(session: Any, author: Any) -> Any:
    """Begin a draft from the small scorecard, beside one of another code."""
    import_scorecard(session, {**SCORECARD, "code": "noise"}, now=NOW)
    return drafts.begin_from_file(session, SCORECARD, site_id=None, now=NOW, actor=author)


def keep(session: Any, version: Any, rule: VersionRule, act: str, author: Any, **at: Any) -> bool:
    drafts.locked(session, version)
    moment = NOW + timedelta(**at)
    return drafts.keep(session, version, rule, act, now=moment, actor=author)


def test_a_draft_is_changed_step_by_step_and_each_step_can_be_undone(
    session: Any, draft: Any, author: Any
) -> None:
    first = drafts.locked(session, draft)
    seen = draft.lock_version
    less = edits.without_criterion(first, "needs")
    assert keep(session, draft, less, "removed:needs", author)
    assert draft.lock_version > seen
    assert not keep(session, draft, less, "removed:needs", author), "nothing changed"
    # Savings of one part by one author within ten minutes are one step, others are not.
    worded = [edits.with_card(less, {"en": name}, {}, 100, 200) for name in "abcd"]
    keep(session, draft, worded[0], "card", author, minutes=1)
    keep(session, draft, worded[1], "card", author, minutes=5)
    keep(session, draft, worded[2], "card", author, minutes=12)
    keep(session, draft, worded[3], "card", factories.make_user(session), minutes=13)
    numbers = [step.number for step in session.scalars(select(DraftStep).order_by(DraftStep.id))]
    assert numbers == [1, 2, 3, 4]
    with refused("scorecard_conflict"):
        drafts.undo(session, draft, 3, now=NOW, actor=author)
    titles = []
    for number in (4, 3, 2, 1):
        drafts.undo(session, draft, number, now=NOW, actor=author)
        titles.append(draft.title.get("en"))
    assert titles == ["c", "b", "Test card", "Test card"]
    assert read_draft(drafts.write_card(version_rule(session, draft.id))) == read_draft(SCORECARD)
    logged = select(AuditEntry.action).where(AuditEntry.subject_uid == draft.uid)
    acts = [act.partition(".")[2] for act in session.scalars(logged.order_by(AuditEntry.id))]
    assert acts == ["begun", *["changed"] * 4, *["undone"] * 4]
    with refused("scorecard_nothing_to_undo"):
        drafts.undo(session, draft, 0, now=NOW, actor=author)


def test_a_draft_may_be_unfinished_but_is_published_whole_only(
    session: Any, draft: Any, author: Any
) -> None:
    act = {"now": NOW, "actor": author}
    empty = drafts.begin_blank(session, "other", {"en": "Other"}, site_id=None, **act)
    with refused("scorecard_has_faults"):
        drafts.publish(session, empty, seen=empty.lock_version, **act)
    with refused("scorecard_empty"):
        drafts.open_for_comment(session, empty, **act)
    with refused("scorecard_code_taken"):
        drafts.begin_blank(session, "other", {"en": "Again"}, site_id=None, **act)
    rule = drafts.locked(session, draft)
    with refused("scorecard_bands_crossed"):
        keep(session, draft, edits.with_card(rule, rule.title, {}, 200, 100), "card", author)
    with refused("scorecard_conflict"):
        drafts.publish(session, draft, seen=draft.lock_version - 1, **act)
    keep(session, draft, edits.nudged(rule, "criterion", "needs", 1), "moved:needs", author)
    drafts.publish(session, draft, seen=draft.lock_version, **act)
    assert (draft.state, draft.published_at) == (VersionState.PUBLISHED, NOW)
    assert session.scalar(select(func.count(DraftStep.id))) == 0
    with refused("scorecard_already_published"):
        keep(session, draft, rule, "card", author)
    second = drafts.next_draft(session, draft, **act)
    assert (second.number, second.state) == (2, VersionState.DRAFT)
    assert drafts.next_draft(session, draft, **act).id == second.id, "one draft at a time"
    drafts.publish(session, second, seen=second.lock_version, **act)
    session.refresh(draft)
    assert draft.state is VersionState.RETIRED
    drafts.retire(session, second, **act)
    with refused("scorecard_not_in_use"):
        drafts.retire(session, second, **act)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO section (version_id, lineage, position, title) VALUES (:id, 'x', 9, '{}')",
        """INSERT INTO criterion_option (criterion_id, lineage, position, points, text)
        SELECT id, 'x', 9, 1, '{}' FROM criterion WHERE version_id = :id AND lineage = 'needs'""",
        "UPDATE section SET version_id = :id, lineage = 'x' WHERE version_id <> :id",
        "UPDATE criterion SET version_id = :id, lineage = lineage || 'x' WHERE version_id <> :id",
        """UPDATE scorecard_version SET description = '{"en": "other"}' WHERE id = :id""",
    ],
)
def test_nothing_is_added_to_a_published_version(
    session: Any, draft: Any, author: Any, statement: str
) -> None:
    version = import_scorecard(session, {**SCORECARD, "code": "kept"}, now=NOW)
    # A published row beside it would refuse on its own account.
    noise = session.scalars(select(Scorecard).where(Scorecard.code == "noise")).one()
    session.execute(
        text("UPDATE scorecard_version SET state = 'retired' WHERE scorecard_id = :id"),
        {"id": noise.id},
    )
    chosen = statement.replace("<> :id", "= :draft")
    with pytest.raises(DBAPIError, match="published version"), session.begin_nested():
        session.execute(text(chosen), {"id": version.id, "draft": draft.id})


def test_comments_are_given_answered_settled_and_taken_back(
    session: Any, draft: Any, author: Any
) -> None:
    agent, act = factories.make_user(session), {"now": NOW}
    with refused("scorecard_not_open"):
        comments.comment(session, draft, "Early", author=agent, **act)
    drafts.open_for_comment(session, draft, now=NOW, actor=author)
    with refused("comment_empty"):
        comments.comment(session, draft, "  ", author=agent, **act)
    with refused("scorecard_part_gone"):
        comments.comment(session, draft, "Where?", place="gone", author=agent, **act)
    first = comments.comment(session, draft, "Unclear", place="needs", author=agent, **act)
    reply = comments.answer(session, first, "Thanks", author=author, **act)
    again = comments.answer(session, reply, "And now?", author=agent, **act)
    assert (again.parent_id, again.place) == (first.id, "needs"), "one thread"
    with refused("comment_is_answer"):
        comments.settle(session, reply, settled=True, now=NOW, actor=author)
    comments.settle(session, first, settled=True, now=NOW, actor=author)
    assert (first.settled_at, first.settled_by_id) == (NOW, author.id)
    with refused("comment_answered"):
        comments.withdraw(session, first, now=NOW, author=agent)
    with refused("comment_not_yours"):
        comments.withdraw(session, again, now=NOW, author=author)
    comments.withdraw(session, again, now=NOW, author=agent)
    assert session.scalar(select(func.count(DraftComment.id))) == 2
    drafts.close_comments(session, draft, now=NOW, actor=author)
    with refused("scorecard_not_open"):
        comments.answer(session, first, "Late", author=agent, **act)
    code = draft.scorecard.code
    assert drafts.discard(session, draft, now=NOW, actor=author), "its scorecard had no other"
    assert session.scalar(select(func.count(DraftComment.id))) == 0
    assert session.scalar(select(Scorecard.id).where(Scorecard.code == code)) is None


def test_a_guide_goes_the_same_way(session: Any, author: Any) -> None:
    project = factories.make_project(session, factories.make_site(session))
    act = {"now": NOW, "actor": author}
    version = guides.begin(session, project, GuideKind.SCRIPT, {"en": "Hello"}, {}, **act)
    with refused("guide_unfinished"):
        guides.set_state(session, version, VersionState.PUBLISHED, **act)
    whole = {"en": "Say hello", "zh_Hans": "问好"}
    seen = version.lock_version
    guides.change(session, version, whole, whole, seen=seen)
    with refused("guide_conflict"):
        guides.change(session, version, whole, {"en": "Other"}, seen=seen)
    guides.set_state(session, version, VersionState.OPEN_FOR_COMMENT, **act)
    comments.comment(session, version, "Too stiff", now=NOW, author=author)
    guides.set_state(session, version, VersionState.PUBLISHED, **act)
    with refused("guide_published"):
        guides.change(session, version, whole, whole, seen=version.lock_version)
    with (
        pytest.raises(DBAPIError, match="published version never changes"),
        session.begin_nested(),
    ):
        session.execute(text("""UPDATE guide_version SET body = '{"en": "other"}'"""))
    second = guides.next_draft(session, version.guide, **act)
    assert (second.number, second.body) == (2, whole)
    assert not guides.discard(session, second, **act)
    third = guides.next_draft(session, version.guide, **act)
    guides.set_state(session, third, VersionState.PUBLISHED, **act)
    session.refresh(version)
    assert version.state is VersionState.RETIRED
    assert session.scalar(select(func.count(GuideVersion.id))) == 2
    session.delete(project)
    session.flush()
    assert session.scalar(select(func.count(Guide.id))) == 0


def answered(session: Any, rule: VersionRule, sheet: dict[str, Any], **review: Any) -> None:
    found = score(rule, {name: {"answer": answer} for name, answer in sheet.items()})
    row = factories.make_review(session, earned=found.earned, **review)
    for part in found.criteria:
        if part.lineage in sheet:
            session.add(
                Answer(
                    revision_id=row.current_revision_id,
                    criterion_id=part.criterion_id,
                    value={"answer": sheet[part.lineage]},
                    not_applicable=sheet[part.lineage] == "na",
                    earned=part.earned,
                    attainable=part.attainable,
                    evidence=[],
                )
            )
    session.flush()


def test_items_and_skills_are_summed_over_the_chosen_reviews(session: Any) -> None:
    version = import_scorecard(session, SCORECARD, now=NOW)
    rule = version_rule(session, version.id)
    team = factories.make_team(session, factories.make_site(session))
    project = factories.make_project(session, team.site)
    ann, bob = (factories.make_agent(session, team) for _ in range(2))
    reviewer = factories.make_user(session)
    sheets: list[tuple[Any, Origin, dict[str, Any]]] = [
        (ann, Origin.DRAWN, {"greeting": "yes", "needs": "needs_good", "identity": "na"}),
        (ann, Origin.DRAWN, {"greeting": "no", "needs": "needs_some", "identity": "yes"}),
        (bob, Origin.DRAWN, {"greeting": "yes", "needs": "needs_none", "praise": "yes"}),
        (bob, Origin.CALIBRATION, {"greeting": "no", "needs": "needs_none"}),
    ]
    for agent, origin, sheet in sheets:
        call = factories.make_call(session, agent, team, project)
        review = {"leg": call.legs[0], "version": version, "reviewer_id": reviewer.id}
        answered(session, rule, sheet, origin=origin, **review)
    chosen = select(Review.id).where(Review.origin == Origin.DRAWN)
    ids = {item.lineage: item.id for item in rule.criteria}
    found = items(session, chosen, [ids["identity"]])
    assert (found.reviews, found.agents, found.enough) == (3, 2, False)
    greeting, needs, identity = (
        found.figures[ids[name]] for name in ("greeting", "needs", "identity")
    )
    assert greeting.given == {"yes": 2, "no": 1}
    assert (greeting.earned, greeting.attainable, greeting.agents) == (1_000, 1_500, 2)
    assert needs.given == {"needs_good": 1, "needs_some": 1, "needs_none": 1}
    assert (identity.done, identity.na, identity.attainable) == (1, 1, 1_000)
    assert found.earned == 500 + 1_500 + 600 + 1_000 + 500 + 200
    assert [(row.reviews, row.na, row.asked) for row in found.reviewers] == [(2, 1, 2)]
    shares = {row.agent_id: row.shares for row in skills(session, chosen)}
    soft = shares[ann.id][Skill.SOFT]
    assert (soft.earned, soft.attainable, soft.reviews) == (3_600, 5_000, 2)
    # A bonus earned is in no share.
    assert (shares[bob.id][Skill.SOFT].earned, shares[bob.id][Skill.SOFT].attainable) == (
        500,
        2_000,
    )
    assert session.scalar(select(func.count(ScorecardVersion.id))) == 1

"""What the studio shows of a draft: its outline with what is wrong, and one part at a time."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from flask import url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.drafts import DraftComment, DraftStep
from models.people import Site
from models.scorecards import ScorecardVersion
from models.vocab import VersionState
from pipelines.outcomes import DomainError
from pipelines.scoring.card_format import read_draft, write_card, write_criterion
from pipelines.scoring.checks import Finding, findings, possible_answers
from pipelines.scoring.drafts import BEING_WRITTEN, fingerprint, last_step
from pipelines.scoring.edits import place_of
from pipelines.scoring.rules import CriterionRule, SectionRule, VersionRule
from pipelines.scoring.service import version_rule
from qa_app.access import Action, Person, grants_for, load, visible
from qa_app.i18n import text_of
from qa_app.scorecards.words import act_words, finding_words

_FIELDS = {
    "text": "text_en",
    "guidance": "guidance_en",
    "examples": "examples_en",
    "options": "answers",
    "reasons": "reasons",
    "condition": "condition_criterion",
    "step": "step",
    "critical_min": "critical_min",
    "skill": "skill",
    "bonus": "bonus",
    "points": "points",
    "excellent_pct": "excellent_pct",
    "title": "title_en",
    "description": "description_en",
}


@dataclass(frozen=True)
class FindingLine:
    """A fault or hint in words, with the page and field that mends it."""

    words: str
    subject: str
    href: str
    fault: bool
    lineage: str


@dataclass(frozen=True)
class Step:
    """The newest change, which can be undone."""

    number: int
    words: str


@dataclass(frozen=True)
class EditPage:
    """The outline of a draft."""

    uid: uuid.UUID
    rule: VersionRule
    state: VersionState
    lock_version: int
    findings: tuple[FindingLine, ...]
    step: Step | None
    comments: Mapping[str, int]
    attainable: int

    @property
    def faults(self) -> tuple[FindingLine, ...]:
        """What keeps the draft from being published."""
        return tuple(line for line in self.findings if line.fault)

    @property
    def hints(self) -> tuple[FindingLine, ...]:
        """What its author may want to look at again."""
        return tuple(line for line in self.findings if not line.fault)

    def faults_at(self, lineage: str) -> int:
        """Count the faults of one criterion or section."""
        return sum(line.fault and line.lineage == lineage for line in self.findings)

    @property
    def others(self) -> int:
        """Comments on the whole draft that are not settled."""
        return self.comments.get("", 0)


@dataclass(frozen=True)
class PartPage:
    """One criterion of a draft, in its form."""

    uid: uuid.UUID
    rule: VersionRule
    state: VersionState
    part: CriterionRule
    section: str
    number: int
    findings: tuple[FindingLine, ...]
    before: str | None
    after: str | None
    answers: tuple["ParentAnswers", ...]
    comments: int


@dataclass(frozen=True)
class ParentAnswers:
    """The answers of an earlier criterion that a condition may name: (value, words or none)."""

    lineage: str
    kind: str
    answers: tuple[tuple[str, Mapping[str, str] | None], ...]


def own_draft(session: Session, person: Person, uid: uuid.UUID) -> ScorecardVersion:
    """Return a version that the person may change, or answer 404; 409 where it is published."""
    version = load(session, person, Action.SCORECARDS_WRITE, ScorecardVersion, uid)
    if version.state not in BEING_WRITTEN:
        raise DomainError("scorecard_already_published", number=version.number)
    return version


def edit_page(session: Session, person: Person, uid: uuid.UUID) -> EditPage:
    """Gather the outline of a draft with everything there is to say about it."""
    version = own_draft(session, person, uid)
    rule = version_rule(session, version.id)
    step = last_step(session, version)
    return EditPage(
        uid=uid,
        rule=rule,
        state=version.state,
        lock_version=version.lock_version,
        findings=tuple(finding_line(uid, rule, item) for item in findings(rule)),
        step=Step(step.number, _step_words(step, rule)) if step else None,
        comments=open_comments(session, version),
        attainable=sum(item.maximum for item in rule.criteria if not item.bonus),
    )


def _step_words(step: DraftStep, rule: VersionRule) -> str:
    """Say what a step did and to what, in the words of before or, for what is new, of now."""
    name = step.act.partition(":")[2]
    known = {**titles_plain(rule), **titles_plain(read_draft(step.card))}
    words = act_words(step.act)
    return f"{words}: {known[name]}" if name in known else words


def open_comments(session: Session, version: ScorecardVersion) -> dict[str, int]:
    """Count the threads of a draft that are not settled, by place."""
    rows = session.execute(
        select(DraftComment.place, func.count(DraftComment.id))
        .where(
            DraftComment.version_id == version.id,
            DraftComment.parent_id.is_(None),
            DraftComment.settled_at.is_(None),
        )
        .group_by(DraftComment.place)
    )
    return {place: count for place, count in rows}  # noqa: C416 - rows are no pairs


def part_page(
    session: Session, version: ScorecardVersion, rule: VersionRule, name: str
) -> PartPage:
    """Gather one criterion with its neighbours and what is wrong with it."""
    names = [item.lineage for item in rule.criteria]
    if name not in names:
        raise DomainError("scorecard_part_gone", lineage=name)
    index = names.index(name)
    found = (item for item in findings(rule) if item.lineage == name)
    return PartPage(
        uid=version.uid,
        rule=rule,
        state=version.state,
        part=rule.criteria[index],
        section=place_of(rule, name).section,
        number=index + 1,
        findings=tuple(finding_line(version.uid, rule, item) for item in found),
        before=names[index - 1] if index else None,
        after=names[index + 1] if index + 1 < len(names) else None,
        answers=tuple(
            ParentAnswers(item.lineage, item.kind.value, tuple(_answers(item)))
            for item in rule.criteria
            if possible_answers(item) and item.lineage != name
        ),
        comments=open_comments(session, version).get(name, 0),
    )


def _answers(rule: CriterionRule) -> list[tuple[str, Mapping[str, str] | None]]:
    texts = {option.lineage: option.text for option in rule.options}
    return [(f"{rule.lineage}:{name}", texts.get(name)) for name in possible_answers(rule)]


def titles_plain(rule: VersionRule) -> dict[str, str]:
    """Return the words of every section and criterion in the reader's language, by lineage."""
    found = {part.lineage: text_of(dict(part.title)) or part.lineage for part in rule.sections}
    for item in rule.criteria:
        found[item.lineage] = text_of(dict(item.text)) or item.lineage
    return found


def titles(rule: VersionRule) -> dict[str, str]:
    """Return the same with the numbers of criteria before their words."""
    found = titles_plain(rule)
    for number, item in enumerate(rule.criteria, start=1):
        found[item.lineage] = f"{number} {found[item.lineage]}"
    return found


def card_mark(rule: VersionRule) -> str:
    """Return the fingerprint of a draft's title, description and lines."""
    card = write_card(rule)
    return fingerprint({name: card[name] for name in card if name != "sections"})


def section_mark(part: SectionRule) -> str:
    """Return the fingerprint of a section's heading."""
    return fingerprint(dict(part.title))


def criterion_mark(part: CriterionRule, section: str) -> str:
    """Return the fingerprint of a criterion and of the section it stands in."""
    return fingerprint([write_criterion(part), section])


def finding_line(uid: uuid.UUID, rule: VersionRule, finding: Finding) -> FindingLine:
    """Put a finding into words, with the way to the field that mends it."""
    anchor = next(
        (_FIELDS[name] for name in finding.place.replace("[", ".").split(".") if name in _FIELDS),
        None,
    )
    subject, href = "", url_for("studio.card", uid=uid, _anchor=anchor)
    if finding.subject == "section":
        href = url_for("studio.section", uid=uid, lineage=finding.lineage, _anchor=anchor)
        if finding.place.endswith(".criteria"):
            href = url_for("studio.edit", uid=uid, _anchor=f"s-{finding.lineage}")
    elif finding.subject == "criterion":
        href = url_for("studio.criterion", uid=uid, lineage=finding.lineage, _anchor=anchor)
    elif finding.place == "sections":
        href = url_for("studio.edit", uid=uid, _anchor="new-section")
    if finding.lineage:
        subject = titles(rule)[finding.lineage]
    return FindingLine(finding_words(finding), subject, href, finding.fault, finding.lineage)


def sites_to_write(session: Session, person: Person) -> list[Site]:
    """Return the sites for whose scorecards the person may speak as a whole."""
    whole = [
        grant.site_id
        for grant in grants_for(person, Action.SCORECARDS_WRITE)
        if grant.team_id is None
    ]
    sites = visible(person, Site, Action.SCORECARDS_WRITE).where(Site.id.in_(whole))
    return list(session.scalars(sites.order_by(Site.name)))

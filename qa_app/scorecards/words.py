"""The words of scorecards: states, kinds, what is wrong with a draft, what was done to one."""

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from models.vocab import CommentRule, CriterionKind, Skill, VersionState
from pipelines.scoring.checks import Finding

STATES: dict[VersionState, tuple[LazyString, str]] = {
    VersionState.DRAFT: (_l("draft"), "secondary"),
    VersionState.OPEN_FOR_COMMENT: (_l("open for comment"), "blue"),
    VersionState.PUBLISHED: (_l("in use"), "green"),
    VersionState.RETIRED: (_l("earlier"), "secondary"),
}

KINDS: dict[CriterionKind, tuple[LazyString, LazyString]] = {
    CriterionKind.YES_NO: (_l("Yes or no"), _l("Yes earns the points.")),
    CriterionKind.LEVELS: (_l("Levels"), _l("How well it was done; each level has its points.")),
    CriterionKind.POINTS: (_l("Number of points"), _l("From 0 to the most, in steps.")),
    CriterionKind.CHOICE: (_l("Choice"), _l("One of several ways, each with its points.")),
    CriterionKind.CHECKLIST: (_l("Checklist"), _l("Every item that was done earns its points.")),
    CriterionKind.TEXT: (_l("Words only"), _l("Free words, without points.")),
}

COMMENT_RULES: dict[CommentRule, LazyString] = {
    CommentRule.NEVER: _l("never"),
    CommentRule.NOT_FULL: _l("when not all points are given"),
    CommentRule.ZERO: _l("when no points are given"),
    CommentRule.ALWAYS: _l("always"),
}

SKILLS: dict[str, LazyString] = {
    Skill.SOFT.value: _l("Soft skill"),
    Skill.HARD.value: _l("Hard skill"),
}

LANGUAGES: dict[str, LazyString] = {"en": _l("English"), "zh_Hans": _l("Chinese")}

PARTS: dict[str, LazyString] = {
    "title": _l("title"),
    "description": _l("description"),
    "text": _l("wording"),
    "guidance": _l("guidance"),
    "examples": _l("examples"),
    "options": _l("answers"),
    "reasons": _l("reasons"),
}

FINDINGS: dict[str, LazyString] = {
    "bands_crossed": _l("The excellent line lies below the pass line."),
    "excellent_unreachable": _l("Not even all points together reach the excellent line."),
    "nothing_to_earn": _l("There are no points to earn."),
    "step_uneven": _l("The most points are no multiple of the step."),
    "critical_unreachable": _l(
        "It is critical, but no answer reaches its minimum: set one between 0 and its most points."
    ),
    "lineage_twice": _l("The short name %(lineage)s stands twice, or is reserved."),
    "condition_idle": _l("Its condition names every answer, so it is always asked."),
    "text_twice": _l("Another criterion has the same wording."),
    "option_text_twice": _l("Two of its answers have the same wording."),
    "one_option": _l("It offers one answer only."),
    "critical_bonus": _l(
        "It is a bonus and critical: a call can be failed by it though it need not be answered."
    ),
    "skill_missing": _l("It is neither a soft nor a hard skill, so it is left out of profiles."),
}

_LISTS: dict[str, LazyString] = {
    "sections": _l("There is no section yet."),
    "criteria": _l("There is no criterion in this section."),
    "options": _l("There are no answers to choose from."),
}

_CONDITIONS: dict[str, LazyString] = {
    "gone": _l("Its condition asks for a criterion that is no longer there."),
    "later": _l("Its condition asks for a criterion that comes later, so it is never asked."),
    "answers": _l("Its condition asks for an answer that cannot be given, so it is never asked."),
}

ACTS: dict[str, LazyString] = {
    "added": _l("something was added"),
    "changed": _l("a part was changed"),
    "moved": _l("something was moved"),
    "removed": _l("something was removed"),
    "copied": _l("a criterion was copied"),
    "card": _l("title and lines were changed"),
    "file": _l("a file took the place of the draft"),
}


def finding_words(finding: Finding) -> str:
    """Say a fault or hint in the request's language."""
    if finding.code == "condition_unreachable":
        return str(_CONDITIONS[finding.params["why"]])
    if finding.code == "list_needed":
        return str(_LISTS[finding.place.rpartition(".")[2]])
    if finding.code == "language_missing":
        return str(_l("%(part)s: %(languages)s is missing.")) % {
            "part": _part_of(finding.place),
            "languages": ", ".join(str(LANGUAGES[name]) for name in finding.params["locales"]),
        }
    return str(FINDINGS[finding.code]) % dict(finding.params)


def _part_of(place: str) -> str:
    for name in reversed(place.replace("[", ".").split(".")):
        # "options[2].text" is about an answer, "text" alone about the criterion's wording.
        if name in PARTS and not (name == "text" and _inner(place)):
            words = str(PARTS[name])
            return words[:1].upper() + words[1:]
    return place


def _inner(place: str) -> bool:
    return ".options[" in place or ".reasons[" in place


def act_words(act: str) -> str:
    """Say what a step of a draft did."""
    return str(ACTS.get(act.partition(":")[0], ACTS["changed"]))


def state_words(state: VersionState) -> LazyString:
    """Return what the state of a version is called."""
    return STATES[state][0]

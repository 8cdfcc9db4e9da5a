"""The ways through the product, by role: what stands in the top bar, and where a person starts."""

from dataclasses import dataclass

from flask import current_app, request
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from qa_app.permissions import Action, Person, may


@dataclass(frozen=True)
class Way:
    """A place in the top bar; it appears when its route exists and the person may enter."""

    endpoint: str
    label: LazyString
    icon: str
    action: Action


@dataclass(frozen=True)
class Group:
    """Ways under one heading."""

    label: LazyString
    ways: tuple[Way, ...]


WAYS: tuple[Way | Group, ...] = (
    Way("reviews.queue", _l("My reviews"), "checklist", Action.TASKS_WORK),
    Way("assessments.index", _l("My calls"), "phone", Action.ASSESSMENTS_WRITE),
    Way("dashboards.mine", _l("My results"), "chart", Action.DASHBOARDS_MINE),
    Way("dashboards.index", _l("Dashboard"), "chart", Action.DASHBOARDS_READ),
    Group(
        _l("Planning"),
        (
            Way("sampling.index", _l("Sampling"), "dice", Action.PLANS_READ),
            Way("tasks.index", _l("Tasks"), "clock", Action.TASKS_MANAGE),
            Way("targets.index", _l("Targets"), "target", Action.TARGETS_READ),
        ),
    ),
    Group(
        _l("Calls"),
        (
            Way("calls.index", _l("Calls"), "phone", Action.CALLS_READ),
            Way("search.index", _l("Search"), "search", Action.CALLS_READ),
            Way("phrases.index", _l("Phrases"), "quote", Action.PHRASES_READ),
        ),
    ),
    Group(
        _l("Feedback"),
        (
            Way("feedback.index", _l("Feedback"), "message", Action.FEEDBACK_READ),
            Way("disputes.index", _l("Disputes"), "message", Action.OBJECTIONS_ANSWER),
            Way("coaching.index", _l("Talks and notes"), "school", Action.COACHING_READ),
            Way("helping.index", _l("Help"), "users", Action.HELP_READ),
        ),
    ),
    Group(
        _l("Learning"),
        (
            Way("exemplars.index", _l("Exemplars"), "star", Action.EXEMPLARS_READ),
            Way("playlists.index", _l("Playlists"), "list", Action.EXEMPLARS_READ),
            Way("practice.index", _l("Practice"), "school", Action.PRACTICE_DO),
            Way("quizzes.index", _l("Quizzes"), "checklist", Action.PRACTICE_LEAD),
        ),
    ),
    Group(
        _l("Scorecards"),
        (
            Way("scorecards.index", _l("Scorecards"), "list", Action.SCORECARDS_READ),
            Way("guides.index", _l("Scripts and guides"), "quote", Action.GUIDES_READ),
            Way("skills.index", _l("Skills"), "chart", Action.SKILLS_READ),
            Way("calibration.index", _l("Calibration"), "target", Action.CALIBRATION_READ),
        ),
    ),
    Group(
        _l("Administration"),
        (
            Way("people.index", _l("People"), "users", Action.PEOPLE_READ),
            Way("people.sites", _l("Sites and teams"), "building", Action.PEOPLE_READ),
            Way("hotwords.index", _l("Names to listen for"), "headphones", Action.HOTWORDS_WRITE),
            Way("imports.index", _l("Imports"), "upload", Action.IMPORTS_READ),
            Way("operations.jobs", _l("Jobs"), "engine", Action.JOBS_READ),
            Way("operations.queue", _l("Transcription"), "microphone", Action.QUEUE_READ),
            Way("retention.index", _l("Retention"), "hourglass", Action.RETENTION_READ),
            Way("retention.holds", _l("Legal holds"), "lock", Action.RETENTION_READ),
            Way("rights.index", _l("Requests"), "shield", Action.REQUESTS_READ),
            Way("rights.limits", _l("Limits"), "users", Action.SETTINGS_READ),
            Way("operations.audit", _l("Audit log"), "eye", Action.AUDIT_READ),
            Way("operations.sheet", _l("Settings sheet"), "printer", Action.SETTINGS_READ),
        ),
    ),
)


_ENTERED_FROM = {"studio": "scorecards"}
"""Areas that have no way of their own, and those they are entered from."""


def ways_for(person: Person) -> tuple[Way | Group, ...]:
    """Return what the person's top bar shows: no empty groups, no heading over a single way."""
    shown: list[Way | Group] = []
    for entry in WAYS:
        if isinstance(entry, Way):
            if _open(entry, person):
                shown.append(entry)
        elif ways := tuple(way for way in entry.ways if _open(way, person)):
            shown.append(Group(entry.label, ways) if len(ways) > 1 else ways[0])
    return tuple(shown)


def _open(way: Way, person: Person) -> bool:
    return way.endpoint in current_app.view_functions and may(person, way.action)


def is_here(way: Way) -> bool:
    """Tell whether the present page belongs to this way, for ``aria-current``."""
    if request.endpoint == way.endpoint:
        return True
    area = (request.endpoint or "").partition(".")[0]
    area = _ENTERED_FROM.get(area, area)
    own = way.endpoint.partition(".")[0]
    siblings = [w for w in _flat() if w.endpoint.partition(".")[0] == own]
    return (
        area == own
        and siblings[0] is way
        and request.endpoint not in {w.endpoint for w in siblings}
    )


def _flat() -> list[Way]:
    flat: list[Way] = []
    for entry in WAYS:
        flat.extend(entry.ways if isinstance(entry, Group) else (entry,))
    return flat

"""Who may do what: one pure table of actions and roles, and the person it is asked about."""

import uuid
from dataclasses import dataclass
from enum import StrEnum

from models.vocab import Role


class Action(StrEnum):
    """Something the web lets a person do; every route names one."""

    HOME = "home"
    ACCOUNT = "account"
    CALLS_READ = "calls.read"
    CALLS_LISTEN = "calls.listen"
    CALLS_CORRECT = "calls.correct"
    HOTWORDS_WRITE = "hotwords.write"
    CALLS_EXPORT = "calls.export"
    CALLS_UNMASK = "calls.unmask"
    IMPORTS_READ = "imports.read"
    IMPORTS_WRITE = "imports.write"
    PLANS_READ = "plans.read"
    PLANS_WRITE = "plans.write"
    DRAWS_READ = "draws.read"
    DRAWS_WRITE = "draws.write"
    TASKS_WORK = "tasks.work"
    TASKS_MANAGE = "tasks.manage"
    REVIEWS_WRITE = "reviews.write"
    REVIEWS_DIRECT = "reviews.direct"
    LIVE_WRITE = "live.write"
    LIVE_READ = "live.read"
    REVIEWS_READ = "reviews.read"
    ASSESSMENTS_WRITE = "assessments.write"
    FEEDBACK_READ = "feedback.read"
    FEEDBACK_RESPOND = "feedback.respond"
    OBJECTIONS_ANSWER = "objections.answer"
    EXEMPLARS_READ = "exemplars.read"
    EXEMPLARS_CHOOSE = "exemplars.choose"
    EXEMPLARS_OWN = "exemplars.own"
    PRACTICE_DO = "practice.do"
    PRACTICE_LEAD = "practice.lead"
    CALIBRATION_READ = "calibration.read"
    CALIBRATION_LEAD = "calibration.lead"
    SEVERITY_READ = "severity.read"
    SCORECARDS_READ = "scorecards.read"
    SCORECARDS_WRITE = "scorecards.write"
    SCORECARDS_COMMENT = "scorecards.comment"
    SCORECARDS_ANALYSE = "scorecards.analyse"
    GUIDES_READ = "guides.read"
    GUIDES_WRITE = "guides.write"
    SKILLS_READ = "skills.read"
    DASHBOARDS_READ = "dashboards.read"
    DASHBOARDS_MINE = "dashboards.mine"
    PHRASES_READ = "phrases.read"
    PHRASES_WRITE = "phrases.write"
    PHRASES_JUDGE = "phrases.judge"
    PEOPLE_READ = "people.read"
    PEOPLE_WRITE = "people.write"
    AUDIT_READ = "audit.read"
    JOBS_READ = "jobs.read"
    JOBS_WRITE = "jobs.write"
    QUEUE_READ = "queue.read"
    QUEUE_WRITE = "queue.write"
    TRANSCRIPTS_RENEW = "transcripts.renew"
    RETENTION_READ = "retention.read"
    RETENTION_WRITE = "retention.write"
    SETTINGS_READ = "settings.read"
    # disputes, help, coaching, targets
    DISPUTES_READ = "disputes.read"
    DISPUTES_SET = "disputes.set"
    HELP_ASK = "help.ask"
    HELP_READ = "help.read"
    HELP_ANSWER = "help.answer"
    COACHING_READ = "coaching.read"
    COACHING_WRITE = "coaching.write"
    COACHING_SET = "coaching.set"
    TARGETS_READ = "targets.read"
    TARGETS_WRITE = "targets.write"
    REQUESTS_READ = "requests.read"
    REQUESTS_WRITE = "requests.write"
    LIMITS_WRITE = "limits.write"


EVERYONE = frozenset(Role)
"""Anybody who is signed in, even before a role has been given."""

_REVIEWER = frozenset({Role.REVIEWER})
_AGENT = frozenset({Role.AGENT})
_TRAINER = frozenset({Role.TRAINER})
_MANAGER = frozenset({Role.MANAGER})
_ADMIN = frozenset({Role.ADMIN})

ALLOWED: dict[Action, frozenset[Role]] = {
    Action.HOME: EVERYONE,
    Action.ACCOUNT: EVERYONE,
    Action.CALLS_READ: _AGENT | _TRAINER | _MANAGER,
    Action.CALLS_LISTEN: _REVIEWER | _AGENT | _TRAINER | _MANAGER,
    Action.CALLS_CORRECT: _MANAGER,
    Action.HOTWORDS_WRITE: _ADMIN | _MANAGER,
    Action.CALLS_EXPORT: _MANAGER,
    Action.CALLS_UNMASK: _MANAGER,
    Action.IMPORTS_READ: _ADMIN,
    Action.IMPORTS_WRITE: _ADMIN,
    Action.PLANS_READ: _MANAGER,
    Action.PLANS_WRITE: _MANAGER,
    Action.DRAWS_READ: _MANAGER,
    Action.DRAWS_WRITE: _MANAGER,
    Action.TASKS_WORK: _REVIEWER,
    Action.TASKS_MANAGE: _MANAGER,
    Action.REVIEWS_WRITE: _REVIEWER,
    Action.REVIEWS_DIRECT: _TRAINER | _MANAGER,
    Action.LIVE_WRITE: _REVIEWER | _MANAGER,
    Action.LIVE_READ: _AGENT | _REVIEWER | _TRAINER | _MANAGER,
    Action.REVIEWS_READ: _REVIEWER | _TRAINER | _MANAGER,
    Action.ASSESSMENTS_WRITE: _AGENT,
    Action.FEEDBACK_READ: _AGENT | _REVIEWER | _TRAINER | _MANAGER,
    Action.FEEDBACK_RESPOND: _AGENT,
    Action.OBJECTIONS_ANSWER: _REVIEWER | _MANAGER,
    Action.EXEMPLARS_READ: _AGENT | _REVIEWER | _TRAINER | _MANAGER,
    Action.EXEMPLARS_CHOOSE: _TRAINER,
    Action.EXEMPLARS_OWN: _AGENT,
    Action.PRACTICE_DO: _AGENT | _REVIEWER | _TRAINER | _MANAGER,
    Action.PRACTICE_LEAD: _TRAINER,
    Action.CALIBRATION_READ: _REVIEWER | _TRAINER | _MANAGER,
    Action.CALIBRATION_LEAD: _TRAINER | _MANAGER,
    Action.SEVERITY_READ: _REVIEWER | _MANAGER,
    Action.SCORECARDS_READ: EVERYONE,
    Action.SCORECARDS_WRITE: _MANAGER,
    Action.SCORECARDS_COMMENT: _AGENT | _REVIEWER | _TRAINER | _MANAGER,
    Action.SCORECARDS_ANALYSE: _TRAINER | _MANAGER,
    Action.GUIDES_READ: _AGENT | _REVIEWER | _TRAINER | _MANAGER,
    Action.GUIDES_WRITE: _MANAGER,
    Action.SKILLS_READ: _TRAINER | _MANAGER,
    Action.DASHBOARDS_READ: _TRAINER | _MANAGER,
    Action.DASHBOARDS_MINE: _AGENT,
    Action.PHRASES_READ: _TRAINER | _MANAGER,
    Action.PHRASES_WRITE: _MANAGER,
    Action.PHRASES_JUDGE: _TRAINER | _MANAGER,
    Action.PEOPLE_READ: _ADMIN,
    Action.PEOPLE_WRITE: _ADMIN,
    Action.AUDIT_READ: _ADMIN,
    Action.JOBS_READ: _ADMIN,
    Action.JOBS_WRITE: _ADMIN,
    Action.QUEUE_READ: _ADMIN | _MANAGER,
    Action.QUEUE_WRITE: _ADMIN | _MANAGER,
    Action.TRANSCRIPTS_RENEW: _MANAGER,
    Action.RETENTION_READ: _ADMIN | _MANAGER,
    Action.RETENTION_WRITE: _ADMIN,
    Action.SETTINGS_READ: _ADMIN | _MANAGER,
    # disputes, help, coaching, targets
    Action.DISPUTES_READ: _MANAGER,
    Action.DISPUTES_SET: _MANAGER,
    Action.HELP_ASK: _AGENT,
    Action.HELP_READ: _AGENT | _TRAINER | _MANAGER,
    Action.HELP_ANSWER: _TRAINER | _MANAGER,
    Action.COACHING_READ: _AGENT | _TRAINER | _MANAGER,
    Action.COACHING_WRITE: _TRAINER | _MANAGER,
    Action.COACHING_SET: _MANAGER,
    Action.TARGETS_READ: _AGENT | _TRAINER | _MANAGER,
    Action.TARGETS_WRITE: _MANAGER,
    Action.REQUESTS_READ: _ADMIN,
    Action.REQUESTS_WRITE: _ADMIN,
    Action.LIMITS_WRITE: _ADMIN,
}


@dataclass(frozen=True)
class Grant:
    """A role held for a site, or for one team of it."""

    role: Role
    site_id: int
    team_id: int | None


@dataclass(frozen=True)
class Person:
    """Who is signed in, as pages need it; ``agent_id`` is set for those who take calls."""

    id: int
    uid: uuid.UUID
    username: str
    display_name: str
    locale: str | None
    grants: tuple[Grant, ...]
    agent_id: int | None
    epoch: int = 0

    @property
    def roles(self) -> frozenset[Role]:
        """Every role the person holds somewhere."""
        return frozenset(grant.role for grant in self.grants)


def may(person: Person, *actions: Action) -> bool:
    """Tell whether the person may do one of the actions somewhere; rows narrow it further."""
    return any(ALLOWED[action] == EVERYONE or person.roles & ALLOWED[action] for action in actions)


def grants_for(person: Person, action: Action) -> tuple[Grant, ...]:
    """Return the grants of the person that allow the action."""
    return tuple(grant for grant in person.grants if grant.role in ALLOWED[action])


def leads_site(person: Person, action: Action, site_id: int) -> bool:
    """Tell whether a grant for the action holds for a whole site, not for one team of it."""
    return any(
        grant.site_id == site_id and grant.team_id is None for grant in grants_for(person, action)
    )

"""The form of a plan, and the small forms around a draw."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    DateField,
    DecimalField,
    Form,
    FormField,
    HiddenField,
    IntegerField,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional, ValidationError

from models.vocab import Direction, Reason
from pipelines.sampling.rules.settings import (
    DEFAULT_ORDER,
    PlanSettings,
    Quota,
    ReasonRule,
    Thresholds,
)
from qa_app.forms import BaseForm, CreatingForm, choices
from qa_app.reasons import REASONS

COUNT, SHARE = "count", "share"
_UNITS = [(COUNT, _l("calls")), (SHARE, _l("% of them"))]
_MOST = 100_000

DIRECTIONS: dict[Direction, LazyString] = {
    Direction.OUT: _l("Outbound"),
    Direction.IN: _l("Inbound"),
}


class QuotaMixin:
    """A number and its unit: calls, or percent of the stratum."""

    amount = DecimalField(
        _l("How many"), places=None, validators=[InputRequired(), NumberRange(0, _MOST)]
    )
    unit = SelectField(_l("Unit"), choices=choices(_UNITS))

    def validate_amount(self, field: DecimalField) -> None:
        """Refuse parts of a call, and a share above 100 %."""
        value = field.data
        if value is None:
            return
        if self.unit.data == SHARE and value > 100:  # noqa: PLR2004 - percent
            raise ValidationError(_l("A share is at most 100 %."))
        if self.unit.data == COUNT and value != value.to_integral_value():
            raise ValidationError(_l("Give a whole number of calls."))

    def quota(self) -> Quota:
        """Return what was entered."""
        if self.unit.data == SHARE:
            return Quota(share_bp=int(self.amount.data * 100))
        return Quota(count=int(self.amount.data))


def _quota_data(quota: Quota) -> dict[str, Any]:
    if quota.count is not None:
        return {"amount": Decimal(quota.count), "unit": COUNT}
    return {"amount": Decimal(quota.share_bp or 0) / 100, "unit": SHARE}


class ReasonForm(QuotaMixin, Form):
    """A reason: on or off, its place in the order, and how many calls to draw."""

    on = BooleanField(_l("On"))
    place = IntegerField(_l("Order"), validators=[InputRequired(), NumberRange(1, len(Reason))])


class OrdinaryForm(QuotaMixin, Form):
    """How many calls without a reason to draw."""


def _percent(label: LazyString, low: str, high: str) -> DecimalField:
    return DecimalField(
        label,
        places=None,
        validators=[InputRequired(), NumberRange(Decimal(low), Decimal(high))],
    )


class ThresholdsForm(Form):
    """When the reasons apply."""

    long_z = _percent(_l("Very long: robust z above"), "0.5", "20")
    short_z = _percent(_l("Very short: robust z below minus"), "0.5", "20")
    outer = _percent(_l("Very long, very short: at least the outer %"), "0", "20")
    ceiling = _percent(_l("Very long, very short: at most %"), "0.01", "100")
    transfers = IntegerField(
        _l("Several transfers: at least"), validators=[InputRequired(), NumberRange(1, 100)]
    )
    tiers = StringField(_l("High-value customer: tiers, separated by commas"))
    top_value = _percent(_l("High-value customer: top % of comparable calls"), "0", "50")
    best = _percent(_l("Best: at most %"), "0.01", "100")


class PlanForm(CreatingForm):
    """A sample plan. Choices of projects, teams and scorecards are given by the view."""

    lock_version = HiddenField()
    name = StringField(_l("Name of the plan"), validators=[InputRequired(), Length(max=80)])
    scorecard = SelectField(_l("Scorecard"), validate_choice=True)
    projects = SelectMultipleField(_l("Projects"))
    teams = SelectMultipleField(_l("Teams"))
    directions = SelectMultipleField(
        _l("Directions"), choices=choices([(d.value, label) for d, label in DIRECTIONS.items()])
    )
    min_talk_s = IntegerField(
        _l("Shortest talk time, seconds"), validators=[InputRequired(), NumberRange(0, 86_400)]
    )
    worst = FormField(ReasonForm, REASONS[Reason.WORST])
    best = FormField(ReasonForm, REASONS[Reason.BEST])
    multi_transfer = FormField(ReasonForm, REASONS[Reason.MULTI_TRANSFER])
    high_value = FormField(ReasonForm, REASONS[Reason.HIGH_VALUE])
    very_long = FormField(ReasonForm, REASONS[Reason.VERY_LONG])
    very_short = FormField(ReasonForm, REASONS[Reason.VERY_SHORT])
    ordinary = FormField(OrdinaryForm, _l("Ordinary"))
    by_agent = BooleanField(_l("Ordinary calls of every agent"))
    per_agent_minimum = IntegerField(
        _l("Fewest ordinary calls of an agent"),
        validators=[InputRequired(), NumberRange(2, 1_000)],
    )
    thresholds = FormField(ThresholdsForm, _l("When a reason applies"))
    settling_days = IntegerField(
        _l("Days to wait for answers and complaints"),
        validators=[InputRequired(), NumberRange(0, 60)],
    )
    due_days = IntegerField(_l("Days to review"), validators=[InputRequired(), NumberRange(1, 365)])
    self_assessment_days = IntegerField(
        _l("Days for the self-assessment"), validators=[InputRequired(), NumberRange(1, 365)]
    )
    nightly = BooleanField(_l("Draw every night"))
    phrase_hits = BooleanField(_l("Reviewers see phrase hits while they score"))
    second_share = IntegerField(
        _l("Read by a second reviewer too, % of the calls"),
        validators=[Optional(), NumberRange(0, 50)],
    )
    no_colleagues = BooleanField(_l("Keep calls from close colleagues of the agent"))

    @property
    def reasons(self) -> list[tuple[Reason, FormField]]:
        """Return the reasons' forms in the order that they were given."""
        fields = [(reason, self[reason.value]) for reason in DEFAULT_ORDER]
        return sorted(fields, key=lambda item: item[1].form.place.data or len(Reason))

    def settings(self) -> PlanSettings:
        """Return the plan's rules as entered; the form must be valid."""
        limits = self.thresholds.form
        tiers = (tier.strip() for tier in (limits.tiers.data or "").split(","))
        return PlanSettings(
            projects=tuple(self.projects.data or ()),
            teams=tuple(self.teams.data or ()),
            directions=tuple(Direction(value) for value in self.directions.data or ()),
            min_talk_ms=self.min_talk_s.data * 1000,
            reasons=tuple(
                ReasonRule(reason, field.form.quota(), bool(field.form.on.data))
                for reason, field in self.reasons
            ),
            thresholds=Thresholds(
                long_z=_hundredths(limits.long_z),
                short_z=_hundredths(limits.short_z),
                outer_bp=_hundredths(limits.outer),
                ceiling_bp=_hundredths(limits.ceiling),
                transfers=limits.transfers.data,
                tiers=tuple(dict.fromkeys(tier for tier in tiers if tier)),
                top_value_bp=_hundredths(limits.top_value),
                best_bp=_hundredths(limits.best),
            ),
            ordinary=self.ordinary.form.quota(),
            by_agent=bool(self.by_agent.data),
            per_agent_minimum=self.per_agent_minimum.data,
        )

    def offer(
        self,
        projects: Sequence[tuple[str, str]],
        teams: Sequence[tuple[str, str]],
        scorecards: Sequence[tuple[str, str]],
    ) -> None:
        """Give the choices of the plan's site: (value, label) pairs."""
        self.projects.choices = choices(projects)
        self.teams.choices = choices(teams)
        self.scorecard.choices = choices([("", _l("That of each call's project")), *scorecards])


def plan_data(settings: PlanSettings) -> dict[str, Any]:
    """Return the form's values for the rules of a plan."""
    limits = settings.thresholds
    given = {rule.reason: rule for rule in settings.reasons}
    off = [replace(ReasonRule(reason), on=False) for reason in DEFAULT_ORDER if reason not in given]
    places = {
        rule.reason.value: {"on": rule.on, "place": place, **_quota_data(rule.quota)}
        for place, rule in enumerate([*given.values(), *off], start=1)
    }
    return {
        **places,
        "projects": list(settings.projects),
        "teams": list(settings.teams),
        "directions": [direction.value for direction in settings.directions],
        "min_talk_s": settings.min_talk_ms // 1000,
        "ordinary": _quota_data(settings.ordinary),
        "by_agent": settings.by_agent,
        "per_agent_minimum": settings.per_agent_minimum,
        "thresholds": {
            "long_z": Decimal(limits.long_z) / 100,
            "short_z": Decimal(limits.short_z) / 100,
            "outer": Decimal(limits.outer_bp) / 100,
            "ceiling": Decimal(limits.ceiling_bp) / 100,
            "transfers": limits.transfers,
            "tiers": ", ".join(limits.tiers),
            "top_value": Decimal(limits.top_value_bp) / 100,
            "best": Decimal(limits.best_bp) / 100,
        },
    }


def _hundredths(field: DecimalField) -> int:
    return int(field.data * 100)


class PeriodForm(BaseForm):
    """The days to preview, both included."""

    class Meta(BaseForm.Meta):
        """Asked for by GET: it changes nothing, so it needs no token."""

        csrf = False

    start = DateField(_l("First day"), validators=[InputRequired()])
    end = DateField(_l("Last day"), validators=[InputRequired()])


class DrawForm(CreatingForm):
    """The days to draw, as they were previewed."""

    start = DateField(_l("First day"), validators=[InputRequired()])
    end = DateField(_l("Last day"), validators=[InputRequired()])


class VoidForm(BaseForm):
    """Why a draw does not count."""

    reason = StringField(_l("Reason"), validators=[InputRequired(), Length(max=500)])


class ExtendForm(CreatingForm):
    """How many more calls of a stratum."""

    stratum = StringField(_l("Stratum"), validators=[InputRequired()])
    count = IntegerField(
        _l("More calls"), validators=[Optional(), NumberRange(1, 1_000)], default=1
    )

"""What a sample plan asks for: filters, reasons in order, quotas, thresholds; to and from JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from models.vocab import Direction, Reason
from pipelines.outcomes import DomainError

ALL_BP = 10_000
ORDINARY = "ordinary"
ALREADY_REVIEWED = "already_reviewed"
DEFAULT_ORDER = (
    Reason.WORST,
    Reason.BEST,
    Reason.MULTI_TRANSFER,
    Reason.HIGH_VALUE,
    Reason.VERY_LONG,
    Reason.VERY_SHORT,
)


@dataclass(frozen=True)
class Quota:
    """How many calls of a stratum to draw: a count, or a share of it in basis points."""

    count: int | None = None
    share_bp: int | None = None

    def to_json(self) -> dict[str, int]:
        """Return ``{"count": n}`` or ``{"share_bp": n}``."""
        if self.count is not None:
            return {"count": self.count}
        return {"share_bp": self.share_bp or 0}


@dataclass(frozen=True)
class ReasonRule:
    """A reason in its place of the plan's order, and how many calls of its stratum to draw."""

    reason: Reason
    quota: Quota = Quota(count=10)
    on: bool = True


@dataclass(frozen=True)
class Thresholds:
    """When a reason applies. ``_bp`` values are shares in basis points (200 = 2 %).

    ``long_z`` and ``short_z`` are robust z limits in hundredths; ``outer_bp`` is the share of the
    frame that very_long and very_short are filled up to, ``ceiling_bp`` the share they may not
    exceed; ``top_value_bp`` the share of peers called high in value; ``best_bp`` the share of the
    frame that best is cut to. Ceiling and cut never go below ``AT_LEAST`` calls, so that a small
    frame keeps its few.
    """

    long_z: int = 300
    short_z: int = 300
    outer_bp: int = 50
    ceiling_bp: int = 200
    transfers: int = 2
    tiers: tuple[str, ...] = ("vip",)
    top_value_bp: int = 200
    best_bp: int = 200


AT_LEAST = 10
_LIMITS = {
    "long_z": (50, 2_000),
    "short_z": (50, 2_000),
    "outer_bp": (0, 2_000),
    "ceiling_bp": (1, ALL_BP),
    "transfers": (1, 100),
    "top_value_bp": (0, 5_000),
    "best_bp": (1, ALL_BP),
}


@dataclass(frozen=True)
class PlanSettings:
    """The rules of a plan. Empty filters mean everything; codes are those of the plan's site."""

    projects: tuple[str, ...] = ()
    directions: tuple[Direction, ...] = ()
    teams: tuple[str, ...] = ()
    min_talk_ms: int = 0
    reasons: tuple[ReasonRule, ...] = tuple(ReasonRule(reason) for reason in DEFAULT_ORDER)
    thresholds: Thresholds = field(default_factory=Thresholds)
    ordinary: Quota = Quota(count=60)
    by_agent: bool = True
    per_agent_minimum: int = 2

    @property
    def order(self) -> tuple[Reason, ...]:
        """Return the reasons that are on, first matching first."""
        return tuple(rule.reason for rule in self.reasons if rule.on)

    def to_json(self) -> dict[str, Any]:
        """Return plain values that ``from_json`` reads back to an equal object."""
        return {
            "projects": list(self.projects),
            "directions": [direction.value for direction in self.directions],
            "teams": list(self.teams),
            "min_talk_ms": self.min_talk_ms,
            "reasons": [
                {"reason": rule.reason.value, "on": rule.on, "quota": rule.quota.to_json()}
                for rule in self.reasons
            ],
            "thresholds": {
                **{name: getattr(self.thresholds, name) for name in _LIMITS},
                "tiers": list(self.thresholds.tiers),
            },
            "ordinary": {
                "quota": self.ordinary.to_json(),
                "by_agent": self.by_agent,
                "per_agent_minimum": self.per_agent_minimum,
            },
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "PlanSettings":
        """Read and check plain values; missing ones take their default.

        Raises ``DomainError("plan_invalid", place=…)`` that names the first wrong value.
        """
        _known(data, set(cls().to_json()), "")
        ordinary = _mapping(data.get("ordinary", {}), "ordinary")
        _known(ordinary, {"quota", "by_agent", "per_agent_minimum"}, "ordinary.")
        default = cls()
        return cls(
            projects=_texts(data.get("projects", []), "projects"),
            directions=_directions(data.get("directions", [])),
            teams=_texts(data.get("teams", []), "teams"),
            min_talk_ms=_whole(data.get("min_talk_ms", 0), "min_talk_ms", 0, 86_400_000),
            reasons=_reasons(data["reasons"]) if "reasons" in data else default.reasons,
            thresholds=_thresholds(_mapping(data.get("thresholds", {}), "thresholds")),
            ordinary=_quota(ordinary["quota"], "ordinary.quota")
            if "quota" in ordinary
            else default.ordinary,
            by_agent=_flag(ordinary.get("by_agent", default.by_agent), "ordinary.by_agent"),
            per_agent_minimum=_whole(
                ordinary.get("per_agent_minimum", default.per_agent_minimum),
                "ordinary.per_agent_minimum",
                2,
                1_000,
            ),
        )


def _wrong(place: str) -> DomainError:
    return DomainError("plan_invalid", place=place)


def _known(data: Mapping[str, Any], names: set[str], place: str) -> None:
    for name in data:
        if name not in names:
            raise _wrong(f"{place}{name}")


def _mapping(value: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _wrong(place)
    return value


def _whole(value: Any, place: str, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise _wrong(place)
    return value


def _flag(value: Any, place: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong(place)
    return value


def _texts(value: Any, place: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise _wrong(place)
    return tuple(dict.fromkeys(value))


def _directions(value: Any) -> tuple[Direction, ...]:
    try:
        return tuple(Direction(item) for item in _texts(value, "directions"))
    except ValueError:
        raise _wrong("directions") from None


def _quota(value: Any, place: str) -> Quota:
    data = _mapping(value, place)
    if set(data) == {"count"}:
        return Quota(count=_whole(data["count"], place, 0, 1_000_000))
    if set(data) == {"share_bp"}:
        return Quota(share_bp=_whole(data["share_bp"], place, 0, ALL_BP))
    raise _wrong(place)


def _reasons(value: Any) -> tuple[ReasonRule, ...]:
    if not isinstance(value, list):
        raise _wrong("reasons")
    rules: list[ReasonRule] = []
    for number, item in enumerate(value):
        place = f"reasons.{number}"
        data = _mapping(item, place)
        _known(data, {"reason", "on", "quota"}, f"{place}.")
        try:
            reason = Reason(data.get("reason", ""))
        except ValueError:
            raise _wrong(f"{place}.reason") from None
        if any(rule.reason is reason for rule in rules):
            raise _wrong(f"{place}.reason")
        on = _flag(data.get("on", True), f"{place}.on")
        # Nothing writes the column that this reason reads until learning exists.
        if reason is Reason.UNUSUAL and on:
            raise DomainError("reason_not_available", reason=reason.value)
        quota = _quota(data.get("quota", {"count": 10}), f"{place}.quota")
        rules.append(ReasonRule(reason, quota, on))
    return tuple(rules)


def _thresholds(data: Mapping[str, Any]) -> Thresholds:
    _known(data, {*_LIMITS, "tiers"}, "thresholds.")
    default = Thresholds()
    numbers = {
        name: _whole(data.get(name, getattr(default, name)), f"thresholds.{name}", low, high)
        for name, (low, high) in _LIMITS.items()
    }
    tiers = _texts(list(data.get("tiers", default.tiers)), "thresholds.tiers")
    return Thresholds(tiers=tiers, **numbers)

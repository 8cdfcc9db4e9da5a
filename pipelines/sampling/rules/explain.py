"""The figures behind each reason of a drawn call; words are made from them where they are shown."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from models.vocab import Reason


@dataclass(frozen=True)
class CallFacts:
    """What reasons look at, for one drawn call: codes, milliseconds, minor units.

    ``complaints`` holds (cause, status) of each that counts; ``level`` is the last valid answer.
    """

    project: str
    outbound: bool
    talk_ms: int
    transfers: int
    tier: str | None
    value_minor: int | None
    currency: str | None
    outcome: str
    complaints: tuple[tuple[str, str], ...]
    satisfaction: str | None
    level: int | None


def explain(
    reasons: Iterable[Reason], call: CallFacts, header: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Return the figures of each reason; ``header`` is the manifest's, with peers and settings."""
    makers = {
        Reason.WORST: _worst,
        Reason.BEST: _best,
        Reason.MULTI_TRANSFER: lambda call, _header: {"transfers": call.transfers},
        Reason.HIGH_VALUE: _high_value,
        Reason.VERY_LONG: _length,
        Reason.VERY_SHORT: _length,
    }
    return {reason.value: makers[reason](call, header) for reason in reasons}


def _worst(call: CallFacts, _header: Mapping[str, Any]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    if call.complaints:
        figures["complaints"] = [
            {"cause": cause, "status": status} for cause, status in call.complaints
        ]
    if call.satisfaction == "dissatisfied":
        figures["satisfaction"] = call.satisfaction
        figures["level"] = call.level
    return figures


def _best(call: CallFacts, _header: Mapping[str, Any]) -> dict[str, Any]:
    return {"level": call.level, "outcome": call.outcome}


def _high_value(call: CallFacts, header: Mapping[str, Any]) -> dict[str, Any]:
    thresholds = header["settings"]["thresholds"]
    figures: dict[str, Any] = {}
    if call.tier in thresholds["tiers"]:
        figures["tier"] = call.tier
    for group in header["peers"]["value"]:
        same = (group["project"], group["outbound"], group["currency"]) == (
            call.project,
            call.outbound,
            call.currency,
        )
        if same and call.value_minor is not None and call.value_minor > group["above"]:
            figures |= {
                "value_minor": call.value_minor,
                "currency": call.currency,
                "top_bp": thresholds["top_value_bp"],
                "level": group["level"],
                "n": group["n"],
            }
    return figures


def _length(call: CallFacts, header: Mapping[str, Any]) -> dict[str, Any]:
    for group in header["peers"]["length"]:
        if (group["project"], group["outbound"]) == (call.project, call.outbound):
            return {
                "talk_ms": call.talk_ms,
                "project": call.project,
                "low_ms": group["low_ms"],
                "median_ms": group["median_ms"],
                "high_ms": group["high_ms"],
                "level": group["level"],
                "n": group["n"],
            }
    return {"talk_ms": call.talk_ms}

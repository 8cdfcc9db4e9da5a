"""Why a call was picked, in words made from the figures that the draw kept."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from babel import numbers
from flask_babel import LazyString, get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext as _n

from models.vocab import ComplaintCause, ComplaintStatus, Reason
from qa_app.formats import bp, duration

REASONS: dict[Reason, LazyString] = {
    Reason.WORST: _l("Worst"),
    Reason.BEST: _l("Best"),
    Reason.MULTI_TRANSFER: _l("Several transfers"),
    Reason.HIGH_VALUE: _l("High-value customer"),
    Reason.VERY_LONG: _l("Very long"),
    Reason.VERY_SHORT: _l("Very short"),
    Reason.UNUSUAL: _l("Unusual"),
}
_CAUSES: dict[ComplaintCause, LazyString] = {
    ComplaintCause.ATTITUDE: _l("attitude"),
    ComplaintCause.MISLEADING: _l("misleading words"),
    ComplaintCause.PROCESS: _l("process"),
    ComplaintCause.PRODUCT: _l("product"),
    ComplaintCause.OTHER: _l("another cause"),
}
_STATUSES: dict[ComplaintStatus, LazyString] = {
    ComplaintStatus.OPEN: _l("still being examined"),
    ComplaintStatus.UPHELD: _l("found justified"),
    ComplaintStatus.NOT_UPHELD: _l("found unjustified"),
}
_USUAL: dict[str, LazyString] = {
    "project": _l("calls of this project usually take %(low)s to %(high)s"),
    "direction": _l("calls of this direction usually take %(low)s to %(high)s"),
    "site": _l("calls of this site usually take %(low)s to %(high)s"),
}


def reason_name(code: str) -> str:
    """Return what a reason is called."""
    return str(REASONS[Reason(code)])


def stratum_name(key: str) -> str:
    """Return what a stratum is called: a reason, or the ordinary calls, perhaps of one agent."""
    kind, _colon, agent = key.partition(":")
    if kind == "already_reviewed":
        return _("Drawn before")
    if kind == "ordinary":
        return _("Ordinary, agent %(agent)s", agent=agent) if agent else _("Ordinary")
    return reason_name(kind)


def reason_words(explanation: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return (name, words) for each reason of a drawn call, in the order that they were kept."""
    return [(reason_name(code), _words(code, figures)) for code, figures in explanation.items()]


def _words(code: str, figures: Mapping[str, Any]) -> str:
    if code in (Reason.VERY_LONG, Reason.VERY_SHORT):
        return _length(figures)
    if code == Reason.MULTI_TRANSFER:
        return _n(
            "transferred %(num)s time", "transferred %(num)s times", int(figures["transfers"])
        )
    if code == Reason.HIGH_VALUE:
        return _value(figures)
    if code == Reason.BEST:
        return _("the customer gave the best answer, and the call reached its aim")
    return _worst(figures)


def _length(figures: Mapping[str, Any]) -> str:
    talked = _("talked %(time)s", time=duration(figures["talk_ms"]))
    if "low_ms" not in figures:
        return talked
    usual = str(_USUAL[figures["level"]]) % {
        "low": duration(figures["low_ms"]),
        "high": duration(figures["high_ms"]),
    }
    return _("%(first)s; %(second)s", first=talked, second=usual)


def _value(figures: Mapping[str, Any]) -> str:
    parts = []
    if "tier" in figures:
        parts.append(_("customer of tier %(tier)s", tier=figures["tier"]))
    if "value_minor" in figures:
        money = _money(figures["value_minor"], figures["currency"])
        parts.append(
            _(
                "worth %(money)s, among the top %(share)s of comparable calls",
                money=money,
                share=bp(figures["top_bp"], 0),
            )
        )
    return _joined(parts)


def _worst(figures: Mapping[str, Any]) -> str:
    parts = [
        _(
            "a complaint about %(cause)s, %(status)s",
            cause=str(_CAUSES[ComplaintCause(item["cause"])]),
            status=str(_STATUSES[ComplaintStatus(item["status"])]),
        )
        for item in figures.get("complaints", ())
    ]
    if figures.get("satisfaction") == "dissatisfied":
        parts.append(_("the customer answered: dissatisfied"))
    return _joined(parts)


def _joined(parts: list[str]) -> str:
    if not parts:
        return ""
    words = parts[0]
    for part in parts[1:]:
        words = _("%(first)s; %(second)s", first=words, second=part)
    return words


def _money(minor: int, currency: str) -> str:
    digits = numbers.get_currency_precision(currency)
    amount = Decimal(minor).scaleb(-digits)
    return numbers.format_currency(amount, currency, locale=get_locale() or "en")


FILTERS = {
    "reason_name": reason_name,
    "reason_words": reason_words,
    "stratum_name": stratum_name,
}

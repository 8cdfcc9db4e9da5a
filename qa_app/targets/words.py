"""What indicators with targets are called, and how their values are written."""

from decimal import Decimal

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from pipelines.measures.rules.indicators import AIMED_AT, DEFINITIONS, Indicator, Unit
from qa_app.formats import bp, number

INDICATORS: dict[Indicator, LazyString] = {
    Indicator.QA_EXCELLENCE_RATE: _l("QA excellence rate"),
    Indicator.MONITORING_PASS_RATE: _l("Share of calls that pass"),
    Indicator.SMS_SATISFACTION_RATE: _l("SMS satisfaction"),
    Indicator.SMS_RESPONSE_RATE: _l("Answers to SMS questions"),
    Indicator.COMPLAINT_RATE: _l("Complaints per 1,000 outbound calls"),
    Indicator.ATTITUDE_COMPLAINT_RATE: _l("Complaints about attitude per 1,000 calls"),
    Indicator.SELF_ASSESSMENT_ABS_GAP: _l("Distance between own view and review, in points"),
    Indicator.SELF_ASSESSMENT_RESPONSE: _l("Self-assessments given"),
}


def indicator_name(code: str) -> str:
    """Return what an indicator is called."""
    return str(INDICATORS[Indicator(code)])


def target_words(code: str, value: int) -> str:
    """Write a target, such as ``at least 85 %``; ``value`` in hundredths of its unit."""
    indicator = Indicator(code)
    if DEFINITIONS[indicator].unit is Unit.RATE:
        written = bp(value, 0 if value % 100 == 0 else 1)
    else:
        written = number(value / 100, 0 if value % 100 == 0 else 2)
    if AIMED_AT[indicator]:
        return _("at least %(value)s", value=written)
    return _("at most %(value)s", value=written)


def hundredths(value: Decimal) -> int:
    """Return a written value in hundredths of its unit."""
    return int((value * 100).to_integral_value())


FILTERS = {"indicator_name": indicator_name}

"""What the demo's last line says: counts, error rates and the three rates, from the database."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.calls import Call, Recording
from models.measures import DailyFact
from models.reviews import Exemplar, Review
from models.samples import Draw, DrawnCall, DrawStratum, SamplePlan
from models.transcripts import Transcript
from models.vocab import Origin, RecordingState, ReviewState, TranscriptState
from pipelines.measures.rules.indicators import Indicator, add_up, evaluate
from pipelines.transcription.error_rates import Errors, call_errors
from qa_app.demo.loading import FORTNIGHT
from qa_app.demo.samples import Samples

_RATES = {
    "qa_excellence_rate": Indicator.QA_EXCELLENCE_RATE,
    "sms_satisfaction_rate": Indicator.SMS_SATISFACTION_RATE,
    "complaint_rate": Indicator.COMPLAINT_RATE,
    "self_assessment_gap": Indicator.SELF_ASSESSMENT_GAP,
}


def figures(session: Session, samples: Samples, *, added: int) -> dict[str, Any]:
    """Return the object that ``hearback demo --once`` prints."""
    transcripts = session.scalars(
        select(Transcript).where(Transcript.state == TranscriptState.DONE)
    ).all()
    errors = _errors(transcripts, samples)
    return {
        "calls": _count(session, Call),
        "recordings": session.scalar(
            select(func.count()).where(Recording.state == RecordingState.PRESENT)
        ),
        "drawn": _drawn(session),
        "transcribed": len(transcripts),
        "audio_seconds": sum(one.audio_ms for one in transcripts) / 1_000,
        "transcribe_seconds": sum(one.work_ms for one in transcripts) / 1_000,
        "word_error_rate": _rate(errors["en"]["all"]),
        "character_error_rate": _rate(errors["zh"]["all"]),
        "error_rates_by_format": {
            language: {
                name: _rate(found) for name, found in sorted(by_format.items()) if name != "all"
            }
            for language, by_format in sorted(errors.items())
        },
        "reviews": session.scalar(
            # As in every rate: second readings and calibration are about the reviewers.
            select(func.count()).where(
                Review.state == ReviewState.SUBMITTED, Review.origin == Origin.DRAWN
            )
        ),
        "exemplars": _count(session, Exemplar),
        **_rates(session),
        "added": added,
    }


def _count(session: Session, model: type[Any]) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


def _drawn(session: Session) -> dict[str, int]:
    """Count the newest draw's calls by reason; those without one, split by agent or not, once."""
    rows = session.execute(
        select(DrawStratum.key)
        .join(DrawnCall, DrawnCall.stratum_id == DrawStratum.id)
        .join(Draw, Draw.id == DrawnCall.draw_id)
        .join(SamplePlan, SamplePlan.id == Draw.plan_id)
        .where(SamplePlan.name.in_(FORTNIGHT.values()))
    )
    return dict(sorted(Counter(key.split(":")[0] for (key,) in rows).items()))


def _errors(transcripts: Any, samples: Samples) -> Mapping[str, Mapping[str, Errors]]:
    found: dict[str, dict[str, Errors]] = defaultdict(
        lambda: defaultdict(lambda: Errors(errors=0, length=0))
    )
    for transcript in transcripts:
        reference = samples.references[transcript.recording.call.source_key]
        heard = [(turn.party, turn.text) for turn in transcript.turns]
        errors = call_errors(reference.turns, heard, reference.language)
        for name in ("all", reference.format):
            found[reference.language][name] += errors
    return found


def _rate(errors: Errors) -> float | None:
    return round(errors.errors / errors.length, 4) if errors.length else None


def _rates(session: Session) -> dict[str, dict[str, int]]:
    rows = session.execute(select(DailyFact.fact, DailyFact.numerator_sum, DailyFact.count))
    sums = add_up([(row.fact, row.numerator_sum, row.count) for row in rows])
    ratios = {name: evaluate(indicator, sums) for name, indicator in _RATES.items()}
    return {
        name: {"numerator": ratio.numerator, "denominator": ratio.denominator}
        for name, ratio in ratios.items()
    }

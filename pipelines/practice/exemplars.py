"""Exemplars: chosen, changed, withdrawn and shared again; what the agent of the call says to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.calls import Call, Leg, Recording
from models.people import Agent, Site, User
from models.reviews import Exemplar, ExemplarTag, Review
from models.scorecards import Criterion
from models.transcripts import Transcript
from models.vocab import RecordingState, ReviewState, Role
from models.vocab_learning import ExemplarAudience, ExemplarLevel, ExemplarState
from models.vocab_rights import NoticeKind
from pipelines import audit, notices
from pipelines.outcomes import DomainError
from pipelines.practice.rules import is_fit


@dataclass(frozen=True)
class Wish:
    """What a trainer says of an exemplar. ``span`` is in milliseconds; null: the whole call."""

    why: str
    level: ExemplarLevel = ExemplarLevel.MODEL
    audience: ExemplarAudience = ExemplarAudience.TEAM
    span: tuple[int, int] | None = None
    tags: Sequence[str] = ()
    language: str | None = None


def choose(
    session: Session,
    leg: Leg,
    criterion: Criterion | None,
    user: User,
    wish: Wish,
    *,
    review: Review | None = None,
    now: datetime,
) -> Exemplar:
    """Make a leg, or a part of it, an exemplar; ``review`` is the one that it was chosen from.

    Raises ``exemplar_no_notice`` for a call whose customer was not told of the recording, and
    ``exemplar_no_recording`` where there is nothing to hear, ``exemplar_asked_back`` while the
    agent wants a part of it withdrawn.
    """
    call = session.get_one(Call, leg.call_id)
    if not call.recording_notice:
        raise DomainError("exemplar_no_notice")
    recording = _recording(session, leg)
    if review is not None and (
        review.state is not ReviewState.SUBMITTED or review.leg_id != leg.id
    ):
        raise DomainError("exemplar_needs_review")
    if review is not None and criterion is not None and criterion.version_id != review.version_id:
        raise DomainError("exemplar_other_scorecard")
    _check(wish, recording)
    back = select(Exemplar.id).where(
        Exemplar.leg_id == leg.id, Exemplar.state == ExemplarState.ASKED_BACK
    )
    if session.scalar(back.limit(1)) is not None:
        # The agent wants the call back: another part of it is no way around that.
        raise DomainError("exemplar_asked_back")
    start_ms, end_ms = wish.span or (None, None)
    same = select(Exemplar.id).where(
        Exemplar.leg_id == leg.id,
        Exemplar.criterion_id.is_(None)
        if criterion is None
        else Exemplar.criterion_id == criterion.id,
        Exemplar.start_ms.is_(None) if start_ms is None else Exemplar.start_ms == start_ms,
        Exemplar.state != ExemplarState.WITHDRAWN,
    )
    if session.scalar(same) is not None:
        raise DomainError("exemplar_already_chosen")
    exemplar = Exemplar(
        leg_id=leg.id,
        review_id=review.id if review else None,
        criterion_id=criterion.id if criterion else None,
        site_id=leg.site_id,
        team_id=leg.team_id,
        why=wish.why.strip(),
        level=wish.level,
        language=wish.language or _language(session, recording),
        start_ms=start_ms,
        end_ms=end_ms,
        audience=wish.audience,
        chosen_by_id=user.id,
        chosen_at=now,
        tags=[ExemplarTag(tag=tag) for tag in wish.tags],
    )
    session.add(exemplar)
    session.flush()
    _record(session, exemplar, user, "exemplar.chosen", now)
    tell_agent(session, exemplar, now=now)
    return exemplar


def tell_agent(session: Session, exemplar: Exemplar, *, now: datetime) -> None:
    """Tell whose call it is; not yet while their own view of it is asked for."""
    leg = session.get_one(Leg, exemplar.leg_id)
    agent = session.get(Agent, leg.agent_id) if leg.agent_id else None
    if agent is None or notices.judging(session, [agent.user_id], leg.call_id, now):
        return
    notices.tell(
        session,
        now=now,
        to=[agent.user_id],
        kind=NoticeKind.EXEMPLAR_CHOSEN,
        subject="exemplar",
        subject_uid=exemplar.uid,
    )


def _recording(session: Session, leg: Leg) -> Recording:
    recording = session.scalar(
        select(Recording).where(
            Recording.call_id == leg.call_id, Recording.state == RecordingState.PRESENT
        )
    )
    if recording is None:
        raise DomainError("exemplar_no_recording")
    return recording


def _check(wish: Wish, recording: Recording) -> None:
    if not wish.why.strip():
        raise DomainError("exemplar_reason_needed")
    if wish.span is not None and not is_fit(wish.span, recording.duration_ms):
        raise DomainError("exemplar_span_unreadable")


def _language(session: Session, recording: Recording) -> str | None:
    return session.scalar(
        select(Transcript.language).where(Transcript.recording_id == recording.id)
    )


def change(
    session: Session,
    exemplar: Exemplar,
    criterion: Criterion | None,
    user: User,
    wish: Wish,
    *,
    now: datetime,
) -> None:
    """Say something else of an exemplar; the call and the agent's wishes stay."""
    _check(wish, _recording(session, session.get_one(Leg, exemplar.leg_id)))
    exemplar.criterion_id = criterion.id if criterion else None
    exemplar.why, exemplar.level, exemplar.audience = wish.why.strip(), wish.level, wish.audience
    exemplar.start_ms, exemplar.end_ms = wish.span or (None, None)
    exemplar.language = wish.language or exemplar.language
    kept = {tag.tag: tag for tag in exemplar.tags}
    exemplar.tags = [kept.get(tag) or ExemplarTag(tag=tag) for tag in wish.tags]
    session.flush()
    session.expire(exemplar, ["criterion"])
    _record(session, exemplar, user, "exemplar.changed", now)


def withdraw(session: Session, exemplar: Exemplar, user: User, *, now: datetime) -> bool:
    """Take an exemplar out of the library; true where that can be undone.

    What the agent asked back goes for good, since nobody else may bring it back.
    """
    if exemplar.state is ExemplarState.WITHDRAWN:
        return True
    _record(session, exemplar, user, "exemplar.withdrawn", now, asked=_asked(exemplar))
    for kind in (NoticeKind.EXEMPLAR_CHOSEN, NoticeKind.EXEMPLAR_ASKED_BACK):
        notices.withdraw(session, kind, subject_uid=exemplar.uid)
    if _asked(exemplar):
        session.delete(exemplar)
        session.flush()
        return False
    _end(exemplar, ExemplarState.WITHDRAWN, now)
    session.flush()
    return True


def _asked(exemplar: Exemplar) -> bool:
    return exemplar.state is ExemplarState.ASKED_BACK


def _end(exemplar: Exemplar, state: ExemplarState, now: datetime) -> None:
    exemplar.state, exemplar.state_at = state, now
    # A recording is kept for what can be heard, and for nothing else.
    exemplar.kept_until = exemplar.keep_reason = None


def restore(session: Session, exemplar: Exemplar, user: User, *, now: datetime) -> None:
    """Share a withdrawn exemplar again. One that its agent asked back is not anybody's to share."""
    if _asked(exemplar):
        raise DomainError("exemplar_asked_back")
    exemplar.state, exemplar.state_at = ExemplarState.SHARED, None
    session.flush()
    _record(session, exemplar, user, "exemplar.restored", now)


def ask_back(session: Session, exemplar: Exemplar, user: User, *, now: datetime) -> None:
    """Let the agent of the call ask for its withdrawal: nobody but trainers meets it from now on.

    Raises ``not_own_call`` for anybody else, as do the agent's other acts.
    """
    _own(session, exemplar, user)
    if exemplar.state is ExemplarState.SHARED:
        _end(exemplar, ExemplarState.ASKED_BACK, now)
        session.flush()
        _record(session, exemplar, user, "exemplar.asked_back", now)
        notices.withdraw(session, NoticeKind.EXEMPLAR_CHOSEN, subject_uid=exemplar.uid)
        notices.tell(
            session,
            now=now,
            to=notices.holders(session, [Role.TRAINER], exemplar.site_id, exemplar.team_id),
            kind=NoticeKind.EXEMPLAR_ASKED_BACK,
            subject="exemplar",
            subject_uid=exemplar.uid,
        )


def let_stand(session: Session, exemplar: Exemplar, user: User, *, now: datetime) -> None:
    """Let the agent take back the wish for withdrawal."""
    _own(session, exemplar, user)
    if _asked(exemplar):
        exemplar.state, exemplar.state_at = ExemplarState.SHARED, None
        session.flush()
        _record(session, exemplar, user, "exemplar.let_stand", now)
        notices.withdraw(session, NoticeKind.EXEMPLAR_ASKED_BACK, subject_uid=exemplar.uid)


def show_name(
    session: Session, exemplar: Exemplar, user: User, *, named: bool, now: datetime
) -> None:
    """Let the agent say whether the own name is shown beside the call."""
    _own(session, exemplar, user)
    exemplar.named = named
    session.flush()
    _record(session, exemplar, user, "exemplar.named", now, named=named)


def _own(session: Session, exemplar: Exemplar, user: User) -> None:
    leg = session.get_one(Leg, exemplar.leg_id)
    agent = session.scalar(select(Agent).where(Agent.user_id == user.id))
    if agent is None or leg.agent_id != agent.id:
        raise DomainError("not_own_call")


def keep(
    session: Session,
    exemplar: Exemplar,
    user: User,
    days: int,
    reason: str,
    *,
    now: datetime,
) -> None:
    """Keep the recording for so many days from now whatever its rule says, for a reason in words.

    Only where the site allows it, and no longer (``exemplar_keep_too_long``). An erasure asked for
    by the customer, or the agent's wish, ends it.
    """
    most = session.get_one(Site, exemplar.site_id).exemplar_keep_days
    if most == 0:
        raise DomainError("exemplar_keep_not_allowed")
    if not 1 <= days <= most:
        raise DomainError("exemplar_keep_too_long", most=most)
    if not reason.strip():
        raise DomainError("hold_needs_reason")
    if exemplar.state is not ExemplarState.SHARED:
        raise DomainError("exemplar_not_shared")
    exemplar.kept_until, exemplar.keep_reason = now + timedelta(days=days), reason.strip()
    session.flush()
    _record(session, exemplar, user, "exemplar.kept", now, days=days)


def release(session: Session, exemplar: Exemplar, user: User, *, now: datetime) -> None:
    """Let the recording follow its rule again."""
    exemplar.kept_until = exemplar.keep_reason = None
    session.flush()
    _record(session, exemplar, user, "exemplar.released", now)


def _record(
    session: Session, exemplar: Exemplar, user: User, action: str, now: datetime, **more: object
) -> None:
    audit.record(
        session,
        now=now,
        actor=user.uid,
        action=action,
        subject="exemplar",
        subject_uid=exemplar.uid,
        **more,
    )

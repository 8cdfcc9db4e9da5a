"""What was said: transcripts and their turns."""

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, BigId, Identified
from models.calls import Recording
from models.vocab import Party, TranscriptState


class Transcript(Identified, Base):
    """What the recogniser heard in one recording, with the model, options and versions it used.

    ``attempt`` is the number of the job attempt that wrote it; an older attempt may not overwrite
    a newer one. A failed transcript has an ``error_code`` (with parameters) and no turns.
    ``speech`` lists, for each party heard, where somebody speaks: ``[party, [[start_ms, end_ms],
    …]]``, whether or not words were made out there, with a margin at both ends. ``voice`` is the
    same for every channel without the margin, null in transcripts made before it was kept;
    ``music`` lists where music or ringing is heard: ``[[start_ms, end_ms], …]``.
    ``findings`` lists what was noticed about the recording itself, as ``[code, params]``. ``doubt``
    is set where the words are not to be relied on: the call is then abstained, pages show the
    reason instead of the text, and whatever counts or searches words leaves it out. ``trust`` holds
    the figures that this was decided by.
    """

    __tablename__ = "transcript"
    __table_args__ = (
        CheckConstraint("(state = 'failed') = (error_code IS NOT NULL)", name="failed"),
        CheckConstraint("audio_ms >= 0 AND work_ms >= 0", name="durations"),
    )

    recording_id: Mapped[int] = mapped_column(
        ForeignKey("recording.id", ondelete="CASCADE"), unique=True
    )
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="RESTRICT"), index=True)
    state: Mapped[TranscriptState]
    language: Mapped[str | None]
    language_confidence: Mapped[float | None]
    model: Mapped[str]
    options: Mapped[dict[str, Any]]
    versions: Mapped[dict[str, Any]]
    audio_ms: Mapped[int] = mapped_column(default=0)
    work_ms: Mapped[int] = mapped_column(default=0)
    attempt: Mapped[int]
    speech: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'"))
    findings: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'"))
    trust: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))
    doubt: Mapped[str | None]
    doubt_params: Mapped[dict[str, Any] | None]
    voice: Mapped[list[Any] | None]
    music: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'"))
    error_code: Mapped[str | None]
    error_params: Mapped[dict[str, Any] | None]
    made_at: Mapped[dt.datetime]

    recording: Mapped[Recording] = relationship()
    turns: Mapped[list["Turn"]] = relationship(
        back_populates="transcript", order_by="Turn.position", cascade="all, delete-orphan"
    )


class Turn(Base):
    """One party speaks until the other does or a pause falls. Times are milliseconds of the audio.

    ``words`` is a list of ``[word, start_ms, end_ms, probability]``; ``confidence`` is the mean
    word probability, 0 to 1. ``masked_text`` is the text without personal data, and ``masks`` says
    what was hidden: ``[first_word, last_word, kind, start_ms, end_ms]``. Both are null until the
    turn has been looked through; pages then show its words to nobody without the permission.
    ``language`` is that of the words; null where it is not known. ``speaker`` numbers the voices
    of a channel that carries several people, where they could be told apart.
    """

    __tablename__ = "turn"
    __table_args__ = (
        UniqueConstraint("transcript_id", "position"),
        CheckConstraint("end_ms >= start_ms AND start_ms >= 0", name="times"),
        Index(
            "ix_turn_not_looked_through",
            "transcript_id",
            sqlite_where=text("masked_text IS NULL"),
            postgresql_where=text("masked_text IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    transcript_id: Mapped[int] = mapped_column(ForeignKey("transcript.id", ondelete="CASCADE"))
    position: Mapped[int]
    party: Mapped[Party]
    start_ms: Mapped[int]
    end_ms: Mapped[int]
    text: Mapped[str]
    confidence: Mapped[float]
    language: Mapped[str | None]
    speaker: Mapped[int | None]
    words: Mapped[list[Any]]
    masked_text: Mapped[str | None]
    masks: Mapped[list[Any] | None]

    transcript: Mapped[Transcript] = relationship(back_populates="turns")


class HeardStretch(Base):
    """Some minutes of a long recording that are heard already, until its transcript is saved.

    A killed worker's successor goes on behind them. ``key`` is the SHA-256 of what they were heard
    from and with: other audio, another model or other options begin anew. ``samples`` is
    ``[channels, samples]`` of the stretch; ``heard`` holds language, words and speech, and goes
    with the transcript, a failure, or the recording.
    """

    __tablename__ = "heard_stretch"
    __table_args__ = (UniqueConstraint("recording_id", "position"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    recording_id: Mapped[int] = mapped_column(ForeignKey("recording.id", ondelete="CASCADE"))
    position: Mapped[int]
    key: Mapped[str]
    samples: Mapped[list[Any]]
    heard: Mapped[dict[str, Any]]
    made_at: Mapped[dt.datetime]

"""How recorded calls went as conversations: figures of sound and words, none of them a verdict."""

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, BigId
from models.transcripts import Transcript
from models.vocab import Party


class Conversation(Base):
    """One recording measured, from its transcript and gone with it. Times in ms.

    ``talk_ms`` (anybody speaks), ``music_ms`` (music or ringing, and nobody speaks) and
    ``silence_ms`` add up to ``audio_ms``. ``overlap_ms`` is null where the parties cannot be told
    apart. Silences of ``dead_air_limit_ms`` and longer are dead air. ``marks`` lists what can be
    shown on the line of time: ``[kind, start_ms, end_ms]``.
    """

    __tablename__ = "conversation"
    __table_args__ = (
        CheckConstraint(
            "talk_ms >= 0 AND music_ms >= 0 AND silence_ms >= 0"
            " AND talk_ms + music_ms + silence_ms = audio_ms",
            name="whole",
        ),
        CheckConstraint("overlap_ms BETWEEN 0 AND talk_ms", name="overlap"),
        CheckConstraint(
            "longest_silence_ms BETWEEN 0 AND silence_ms AND dead_air_ms BETWEEN 0 AND silence_ms"
            " AND dead_airs >= 0 AND dead_air_limit_ms > 0",
            name="silence",
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    transcript_id: Mapped[int] = mapped_column(
        ForeignKey("transcript.id", ondelete="CASCADE"), unique=True
    )
    audio_ms: Mapped[int]
    talk_ms: Mapped[int]
    overlap_ms: Mapped[int | None]
    silence_ms: Mapped[int]
    longest_silence_ms: Mapped[int]
    dead_air_limit_ms: Mapped[int]
    dead_airs: Mapped[int]
    dead_air_ms: Mapped[int]
    music_ms: Mapped[int]
    marks: Mapped[list[Any]]

    transcript: Mapped[Transcript] = relationship()
    parties: Mapped[list["ConversationParty"]] = relationship(
        back_populates="conversation",
        order_by="ConversationParty.party",
        cascade="all, delete-orphan",
    )


class ConversationParty(Base):
    """One party's part of a conversation.

    A talk ratio is the agent's ``talk_ms`` of both parties'; a speaking rate is ``words`` and
    ``characters`` of ``talk_ms``. ``delay_ms`` is the median over ``delays`` changes of speaker,
    below zero where the party begins before the other has ended. Null: the parties cannot be told
    apart, or there is nothing to count.
    """

    __tablename__ = "conversation_party"
    __table_args__ = (
        UniqueConstraint("conversation_id", "party"),
        CheckConstraint("talk_ms >= 0 AND words >= 0 AND characters >= 0", name="talk"),
        CheckConstraint("turns >= 0 AND interruptions >= 0 AND delays >= 0", name="counts"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"))
    party: Mapped[Party]
    talk_ms: Mapped[int]
    turns: Mapped[int | None]
    words: Mapped[int]
    characters: Mapped[int]
    interruptions: Mapped[int | None]
    delays: Mapped[int | None]
    delay_ms: Mapped[int | None]

    conversation: Mapped[Conversation] = relationship(back_populates="parties")

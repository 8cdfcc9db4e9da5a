"""What the player and the transcript beside it show, on every page that has them.

Words are shown masked, and heard muted, unless the page was opened with an unmasking token.
"""

import uuid
from dataclasses import dataclass, replace

from flask import url_for
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from models.calls import MediaFile, Recording
from models.transcripts import Transcript, Turn
from models.vocab import (
    ChannelLayout,
    MaskKind,
    MediaKind,
    Party,
    RecordingState,
    TranscriptState,
)
from pipelines.masking import masked_words
from pipelines.outcomes import DomainError
from pipelines.transcription.chinese import CODES as CHINESE
from pipelines.transcription.rules import UNSURE, unsure_spans
from qa_app.calls import findings, tokens
from qa_app.calls.blindness import is_blind
from qa_app.calls.hearing import HearingView, hearing_view
from qa_app.calls.parties import PARTIES
from qa_app.calls.purposes import JUDGING, Purpose, purpose_words
from qa_app.calls.sounds import PLAYED, NoCopy, Sounds, has_picture, no_copy, sounds_of
from qa_app.calls.went import WentView, went_view
from qa_app.clock import now
from qa_app.messages import sentence
from qa_app.permissions import Person
from qa_app.phrases.marks import Mark, marks_of
from qa_app.surroundings import settings

__all__ = ["PARTIES", "PlayerView", "Purpose", "player_view", "purpose_words"]


HIDDEN_KINDS: dict[MaskKind, LazyString] = {
    MaskKind.PHONE: _l("phone number hidden"),
    MaskKind.IDENTITY: _l("identity number hidden"),
    MaskKind.CARD: _l("card or account number hidden"),
    MaskKind.EMAIL: _l("e-mail address hidden"),
    MaskKind.ADDRESS: _l("address hidden"),
    MaskKind.NUMBER: _l("number hidden"),
    MaskKind.MANUAL: _l("personal data hidden"),
}


@dataclass(frozen=True)
class WordView:
    """A word of a turn, with the blank that stands before it.

    ``opens`` and ``closes`` mark the first and the last word of a run that is not to be relied on;
    ``hidden`` says what stands masked here, or would for others; ``place`` is its number.
    """

    text: str
    start_ms: int
    end_ms: int
    unsure: bool
    opens: bool = False
    closes: bool = False
    hit: str = ""
    hidden: LazyString | None = None
    place: int = 0

    @property
    def plain(self) -> bool:
        """Tell whether nothing is to be said of the word."""
        return not (self.unsure or self.opens or self.closes or self.hit or self.hidden)


@dataclass(frozen=True)
class MaskView:
    """What is hidden from others in a turn, for those who see it: kind, words, word numbers."""

    hidden: LazyString
    words: str
    first: int
    last: int


@dataclass(frozen=True)
class TurnView:
    """One party's words until the other speaks; ``hits`` names the phrase rules that hit here."""

    party: Party
    speaker: LazyString
    start_ms: int
    end_ms: int
    words: tuple[WordView, ...]
    position: int
    language: str = ""
    hits: tuple[str, ...] = ()
    masks: tuple[MaskView, ...] = ()


@dataclass(frozen=True)
class PlayerView:
    """A recording on a page: where its sound and picture are, and what is said in it.

    ``audio_url`` is empty when the audio has been deleted (``state``), or may not be played yet
    (``sounds``; ``no_copy`` says why there will be none); ``peaks_url`` until its picture has been
    made. ``transcript`` is done, failed (``trouble`` says why), waiting, or screening while its
    words are looked through for personal data. ``attempt`` names the transcript when masks are
    changed. ``went`` is how the call went, null without a transcript. ``doubt`` says why one that
    is done is no more than a guess; ``findings`` are sentences about the recording itself.
    ``marks`` are hits of phrase rules, where the page may show them. ``at_ms`` is where playing
    begins.
    """

    uid: uuid.UUID
    state: RecordingState
    audio_url: str
    peaks_url: str
    duration_ms: int
    sides: tuple[Party, ...]
    transcript: str
    trouble: str
    language: str | None
    turns: tuple[TurnView, ...]
    went: WentView | None
    sounds: Sounds
    unmasked: bool
    attempt: int
    hearing: HearingView | None = None
    findings: tuple[str, ...] = ()
    doubt: str = ""
    marks: tuple[Mark, ...] = ()
    at_ms: int = 0
    no_copy: NoCopy | None = None

    @property
    def stretches(self) -> tuple[tuple[str, int, int], ...]:
        """Return where dead air, overlap and music are: (kind, start, end) in ms, in order."""
        marks = self.went.marks if self.went else ()
        return tuple((mark.kind, mark.start_ms, mark.end_ms) for mark in marks)

    @property
    def unknown(self) -> bool:
        """Tell whether it plays though nobody knows all that is in it."""
        return bool(self.audio_url) and self.sounds in {Sounds.UNKNOWN, Sounds.PARTLY}

    @property
    def speakers(self) -> tuple[LazyString, ...]:
        """Return the names of the channels, top first."""
        return tuple(PARTIES[side] for side in self.sides)


def player_view(
    session: Session,
    person: Person,
    recording: Recording,
    purpose: str,
    *,
    token: tokens.PlayToken | None = None,
    hits: bool = False,
) -> PlayerView:
    """Return a recording for its player and transcript.

    The caller has checked that the person may hear it. ``purpose`` is a ``Purpose`` or a person's
    own words. The opening is written down when the sound is first asked for, or was already when
    ``token`` is given. ``hits`` shows what phrase rules found: the caller has checked that the
    person may see that too. Reads the transcript with its turns and measures, the files, the job
    that writes it down, whether the person judges the call at the moment, and with ``hits`` what
    was found.
    """
    made = token or tokens.new(recording.uid, person, purpose, now())
    signed = tokens.sign(made)
    kinds = set(
        session.scalars(select(MediaFile.kind).where(MediaFile.recording_id == recording.id))
    )
    there = recording.state is RecordingState.PRESENT and MediaKind.ORIGINAL in kinds
    sounds = sounds_of(session, recording.id, kinds, unmasked=made.unmasked)
    present = there and sounds in PLAYED
    transcript = session.scalar(
        select(Transcript)
        .where(Transcript.recording_id == recording.id)
        .options(selectinload(Transcript.turns))
    )
    marks = marks_of(session, transcript) if hits and transcript else ()
    turns = _turns(transcript, unmasked=made.unmasked)
    screened = turns is not None
    return PlayerView(
        uid=recording.uid,
        state=recording.state,
        audio_url=_url("audio", recording.uid, signed) if present else "",
        peaks_url=_url("peaks", recording.uid, signed)
        if present and has_picture(session, recording.id, kinds, sounds)
        else "",
        duration_ms=recording.duration_ms,
        sides=_sides(recording, transcript),
        transcript=(transcript.state.value if transcript else "waiting")
        if screened
        else "screening",
        trouble=_trouble(transcript),
        language=transcript.language if transcript else None,
        turns=_marked(turns or (), marks),
        sounds=sounds if there else Sounds.UNMASKED,
        unmasked=made.unmasked,
        attempt=transcript.attempt if transcript else 0,
        hearing=hearing_view(session, person, recording, transcript),
        marks=marks,
        findings=findings.said(transcript.findings) if transcript else (),
        doubt=findings.reason(transcript.doubt, transcript.doubt_params) if transcript else "",
        went=went_view(
            session,
            transcript,
            blind=purpose in JUDGING or is_blind(session, person, recording.call_id),
        ),
        no_copy=no_copy(session, person, recording.id)
        if there and sounds is Sounds.FAILED
        else None,
    )


def _marked(turns: tuple[TurnView, ...], marks: tuple[Mark, ...]) -> tuple[TurnView, ...]:
    """Note hits on the words that they are about; by time, since masked words are one word."""
    if not marks:
        return turns
    spans = [(mark.name, *span) for mark in marks for span in mark.spans]

    def hit(turn: TurnView, word: WordView) -> str:
        for name, party, start, end in spans:
            if (
                party is turn.party
                and word.start_ms < max(end, start + 1)
                and (word.end_ms > start or word.start_ms == start)
            ):
                return name
        return ""

    marked = []
    for turn in turns:
        words = tuple(replace(word, hit=hit(turn, word)) for word in turn.words)
        names = dict.fromkeys(word.hit for word in words if word.hit)
        marked.append(replace(turn, words=words, hits=tuple(names)))
    return tuple(marked)


def _url(what: str, uid: uuid.UUID, signed: str) -> str:
    return url_for(f"calls.{what}", uid=uid, token=signed)


def _sides(recording: Recording, transcript: Transcript | None) -> tuple[Party, ...]:
    one_sound = transcript is not None and findings.is_one_sound(transcript.findings)
    if recording.channels == 1 or recording.layout is ChannelLayout.MONO or one_sound:
        return (Party.UNKNOWN,)
    if recording.layout is ChannelLayout.AGENT_RIGHT:
        return (Party.CUSTOMER, Party.AGENT)
    return (Party.AGENT, Party.CUSTOMER)


def _trouble(transcript: Transcript | None) -> str:
    if transcript is None or transcript.state is not TranscriptState.FAILED:
        return ""
    return sentence(DomainError(transcript.error_code or "", **(transcript.error_params or {})))


def _turns(transcript: Transcript | None, *, unmasked: bool) -> tuple[TurnView, ...] | None:
    """Return the turns; null while they have not been looked through for personal data."""
    turns = transcript.turns if transcript else []
    if not unmasked and any(turn.masks is None for turn in turns):
        return None
    return tuple(
        TurnView(
            party=turn.party,
            speaker=_speaker(turn),
            start_ms=turn.start_ms,
            end_ms=turn.end_ms,
            words=_words(turn, unmasked=unmasked),
            position=turn.position,
            language=language_tag(turn.language or (transcript.language if transcript else None)),
            masks=_masks(turn) if unmasked else (),
        )
        for turn in turns
    )


def _words(turn: Turn, *, unmasked: bool) -> tuple[WordView, ...]:
    if not turn.words and not unmasked:
        return (WordView(turn.masked_text or "", turn.start_ms, turn.end_ms, unsure=False),)
    kinds = {
        place: HIDDEN_KINDS[MaskKind(kind)]
        for first, last, kind, *_times in turn.masks or ()
        for place in range(first, last + 1)
    }
    words = turn.words if unmasked else masked_words(turn.words, turn.masks)
    # The words of a mask are one: how many there are would tell something of them.
    shown = [(place, word) for place, word in enumerate(words) if word[0]]
    spans = unsure_spans([word[3] for _, word in shown])
    opening, closing = {first for first, _ in spans}, {last for _, last in spans}
    return tuple(
        WordView(
            text,
            start_ms,
            end_ms,
            unsure=probability < UNSURE,
            opens=number in opening,
            closes=number in closing,
            hidden=kinds.get(place),
            place=place,
        )
        for number, (place, (text, start_ms, end_ms, probability)) in enumerate(shown)
    )


def _masks(turn: Turn) -> tuple[MaskView, ...]:
    return tuple(
        MaskView(
            hidden=HIDDEN_KINDS[MaskKind(kind)],
            words="".join(word[0] for word in turn.words[first : last + 1]).strip(),
            first=first,
            last=last,
        )
        for first, last, kind, *_times in turn.masks or ()
    )


def _speaker(turn: Turn) -> LazyString:
    if turn.party is Party.UNKNOWN and turn.speaker:
        return _l("Speaker %(number)s", number=turn.speaker)
    return PARTIES[turn.party]


def language_tag(code: str | None) -> str:
    """Return the ``lang`` of a recogniser's language code, Chinese by how it is written here."""
    if code is None:
        return ""
    if code not in CHINESE:
        return code
    written = {"simplified": "Hans", "traditional": "Hant"}.get(settings().whisper_chinese)
    return f"{code}-{written}" if written else code

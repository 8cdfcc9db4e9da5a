"""Pure rules of conversation measures: from where voices and music sound, and what was said.

Times are integer milliseconds of the recording. The terms are those of conversation analysis:
turns and their transitions after Sacks, Schegloff and Jefferson (1974), "A simplest systematics
for the organization of turn-taking for conversation", Language 50; gaps and overlaps at changes
of speaker, and those within one speaker's talk, after Heldner and Edlund (2010), "Pauses, gaps and
overlaps in conversations", Journal of Phonetics 38; very short utterances after Heldner, Edlund,
Hjalmarsson and Laskowski (2011), "Very short utterances and timing in turn-taking", Interspeech.
docs/call-measures.md says each in words.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations, pairwise
from statistics import median_low

from models.vocab import Party

Span = tuple[int, int]
"""Start and end in ms; the end lies behind the start."""

Spans = tuple[Span, ...]

BRIDGE_MS = 500
"""A pause of one speaker up to here belongs to the talk; the search for speech parts no shorter."""

BRIEF_MS = 1_000
"""Talk shorter than this over somebody else's is a listener's "mhm": no turn, no interruption."""

TOGETHER_MS = 200
"""Who begins within so much of the other began at the same time: nobody interrupts."""

CUT_IN_MS = 500
"""Both speak for so long, or it is only the other's last word that is met: no interruption."""

DEAD_AIR_MS = 10_000
"""Silence from here on is dead air, unless the site says otherwise."""

NO_WORD = frozenset("'’-_.,:/@&+")
"""What joins the letters on both sides of it to one word, as in "don't" and "3.5"."""

BY_CHARACTER = frozenset({"zh", "yue", "ja"})
"""Languages whose speaking rate is counted in characters."""


class Mark(StrEnum):
    """What can be shown on a recording's line of time."""

    DEAD_AIR = "dead_air"
    OVERLAP = "overlap"
    MUSIC = "music"


@dataclass(frozen=True)
class Said:
    """Words of one party, with the language's blanks and signs."""

    party: Party
    text: str


@dataclass(frozen=True)
class Sounded:
    """What is measured: the recording's length, voices by channel, music, and what was said."""

    audio_ms: int
    voice: Sequence[tuple[Party, Sequence[Span]]]
    music: Sequence[Span] = ()
    said: Sequence[Said] = ()


@dataclass(frozen=True)
class PartyMeasures:
    """One party's part. What needs both parties known is null where they are not.

    ``delay_ms`` is the median of ``delays`` changes of speaker, below zero where the party mostly
    begins before the other has ended; null without any.
    """

    party: Party
    talk_ms: int
    turns: int | None
    words: int
    characters: int
    interruptions: int | None
    delays: int | None
    delay_ms: int | None


@dataclass(frozen=True)
class Measures:
    """How a call went. ``talk_ms + music_ms + silence_ms`` is ``audio_ms``.

    ``talk_ms`` is where anybody speaks, ``overlap_ms`` where more than one does (null where the
    parties cannot be told apart), ``music_ms`` where music or ringing plays and nobody speaks.
    ``marks`` are (kind, start, end) in order of time.
    """

    audio_ms: int
    talk_ms: int
    overlap_ms: int | None
    silence_ms: int
    longest_silence_ms: int
    dead_air_limit_ms: int
    dead_airs: int
    dead_air_ms: int
    music_ms: int
    parties: tuple[PartyMeasures, ...]
    marks: tuple[tuple[Mark, int, int], ...]

    @property
    def known(self) -> bool:
        """Tell whether it is known which voice is whose."""
        return self.overlap_ms is not None


def measure(sounded: Sounded, dead_air_ms: int = DEAD_AIR_MS) -> Measures:
    """Return the measures of one recording."""
    whole = ((0, sounded.audio_ms),) if sounded.audio_ms > 0 else ()
    voices = _voices(sounded, whole)
    talk = united([span for spans in voices.values() for span in spans])
    music = without(both(united(sounded.music), whole), talk)
    silences = without(whole, united([*talk, *music]))
    dead = [span for span in silences if length([span]) >= dead_air_ms]
    # Where one channel carries several people, nobody can say who speaks over whom.
    known = bool(voices) and Party.UNKNOWN not in voices
    overlaps = _overlaps(voices) if known else ()
    turns = in_turns(voices) if known else []
    return Measures(
        audio_ms=sounded.audio_ms,
        talk_ms=length(talk),
        overlap_ms=length(overlaps) if known else None,
        silence_ms=length(silences),
        longest_silence_ms=max((length([span]) for span in silences), default=0),
        dead_air_limit_ms=dead_air_ms,
        dead_airs=len(dead),
        dead_air_ms=length(dead),
        music_ms=length(music),
        parties=tuple(
            _party(party, voices, turns, music, sounded, known=known) for party in sorted(voices)
        ),
        marks=_marks(dead, overlaps, music),
    )


def _voices(sounded: Sounded, whole: Spans) -> dict[Party, Spans]:
    """Return each party's talk, its short pauses bridged; channels of one party are one voice."""
    gathered: dict[Party, list[Span]] = {}
    for party, spans in sounded.voice:
        gathered.setdefault(party, []).extend(spans)
    talk = {party: both(united(spans, BRIDGE_MS), whole) for party, spans in gathered.items()}
    # A side that was one sound with the other for a while is heard as nobody's; silent, it is none.
    return {party: spans for party, spans in talk.items() if spans or party is not Party.UNKNOWN}


def _overlaps(voices: dict[Party, Spans]) -> Spans:
    pairs = combinations(voices.values(), 2)
    return united([span for one, other in pairs for span in both(one, other)])


def _party(
    party: Party,
    voices: dict[Party, Spans],
    turns: Sequence[tuple[Party, Span]],
    music: Spans,
    sounded: Sounded,
    *,
    known: bool,
) -> PartyMeasures:
    counts = [count(said.text) for said in sounded.said if said.party is party]
    delays = delays_of(party, turns, music)
    others = [spans for other, spans in voices.items() if other is not party]
    return PartyMeasures(
        party=party,
        talk_ms=length(voices[party]),
        turns=sum(1 for speaker, _ in turns if speaker is party) if known else None,
        words=sum(words for words, _ in counts),
        characters=sum(characters for _, characters in counts),
        interruptions=interruptions(voices[party], others) if known else None,
        delays=len(delays) if known else None,
        delay_ms=median_low(delays) if known and delays else None,
    )


def interruptions(own: Sequence[Span], others: Iterable[Sequence[Span]]) -> int:
    """Return how often somebody begins to speak into the others' talk and goes on.

    Counted when the other has spoken for ``TOGETHER_MS`` already, both then speak at once for
    ``CUT_IN_MS`` or more, and the one who came in speaks for ``BRIEF_MS`` or more. Whether the
    other gives way does not matter.
    """
    counted = 0
    sides = list(others)
    for start, end in own:
        under_way = (_last_begun(side, start) for side in sides)
        if end - start >= BRIEF_MS and any(
            begun + TOGETHER_MS <= start and min(end, ended) - start >= CUT_IN_MS
            for begun, ended in under_way
        ):
            counted += 1
    return counted


def _last_begun(spans: Sequence[Span], at_ms: int) -> Span:
    """Return the last span that begins at or before a moment, an empty one when there is none."""
    place = bisect_right(spans, at_ms, key=lambda span: span[0])
    return spans[place - 1] if place else (0, 0)


def in_turns(voices: dict[Party, Spans]) -> list[tuple[Party, Span]]:
    """Return who has the floor when, in order: a party's talk until another party takes over.

    What lies wholly within another's talk takes no floor (Heldner and Edlund's overlap within a
    speaker), be it a listener's "mhm" or a try that failed.
    """
    floor = sorted(
        (span, party)
        for party, spans in voices.items()
        for span in spans
        if not any(_within(span, others) for other, others in voices.items() if other is not party)
    )
    turns: list[tuple[Party, Span]] = []
    for (start, end), party in floor:
        if turns and turns[-1][0] is party:
            begun, ended = turns[-1][1]
            turns[-1] = (party, (begun, max(ended, end)))
        else:
            turns.append((party, (start, end)))
    return turns


def _within(span: Span, others: Sequence[Span]) -> bool:
    begun, ended = _last_begun(others, span[0])
    return span[1] <= ended and (begun, ended) != span


def delays_of(party: Party, turns: Sequence[tuple[Party, Span]], music: Spans) -> list[int]:
    """Return how long after the other's last turn each turn of the party begins.

    Below zero where it begins before the other has ended. A change with music in between is no
    answer.
    """
    return [
        start - ended
        for (_, (_, ended)), (speaker, (start, _)) in pairwise(turns)
        if speaker is party and not both([(ended, start)] if ended < start else [], music)
    ]


def _marks(
    dead: Sequence[Span], overlaps: Sequence[Span], music: Sequence[Span]
) -> tuple[tuple[Mark, int, int], ...]:
    marks = [(start, end, Mark.DEAD_AIR) for start, end in dead]
    marks += [(start, end, Mark.OVERLAP) for start, end in overlaps if end - start >= CUT_IN_MS]
    marks += [(start, end, Mark.MUSIC) for start, end in music]
    return tuple((kind, start, end) for start, end, kind in sorted(marks))


def count(text: str) -> tuple[int, int]:
    """Return how many words and how many characters are in a text.

    Every Han or kana character is one character; what lies between them, blanks and signs is a
    word: "我的 iPhone 15" has two characters and two words.
    """
    words = characters = 0
    inside = False
    for sign in text:
        if _is_character(sign):
            characters += 1
            inside = False
        elif sign.isalnum():
            words += not inside
            inside = True
        elif sign not in NO_WORD:
            inside = False
    return words, characters


def _is_character(sign: str) -> bool:
    point = ord(sign)
    return (
        0x3400 <= point <= 0x4DBF  # noqa: PLR2004 - CJK extension A
        or 0x4E00 <= point <= 0x9FFF  # noqa: PLR2004 - CJK
        or 0xF900 <= point <= 0xFAFF  # noqa: PLR2004 - compatibility forms
        or 0x20000 <= point <= 0x323AF  # noqa: PLR2004 - extensions B to H
        or sign == "〇"
        or (0x3041 <= point <= 0x30FF and sign.isalpha())  # noqa: PLR2004 - kana
    )


def units(words: int, characters: int, language: str | None) -> tuple[int, bool]:
    """Return the units of a party's talk, and whether they are characters (else words).

    In Chinese (and Japanese) a foreign word or number counts as one character, elsewhere a
    character counts as one word: the sum is the same, its name is not.
    """
    return words + characters, language in BY_CHARACTER


def per_minute(spoken: int, talk_ms: int) -> float | None:
    """Return units a minute of own talk; none where nobody talked."""
    return spoken * 60_000 / talk_ms if talk_ms else None


def united(spans: Iterable[Span], gap_ms: int = 0) -> Spans:
    """Return the spans in order, those that meet or are at most ``gap_ms`` apart made one."""
    whole: list[Span] = []
    for start, end in sorted((start, end) for start, end in spans if end > start):
        if whole and start - whole[-1][1] <= gap_ms:
            whole[-1] = (whole[-1][0], max(whole[-1][1], end))
        else:
            whole.append((start, end))
    return tuple(whole)


def both(one: Sequence[Span], other: Sequence[Span]) -> Spans:
    """Return where both lists have a span; each is in order and without overlaps of its own."""
    found: list[Span] = []
    here = there = 0
    while here < len(one) and there < len(other):
        start = max(one[here][0], other[there][0])
        end = min(one[here][1], other[there][1])
        if start < end:
            found.append((start, end))
        if one[here][1] < other[there][1]:
            here += 1
        else:
            there += 1
    return tuple(found)


def without(whole: Sequence[Span], taken: Sequence[Span]) -> Spans:
    """Return what is left of ``whole`` outside ``taken``; both in order, without overlaps."""
    left: list[Span] = []
    for begin, end in whole:
        start = begin
        for first, last in taken:
            if last <= start or first >= end:
                continue
            if first > start:
                left.append((start, first))
            start = max(start, last)
        if start < end:
            left.append((start, end))
    return tuple(left)


def length(spans: Iterable[Span]) -> int:
    """Return how long spans without overlaps are together."""
    return sum(end - start for start, end in spans)

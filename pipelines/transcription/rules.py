"""Pure rules of transcription: who speaks on which channel, and how words become turns."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from models.vocab import ChannelLayout, Party

PAUSE_MS = 1_000
"""Silence of one speaker after which a new turn begins, though nobody else has spoken."""

BOTH_PAUSE_MS = 400
SENTENCE_MS = 6_000
CLAUSE_MS = 15_000
"""The same where one channel carries both parties, whose changes show in nothing else: there a turn
also ends with a sentence once it lasts ``SENTENCE_MS``, with a comma once it lasts ``CLAUSE_MS``.
"""

EDGE_MS = 120
"""No word ends so late in a stretch of speech: 400 ms of quiet are kept behind the last one."""

UNSURE = 0.5
"""Words that the recogniser itself believes less than this are marked."""

FEWEST_UNSURE = 3
BRIDGE = 2
"""So many unsure words, with at most ``BRIDGE`` - 1 sure ones between two, are an unsure span."""

ECHOED = 2
TOGETHER_MS = 300
"""So many words in a row, so close in time, are the same words on both sides."""

EXCHANGE_MS = 150
"""Least gap between two words of one speaker into which the other can have said something."""


@dataclass(frozen=True)
class Word:
    """One word as heard: its text with the leading space it needs, times, probability (0 to 1).

    ``language`` is the code of the language it was heard in; a call may change between two.
    """

    text: str
    start_ms: int
    end_ms: int
    probability: float
    language: str = ""

    @property
    def middle_ms(self) -> float:
        """Return the middle of the word's time."""
        return (self.start_ms + self.end_ms) / 2

    def shifted(self, by_ms: int) -> "Word":
        """Return the same word ``by_ms`` later."""
        return replace(self, start_ms=self.start_ms + by_ms, end_ms=self.end_ms + by_ms)


@dataclass(frozen=True)
class SpokenTurn:
    """One party's words until the other speaks or a pause falls; ``confidence`` is their mean.

    ``language`` is that of its words, null where it is not known. ``speaker`` numbers the voices
    of a channel that carries several people, from 1; null where nobody told them apart.
    """

    party: Party
    start_ms: int
    end_ms: int
    text: str
    confidence: float
    words: tuple[Word, ...]
    language: str | None = None
    speaker: int | None = None


def parties(layout: ChannelLayout, channels: int) -> tuple[Party, ...]:
    """Return who speaks on each of a file's channels.

    A file with one channel carries both parties whatever the plan says; channels beyond the second
    (conference legs, as some switches write them) are nobody known.
    """
    if channels == 1 or layout is ChannelLayout.MONO:
        return (Party.UNKNOWN,) * channels
    sides = (Party.AGENT, Party.CUSTOMER)
    if layout is ChannelLayout.AGENT_RIGHT:
        sides = (Party.CUSTOMER, Party.AGENT)
    return (*sides, *[Party.UNKNOWN] * (channels - 2))


def place(words: Sequence[Word], chunks: Sequence[tuple[int, int]]) -> list[Word]:
    """Return the words of speech that was heard with its silences cut out, at their own times.

    ``chunks`` are the (start, end) in ms that were kept; the words' times count the kept speech
    alone. A word belongs to the chunk in which it *ends*: the recogniser finds ends well, but lets
    the first word after a silence begin before it, where the previous chunk still lasts.
    """
    placed: list[Word] = []
    number = 0
    passed = 0
    for word in words:
        heard_end = word.end_ms + EDGE_MS
        while number + 1 < len(chunks) and heard_end > passed + _length(chunks[number]):
            passed += _length(chunks[number])
            number += 1
        start, end = chunks[number]
        begins = min(max(start, word.start_ms - passed + start), end)
        ends = min(max(begins, word.end_ms - passed + start), end)
        placed.append(replace(word, start_ms=begins, end_ms=ends))
    return placed


def _length(chunk: tuple[int, int]) -> int:
    return chunk[1] - chunk[0]


def merge_turns(channels: Sequence[tuple[Party, Sequence[Word]]]) -> list[SpokenTurn]:
    """Return the turns of all channels in time order.

    A channel's words are cut where it pauses for longer than ``PAUSE_MS`` (sooner where it is not
    known who speaks: ``BOTH_PAUSE_MS``, and at the ends of sentences), and where a word of another
    channel falls into the gap between two of its words. A short "mhm" spoken *over* somebody's
    words cuts nothing.
    """
    timed = [(party, _in_order(words)) for party, words in channels]
    turns: list[tuple[int, int, SpokenTurn]] = []
    for index, (party, words) in enumerate(timed):
        others = sorted(
            word.middle_ms
            for other, (_, spoken) in enumerate(timed)
            if other != index
            for word in spoken
        )
        for run in _runs(words, others, both=party is Party.UNKNOWN):
            turn = _turn(party, run)
            if turn.text:
                turns.append((turn.start_ms, index, turn))
    return [turn for _, _, turn in sorted(turns, key=lambda item: item[:2])]


def _in_order(words: Sequence[Word]) -> list[Word]:
    # The recogniser's alignment sometimes gives a word an end before its start, or an overlap.
    ordered: list[Word] = []
    earliest = 0
    for word in sorted(words, key=lambda word: word.start_ms):
        start = max(earliest, word.start_ms, 0)
        ordered.append(replace(word, start_ms=start, end_ms=max(start, word.end_ms)))
        earliest = start
    return ordered


def _runs(words: Sequence[Word], others: Sequence[float], *, both: bool) -> list[list[Word]]:
    if not words:
        return []
    pause_ms = BOTH_PAUSE_MS if both else PAUSE_MS
    runs = [[words[0]]]
    position = 0
    for before, after in pairwise(words):
        gap = after.start_ms - before.end_ms
        while position < len(others) and others[position] <= before.end_ms:
            position += 1
        answered = position < len(others) and others[position] < after.start_ms
        ended = both and _ends(before.text, before.end_ms - runs[-1][0].start_ms)
        changed = before.language != after.language
        if gap > pause_ms or (gap >= EXCHANGE_MS and answered) or ended or changed:
            runs.append([])
        runs[-1].append(after)
    return runs


def _ends(text: str, lasted_ms: int) -> bool:
    """Tell whether a turn of nobody known ends with this word, having lasted so long."""
    if text.endswith((".", "?", "!", "。", "？", "！")):
        return lasted_ms >= SENTENCE_MS
    return text.endswith((",", "，")) and lasted_ms >= CLAUSE_MS


def _turn(party: Party, words: Sequence[Word]) -> SpokenTurn:
    return SpokenTurn(
        party=party,
        start_ms=words[0].start_ms,
        end_ms=max(word.end_ms for word in words),
        text="".join(word.text for word in words).strip(),
        confidence=sum(word.probability for word in words) / len(words),
        words=tuple(words),
        language=words[0].language or None,
    )


def by_speaker(turn: SpokenTurn, speakers: Sequence[int]) -> list[SpokenTurn]:
    """Return the turn cut where the speaker changes; ``speakers`` has one number per word."""
    runs: list[list[Word]] = []
    numbers: list[int] = []
    for word, number in zip(turn.words, speakers, strict=True):
        if not numbers or numbers[-1] != number:
            runs.append([])
            numbers.append(number)
        runs[-1].append(word)
    return [
        replace(_turn(turn.party, run), language=turn.language, speaker=number)
        for run, number in zip(runs, numbers, strict=True)
    ]


def unsure_spans(probabilities: Sequence[float]) -> list[tuple[int, int]]:
    """Return (first, last) of the runs of words that are not to be relied on.

    A run begins and ends with an unsure word, has at least ``FEWEST_UNSURE`` of them and no two
    sure ones in a row: one lucky word between two guesses makes neither of them right.
    """
    spans: list[tuple[int, int]] = []
    first = last = -1
    count = 0
    for place, probability in enumerate(probabilities):
        if probability >= UNSURE:
            continue
        if count and place - last <= BRIDGE:
            last, count = place, count + 1
        else:
            if count >= FEWEST_UNSURE:
                spans.append((first, last))
            first, last, count = place, place, 1
    if count >= FEWEST_UNSURE:
        spans.append((first, last))
    return spans


def without_echo(
    words: Sequence[Word], others: Sequence[Word], quieter: Callable[[Word], bool]
) -> list[Word]:
    """Return the words of one side without those that are the other side's, heard through.

    An echo is a run of at least ``ECHOED`` words that the other side says at the same moment,
    where ``quieter`` tells that this side is much quieter then.
    """
    said = sorted((word.middle_ms, _plain(word.text)) for word in others)
    moments = [moment for moment, _ in said]
    same = []
    for word in words:
        low = bisect_left(moments, word.middle_ms - TOGETHER_MS)
        high = bisect_right(moments, word.middle_ms + TOGETHER_MS)
        text = _plain(word.text)
        same.append(bool(text) and any(text == other for _, other in said[low:high]))
    kept: list[Word] = []
    place = 0
    while place < len(words):
        end = place
        while end < len(words) and same[end]:
            end += 1
        run = words[place:end]
        if len(run) < ECHOED or not all(quieter(word) for word in run):
            kept += words[place : max(end, place + 1)]
        place = max(end, place + 1)
    return kept


def _plain(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def respell(turn: SpokenTurn, convert: Callable[[str], str]) -> SpokenTurn:
    """Return the turn with its text and words written as ``convert`` writes them.

    The turn is converted as a whole, since the right character depends on its neighbours; where
    the length stays the same (nearly always) the words are cut from it again.
    """
    joined = "".join(word.text for word in turn.words)
    converted = convert(joined)
    if converted == joined:
        return turn
    words = []
    place = 0
    for word in turn.words:
        end = place + len(word.text)
        same = len(converted) == len(joined)
        words.append(replace(word, text=converted[place:end] if same else convert(word.text)))
        place = end
    return replace(turn, text=converted.strip(), words=tuple(words))

"""What a rule finds in one conversation."""

import bisect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.vocab import Party, PhraseKind, PhraseWindow
from pipelines.phrases.rules.matching import Stream, find
from pipelines.phrases.rules.settings import RuleSettings, Step
from pipelines.phrases.rules.tokens import BREAK, Token, tokens

JOIN_MS = 2_500
"""A phrase may go on in the next turn of its party when no more than this lies between."""

_ENDS = ("?", "!", "？", "！")
# Not after these, but after a full stop: recognisers put one wherever their piece of audio ends.

MOST_HITS = 50
"""Hits of one rule in one call; a rule that finds more says nothing, and is refused no call."""

Run = tuple[int, int, int]
"""Words of one turn: its position, the first and the last word, counted from 0, both included."""


@dataclass(frozen=True)
class Spoken:
    """A turn: ``words`` are ``[text, start_ms, end_ms, probability]``, as transcripts keep them."""

    position: int
    party: Party
    start_ms: int
    end_ms: int
    words: Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Found:
    """A hit: whose words, when, which, and how sure the recogniser was of the least sure of them.

    ``absent`` hits are about what was not said: ``start_ms`` to ``end_ms`` is what was looked at,
    ``probability`` the mean of the words in it, and ``missing`` counts the steps, from 0, that a
    sequence lacks. ``party`` is null where several parties are meant.
    """

    party: Party | None
    start_ms: int
    end_ms: int
    runs: tuple[Run, ...]
    probability: float | None
    absent: bool = False
    missing: tuple[int, ...] = ()


class _Voice:
    """All that one party said: its words in order of time, and their tokens."""

    def __init__(self, party: Party, turns: Sequence[Spoken]) -> None:
        self.party = party
        self.start_ms = min(turn.start_ms for turn in turns)
        self.end_ms = max(turn.end_ms for turn in turns)
        self.words: list[tuple[int, int, Sequence[Any]]] = []
        said: list[Token] = []
        stretch: list[str] = []
        since = 0
        for before, turn in zip([None, *turns], turns, strict=False):
            if before is not None:
                ended = str(before.words[-1][0]).rstrip().endswith(_ENDS)
                if ended or turn.start_ms - before.end_ms > JOIN_MS:
                    said += _shifted(tokens(stretch), since)
                    said.append(Token(BREAK, -1, -1))
                    stretch, since = [], len(self.words)
                elif stretch:
                    # Two turns never share a word.
                    stretch[-1] += " "
            for number, word in enumerate(turn.words):
                self.words.append((turn.position, number, word))
                stretch.append(word[0])
        said += _shifted(tokens(stretch), since)
        self.stream = Stream(said)

    def occurrences(self, step: Step) -> list["_Occurrence"]:
        return [
            _Occurrence(self, self.stream.tokens[first].first, self.stream.tokens[last].last)
            for first, last in find(step.phrases, self.stream)
        ]

    def mean(self, start_ms: int, end_ms: int) -> float | None:
        sure = [word[3] for _, _, word in self.words if start_ms <= word[1] <= end_ms]
        return sum(sure) / len(sure) if sure else None


@dataclass(frozen=True)
class _Occurrence:
    voice: _Voice
    first: int
    last: int

    @property
    def start_ms(self) -> int:
        return int(self.voice.words[self.first][2][1])

    @property
    def end_ms(self) -> int:
        return int(self.voice.words[self.last][2][2])

    @property
    def probability(self) -> float:
        return float(min(word[3] for _, _, word in self._words()))

    @property
    def runs(self) -> tuple[Run, ...]:
        runs: dict[int, Run] = {}
        for turn, number, _word in self._words():
            first = runs[turn][1] if turn in runs else number
            runs[turn] = (turn, first, number)
        return tuple(runs.values())

    def _words(self) -> Sequence[tuple[int, int, Sequence[Any]]]:
        return self.voice.words[self.first : self.last + 1]


def _shifted(found: Iterable[Token], by: int) -> Iterable[Token]:
    return (Token(token.text, token.first + by, token.last + by) for token in found)


class Conversation:
    """A transcript made ready to be looked through by many rules."""

    def __init__(self, turns: Sequence[Spoken]) -> None:
        """Sort the turns by party and put their words in one form."""
        spoken: dict[Party, list[Spoken]] = {}
        for turn in sorted(turns, key=lambda turn: (turn.start_ms, turn.position)):
            if turn.words:
                spoken.setdefault(turn.party, []).append(turn)
        self._voices: Mapping[Party, _Voice] = {
            party: _Voice(party, own) for party, own in spoken.items()
        }

    def voices(self, party: Party | None) -> list[_Voice]:
        """Return whoever may be meant by a party: also those of whom it is not known."""
        return [
            voice
            for spoken, voice in self._voices.items()
            if party is None or spoken in {party, Party.UNKNOWN}
        ]

    def occurrences(self, step: Step) -> list[_Occurrence]:
        """Return where a step's phrases are said, in order of time."""
        found = [one for voice in self.voices(step.party) for one in voice.occurrences(step)]
        return sorted(found, key=lambda one: (one.start_ms, one.end_ms))


def look(settings: RuleSettings, conversation: Conversation) -> tuple[Found, ...]:
    """Return what the rule finds, in order of time; nothing where nobody of interest speaks."""
    kinds = {
        PhraseKind.SAYS: _says,
        PhraseKind.ABSENT: _absent,
        PhraseKind.ORDER: _order,
        PhraseKind.SEQUENCE: _sequence,
    }
    return tuple(kinds[settings.kind](settings, conversation))[:MOST_HITS]


def _window(settings: RuleSettings, voices: Sequence[_Voice]) -> tuple[int, int]:
    start = min(voice.start_ms for voice in voices)
    end = max(voice.end_ms for voice in voices)
    reach = settings.seconds * 1_000
    if settings.window is PhraseWindow.FIRST:
        return start, min(end, start + reach)
    if settings.window is PhraseWindow.LAST:
        return max(start, end - reach), end
    return start, end


def _within(
    settings: RuleSettings, conversation: Conversation
) -> tuple[tuple[int, int], list[_Occurrence]] | None:
    (step,) = settings.steps
    voices = conversation.voices(step.party)
    if not voices:
        return None
    start, end = _window(settings, voices)
    found = [one for one in conversation.occurrences(step) if start <= one.start_ms <= end]
    return (start, end), found


def _hit(one: _Occurrence) -> Found:
    return Found(one.voice.party, one.start_ms, one.end_ms, one.runs, one.probability)


def _says(settings: RuleSettings, conversation: Conversation) -> list[Found]:
    looked = _within(settings, conversation)
    return [_hit(one) for one in looked[1]] if looked else []


def _absent(settings: RuleSettings, conversation: Conversation) -> list[Found]:
    looked = _within(settings, conversation)
    if looked is None or looked[1]:
        return []
    (start, end), _none = looked
    (step,) = settings.steps
    sure = [voice.mean(start, end) for voice in conversation.voices(step.party)]
    known = [mean for mean in sure if mean is not None]
    return [Found(step.party, start, end, (), min(known, default=None), absent=True)]


def _order(settings: RuleSettings, conversation: Conversation) -> list[Found]:
    first, then = (conversation.occurrences(step) for step in settings.steps)
    if not then:
        return []
    kept = bool(first) and first[0].start_ms < then[0].start_ms
    if kept == settings.broken:
        return []
    return [_hit(then[0] if settings.broken else first[0])]


def _sequence(settings: RuleSettings, conversation: Conversation) -> list[Found]:
    voices = conversation.voices(None)
    if not voices:
        return []
    at = 0
    found: list[_Occurrence] = []
    missing: list[int] = []
    for number, step in enumerate(settings.steps):
        places = conversation.occurrences(step)
        place = bisect.bisect_left([one.start_ms for one in places], at)
        if place == len(places):
            missing.append(number)
            continue
        found.append(places[place])
        at = places[place].end_ms
    if bool(missing) != settings.broken:
        return []
    if missing:
        start, end = (min(v.start_ms for v in voices), max(v.end_ms for v in voices))
    else:
        start, end = found[0].start_ms, max(one.end_ms for one in found)
    parties = {one.voice.party for one in found}
    return [
        Found(
            party=parties.pop() if len(parties) == 1 else None,
            start_ms=start,
            end_ms=end,
            runs=tuple(run for one in found for run in one.runs),
            probability=min((one.probability for one in found), default=None),
            absent=bool(missing),
            missing=tuple(missing),
        )
    ]

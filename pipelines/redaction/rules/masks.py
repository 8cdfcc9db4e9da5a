"""From a call's turns to their masks: what is personal, as spans of words."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from models.vocab import MaskKind, Party
from pipelines.redaction.rules.addresses import addresses
from pipelines.redaction.rules.emails import emails
from pipelines.redaction.rules.lexing import Heard, Token, tokens
from pipelines.redaction.rules.numbers import classify
from pipelines.redaction.rules.runs import Run, runs

FOUND_KINDS = tuple(kind for kind in MaskKind if kind is not MaskKind.MANUAL)

_BEFORE_MS = 15_000
_BEFORE_CHARACTERS = 90
_ECHO_DIGITS = 4
_NEAR_ECHO_DIGITS = 3
_NEAR_MS = 20_000
# A part of a longer span belongs to what the whole is.
_RANKS = {
    kind: rank
    for rank, kind in enumerate(
        (
            MaskKind.MANUAL,
            MaskKind.EMAIL,
            MaskKind.IDENTITY,
            MaskKind.CARD,
            MaskKind.PHONE,
            MaskKind.ADDRESS,
            MaskKind.NUMBER,
        )
    )
}


@dataclass(frozen=True)
class Said:
    """A turn to be looked through: who speaks, and the words."""

    party: Party
    words: tuple[Heard, ...]


@dataclass(frozen=True)
class Mask:
    """Words ``first`` to ``last`` of a turn, both included, and when they sound."""

    first: int
    last: int
    kind: MaskKind
    start_ms: int
    end_ms: int

    def row(self) -> list[int | str]:
        """Return what ``turn.masks`` holds."""
        return [self.first, self.last, self.kind.value, self.start_ms, self.end_ms]


@dataclass(frozen=True)
class _Side:
    """One party's turns end to end: their tokens, and the turn and word of each word number."""

    found: tuple[Token, ...]
    places: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class _Span:
    side: int
    first_word: int
    last_word: int
    kind: MaskKind


def find_masks(
    turns: Sequence[Said],
    *,
    language: str | None = None,
    kinds: Collection[MaskKind] = FOUND_KINDS,
) -> list[list[Mask]]:
    """Return the masks of each turn, in order of words, none touching another of its kind.

    Each party's turns are read as one, so that a number said in groups, while the other says yes or
    repeats them, is found whole; the parts that either repeats are found by it.
    """
    sides = [_side(turns, party) for party in _parties(turns)]
    regions = ("CN", "GB", "US") if language == "zh" else ("GB", "US", "CN")
    spans: list[_Span] = []
    for number, side in enumerate(sides):
        spans.extend(_numbers(turns, number, side, sides, regions))
        spans.extend(
            _Span(number, side.found[first].first_word, side.found[last].last_word, MaskKind.EMAIL)
            for first, last in emails(side.found)
        )
        spans.extend(_addresses(turns, number, side))
    wanted = [span for span in spans if span.kind in kinds]
    masks: list[list[Mask]] = [[] for _ in turns]
    for span in wanted:
        for turn, first, last in _by_turn(sides[span.side], span):
            masks[turn].append(mask_of(turns[turn].words, first, last, span.kind))
    return [merged(turns[turn].words, found) for turn, found in enumerate(masks)]


def mask_of(words: Sequence[Heard], first: int, last: int, kind: MaskKind) -> Mask:
    """Return the mask over some words."""
    return Mask(first, last, kind, words[first].start_ms, words[last].end_ms)


def merged(words: Sequence[Heard], masks: Iterable[Mask]) -> list[Mask]:
    """Return masks that share words as one, of the kind that says most."""
    result: list[Mask] = []
    for mask in sorted(masks, key=lambda each: (each.first, each.last)):
        if result and mask.first <= result[-1].last:
            before = result.pop()
            kind = min(before.kind, mask.kind, key=_RANKS.__getitem__)
            result.append(mask_of(words, before.first, max(before.last, mask.last), kind))
        else:
            result.append(mask)
    return result


def _parties(turns: Sequence[Said]) -> list[Party]:
    return list(dict.fromkeys(turn.party for turn in turns))


def _side(turns: Sequence[Said], party: Party) -> _Side:
    found: list[Token] = []
    places: list[tuple[int, int]] = []
    for number, turn in enumerate(turns):
        if turn.party is party:
            found.extend(tokens(turn.words, turn=number, offset=len(places)))
            places.extend((number, word) for word in range(len(turn.words)))
    return _Side(tuple(found), tuple(places))


def _numbers(
    turns: Sequence[Said], number: int, side: _Side, sides: Sequence[_Side], regions: Sequence[str]
) -> list[_Span]:
    """Return the long numbers of one side, and what either side repeats of them."""
    spans = []
    for run in runs(side.found):
        classified = classify(side.found, run, _before(turns, side, run), regions)
        if classified is None:
            continue
        kind, first, last = classified
        spans.append(_Span(number, side.found[first].first_word, side.found[last].last_word, kind))
        spans.extend(_echoes(side.found, run, kind, sides))
    return spans


def _before(turns: Sequence[Said], side: _Side, run: Run) -> str:
    """Return what both said just before a run: the question often names what the answer is."""
    begin = side.found[run.first]
    own = [
        token.text if token.glued else " " + token.text
        for token in side.found[max(0, run.first - 40) : run.first]
        if begin.start_ms - token.end_ms <= _BEFORE_MS
    ]
    other = [
        word.text
        for turn in turns[max(0, begin.turn - 3) : begin.turn]
        if turn.party is not turns[begin.turn].party
        for word in turn.words
        if begin.start_ms - word.end_ms <= _BEFORE_MS
    ]
    return ("".join(other).lower() + " " + "".join(own))[-_BEFORE_CHARACTERS:]


def _echoes(
    found: Sequence[Token], run: Run, kind: MaskKind, sides: Sequence[_Side]
) -> Iterable[_Span]:
    """Yield the parts of a found number that anybody repeats, alone or in the wrong order."""
    begin, end = found[run.first].start_ms, found[run.last].end_ms
    for number, side in enumerate(sides):
        for other in runs(side.found):
            if side.found is found and other == run:
                continue
            start = side.found[other.first].start_ms
            near = begin - _NEAR_MS <= start <= end + _NEAR_MS
            least = _NEAR_ECHO_DIGITS if near else _ECHO_DIGITS
            if len(other.digits) >= least and other.digits in run.digits:
                if any(element.grouped for element in other.elements):
                    continue
                yield _Span(
                    number,
                    side.found[other.first].first_word,
                    side.found[other.last].last_word,
                    kind,
                )


def _addresses(turns: Sequence[Said], number: int, side: _Side) -> list[_Span]:
    offsets: dict[int, int] = {}
    for place, (turn, _word) in enumerate(side.places):
        offsets.setdefault(turn, place)
    return [
        _Span(number, offset + first, offset + last, MaskKind.ADDRESS)
        for turn, offset in offsets.items()
        for first, last in addresses(turns[turn].words)
    ]


def _by_turn(side: _Side, span: _Span) -> Iterable[tuple[int, int, int]]:
    """Yield turn, first and last word of each turn that a span reaches into."""
    ranges: dict[int, list[int]] = {}
    for turn, word in side.places[span.first_word : span.last_word + 1]:
        ranges.setdefault(turn, []).append(word)
    for turn, words in ranges.items():
        yield turn, words[0], words[-1]


def hide_in_text(
    text: str, *, language: str | None = None, kinds: Collection[MaskKind] = FOUND_KINDS
) -> str:
    """Return a text without the personal data in it, for quotes that have no turn of their own."""
    from pipelines.masking import masked_text

    words = words_of(text)
    (masks,) = find_masks([Said(Party.UNKNOWN, words)], language=language, kinds=kinds)
    rows = [[word.text, word.start_ms, word.end_ms, 1.0] for word in words]
    return masked_text(rows, [mask.row() for mask in masks]) if masks else text


def words_of(text: str) -> tuple[Heard, ...]:
    """Return a text as words that sound at no time in particular, the blanks before them kept.

    Chinese has no blanks: there a word is a character, or a row of letters and figures.
    """
    return tuple(
        Heard(token.lead + token.text, 0, 0) for token in _pieces(text) if token.text or token.lead
    )


@dataclass(frozen=True)
class _Piece:
    lead: str
    text: str


def _pieces(text: str) -> list[_Piece]:
    pieces: list[_Piece] = []
    lead, current = "", ""
    for character in text:
        wide = "\u3400" <= character <= "\u9fff" or character in "〇，。、！？：；"
        if character.isspace() or wide:
            if current:
                pieces.append(_Piece(lead, current))
                lead, current = "", ""
            if wide:
                pieces.append(_Piece(lead, character))
                lead = ""
            else:
                lead += character
        else:
            current += character
    if current or lead:
        pieces.append(_Piece(lead, current))
    return pieces

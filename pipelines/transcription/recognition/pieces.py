"""Pure rules of fast hearing: where speech is cut, which pieces go together, what needs a look.

Pieces are the unit of recognition: speech of one channel, its long silences left out, cut at
pauses. Positions and lengths are in samples.
"""

import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Span = tuple[int, int]
"""Start and end of a stretch of speech."""

Piece = tuple[Span, ...]
"""What is recognised at once: stretches of one channel, their silences left out."""

LOOPS = 2.4
"""Text that compresses better than this goes round in circles (Whisper's own threshold)."""

_TWICE = re.compile(r"(.{12,}|[\u4e00-\u9fff]{5,})\1")
"""A dozen letters, or five Chinese characters, said twice in a row: so goes the decoder on behind
the end of speech."""

UNTRUSTED = -1.0
"""Mean log-probability of a piece's tokens under which the window is decoded as the recogniser
itself would (its own threshold)."""

FEWEST = 0.8
"""Tokens a second of speech under which a piece was probably left before its end."""

LEFT_OUT = 0.8
"""A text with a smaller share of another's tokens has left something out."""

OTHER = 0.6
DOUBTFUL = 0.05
SHORTEST_S = 2
"""A piece is in another language than its call where that language is as probable as ``OTHER``, the
call's own one less than ``DOUBTFUL``, and the piece is no shorter: a "yes" has no language."""

BOTH = 0.1
LONG_S = 8
"""A piece may be in two languages where it is as long and the second one as probable."""

UNHEARD_MS = 4_000

OWN_LETTERS = frozenset({"zh", "yue", "ja", "ko"})
_LATIN = re.compile(r"[A-Za-z]")
_OTHER = re.compile(r"[^\W\dA-Za-z_]")
"""Languages in which a word of Latin letters alone is of another, most likely English."""

SILENCE = 0.6
"""Probability of "no speech" over which an unsure text counts as invented (its own threshold)."""


@dataclass(frozen=True)
class Look:
    """What one look at a piece gave: tokens of text, and the decoder's measures of itself.

    ``log_probability`` is the mean over tokens, ``no_speech`` a probability (0 to 1).
    """

    tokens: tuple[int, ...]
    text: str
    log_probability: float
    no_speech: float

    @property
    def compression(self) -> float:
        """Return how many times smaller the text gets by compression; repetition shows in it."""
        raw = self.text.encode()
        return len(raw) / len(zlib.compress(raw))

    @property
    def loops(self) -> bool:
        """Tell whether the text repeats itself."""
        if self.compression > LOOPS:
            return True
        letters = "".join(character for character in self.text.lower() if character.isalnum())
        return _TWICE.search(letters) is not None

    @property
    def invented(self) -> bool:
        """Tell whether this is text over silence: hardly any speech, and hardly believed."""
        return self.no_speech > SILENCE and self.log_probability < UNTRUSTED


def unsure(look: Look, seconds: float, least: float) -> bool:
    """Tell whether a cheaply decoded piece of so much speech deserves the wide beam.

    It does below the ``least`` mean log-probability, and where it repeats itself or ends early.
    """
    return look.loops or look.log_probability < least or len(look.tokens) < FEWEST * seconds


def untrusted(look: Look) -> bool:
    """Tell whether not even the wide beam's text will do."""
    return not look.invented and (look.loops or look.log_probability < UNTRUSTED)


def better(first: Look, second: Look) -> Look:
    """Return the look to keep: one that does not repeat itself, then the more probable one.

    A text that leaves out a good part of the other is probable all too easily, and loses to it.
    """
    if first.loops != second.loops:
        return second if first.loops else first
    shorter, longer = sorted((first, second), key=lambda look: len(look.tokens))
    if len(shorter.tokens) < LEFT_OUT * len(longer.tokens):
        return longer
    return second if second.log_probability >= first.log_probability else first


def language(usual: str, chances: Mapping[str, float], seconds: float) -> tuple[str, bool]:
    """Return the language of a piece in a call of the ``usual`` one, and whether it is in two.

    ``chances`` are the probabilities (0 to 1) of the likeliest languages.
    """
    ranked = sorted(chances, key=lambda code: -chances[code])
    first = ranked[0] if ranked else usual
    if seconds < SHORTEST_S:
        return usual, False
    second = chances[ranked[1]] if len(ranked) > 1 else 0.0
    if first != usual and chances[first] >= OTHER and chances.get(usual, 0.0) < DOUBTFUL:
        return first, False
    return usual, second >= BOTH and seconds >= LONG_S


def unheard(words: Sequence[tuple[int, int]], seconds: float) -> bool:
    """Tell whether a good part of so much speech has no words, given as (start, end) in ms.

    Silences have been cut out: a long part without words is speech that was not understood, as the
    decoder does with a second language.
    """
    edges = [0, *[edge for word in words for edge in word], round(seconds * 1_000)]
    gaps = zip(edges[::2], edges[1::2], strict=True)
    return max(end - start for start, end in gaps) > UNHEARD_MS


def written_in(text: str, language: str) -> str:
    """Return the language of a word that was heard as one of ``language``, by its letters."""
    if language in OWN_LETTERS and _LATIN.search(text) and not _OTHER.search(text):
        return "en"
    return language


def cut(spans: Sequence[Span], longest: int) -> list[Piece]:
    """Return the speech of a channel in pieces of at most ``longest`` samples of speech each.

    A piece is filled and then cut at the longest pause of its later half, so that a sentence is
    rarely torn. A span that is itself longer is cut evenly.
    """
    waiting = [part for span in spans for part in _parts(span, longest)]
    pieces: list[Piece] = []
    while waiting:
        fits = _fitting(waiting, longest)
        if fits < len(waiting):
            fits = _pause(waiting, fits, longest // 2)
        pieces.append(tuple(waiting[:fits]))
        waiting = waiting[fits:]
    return pieces


def length(spans: Sequence[Span]) -> int:
    """Return how many samples of speech there are."""
    return sum(end - start for start, end in spans)


def _parts(span: Span, longest: int) -> list[Span]:
    start, end = span
    count = -(-(end - start) // longest)
    edges = [start + (end - start) * place // count for place in range(count + 1)]
    return list(pairwise(edges))


def _fitting(spans: Sequence[Span], longest: int) -> int:
    held = 0
    for count, span in enumerate(spans):
        held += span[1] - span[0]
        if held > longest:
            return count
    return len(spans)


def _pause(spans: Sequence[Span], fits: int, least: int) -> int:
    """Return how many of the first ``fits`` spans to take: up to the longest pause, if late."""
    pauses = [
        (spans[count][0] - spans[count - 1][1], count)
        for count in range(1, fits + 1)
        if length(spans[:count]) >= least
    ]
    return max(pauses)[1] if pauses else fits


def together(lengths: Sequence[int], size: int, slack: int, share: int) -> list[int]:
    """Return the places of the pieces to recognise at once: the first, and those most like it.

    The first has waited longest. Others join by likeness of length, up to ``size`` pieces and
    ``share`` samples in all, and only while no piece is padded by more than an eighth of itself
    plus ``slack`` samples: padding is encoded and looked at like speech.
    """
    anchor = lengths[0]
    order = sorted(range(1, len(lengths)), key=lambda place: abs(lengths[place] - anchor))
    chosen = [0]
    low = high = held = anchor
    for place in order:
        held += lengths[place]
        if len(chosen) == size or held > share:
            break
        lower, higher = min(low, lengths[place]), max(high, lengths[place])
        if higher <= lower * 9 // 8 + slack:
            chosen.append(place)
            low, high = lower, higher
    return chosen

"""What a person's query means, and how each database is asked for it. Any input is harmless."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pipelines.search.rules.words import is_cjk, pairs, words

MOST_CHARACTERS = 200
MOST_TERMS = 12
SHORTEST_BEGINNING = 3
"""Letters before a ``*``: shorter beginnings stand in nearly every turn."""

_QUOTES = dict.fromkeys('"“”„‟«»「」『』《》', '"')
_MINUS = {"-", "−", "–"}


@dataclass(frozen=True)
class Term:
    """Words that stand side by side; ``begins`` when the last one may go on."""

    tokens: tuple[str, ...]
    begins: bool = False


@dataclass(frozen=True)
class Query:
    """A turn fits when it holds all of ``terms`` and none of ``without``."""

    terms: tuple[Term, ...] = ()
    without: tuple[Term, ...] = ()


@dataclass(frozen=True)
class Wanted:
    """A query and what the turns must belong to: of each group of tags, one at least."""

    query: Query
    groups: tuple[tuple[str, ...], ...] = ()

    def also(self, *tags: str) -> "Wanted":
        """Return the same, asking for one of these tags too."""
        return replace(self, groups=(*self.groups, tags))


def parse(text: str) -> Query:
    """Read a query: blanks between words, quotes around phrases, ``-`` before what must be absent.

    ``word*`` means a beginning. What is longer than a query may be is cut off.
    """
    found: dict[bool, list[Term]] = {True: [], False: []}
    for wanted, piece in _pieces(text[:MOST_CHARACTERS]):
        term = _term(piece)
        if term.tokens and term not in found[wanted] and len(found[wanted]) < MOST_TERMS:
            found[wanted].append(term)
    return Query(tuple(found[True]), tuple(found[False]))


def _pieces(text: str) -> Iterator[tuple[bool, str]]:
    """Yield (must be there, words) for each part of a query."""
    signs = [_QUOTES.get(sign, sign) for sign in unicodedata.normalize("NFKC", text)]
    place = 0
    while place < len(signs):
        if signs[place].isspace():
            place += 1
            continue
        wanted = signs[place] not in _MINUS
        place += not wanted
        if place < len(signs) and signs[place] == '"':
            end = _until(signs, place + 1, lambda sign: sign == '"')
            yield wanted, "".join(signs[place + 1 : end])
            place = end + 1
        else:
            end = _until(signs, place, lambda sign: sign == '"' or sign.isspace())
            yield wanted, "".join(signs[place:end])
            place = end


def _until(signs: Sequence[str], place: int, ends: object) -> int:
    while place < len(signs) and not ends(signs[place]):  # type: ignore[operator]
        place += 1
    return place


def _term(piece: str) -> Term:
    tokens = tuple(word.text for word in words(piece))
    begins = (
        piece.endswith("*")
        and bool(tokens)
        and len(tokens[-1]) >= SHORTEST_BEGINNING
        and not any(map(is_cjk, tokens[-1]))
    )
    return Term(tokens, begins)


def sqlite_match(wanted: Wanted) -> str:
    """Return the FTS5 expression. Words hold letters and digits only, so nothing needs escaping."""
    parts = [part for term in wanted.query.terms for part in _fts5(term)]
    parts += [f"({' OR '.join(map(_quoted, group))})" for group in wanted.groups]
    match = " AND ".join(parts)
    for term in wanted.query.without:
        match = f"({match}) NOT ({' AND '.join(_fts5(term))})"
    return match


def _quoted(token: str) -> str:
    return f'"{token}"'


def _fts5(term: Term) -> Iterator[str]:
    for phrase in phrases(term):
        yield _quoted(" ".join(phrase)) + (" *" if term.begins and phrase == term.tokens else "")


def postgresql_match(wanted: Wanted) -> str:
    """Return the text of a ``tsquery``."""
    parts = [part for term in wanted.query.terms for part in _tsquery(term)]
    parts += [f"({' | '.join(map(_lexeme, group))})" for group in wanted.groups]
    parts += [f"!({' & '.join(_tsquery(term))})" for term in wanted.query.without]
    return " & ".join(parts)


def _lexeme(token: str) -> str:
    return f"'{token}'"


def _tsquery(term: Term) -> Iterator[str]:
    for phrase in phrases(term):
        lexemes = [_lexeme(token) for token in phrase]
        if term.begins and phrase == term.tokens:
            lexemes[-1] += ":*"
        yield f"({' <-> '.join(lexemes)})"


def phrases(term: Term) -> list[tuple[str, ...]]:
    """Return the phrases of a document that a term means, all of which must be there.

    Characters are looked for by their pairs alone; where other words stand beside them, the words
    one by one say what is side by side, and the pairs only make it quicker.
    """
    runs = [tuple(run) for run in pairs(term.tokens)]
    if len(runs) == 1 and len(runs[0]) == len(term.tokens) - 1:
        return runs
    return [term.tokens, *runs]

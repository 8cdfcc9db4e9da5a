"""The index by which words in transcripts are found, and the statements that keep it true.

On SQLite the documents are indexed by an FTS5 table that triggers keep in step; on PostgreSQL they
are ``tsvector`` with a GIN index. What a document holds is for ``pipelines.search.rules``.
"""

import datetime as dt
from collections.abc import Iterator

from sqlalchemy import BigInteger, ForeignKey, Text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, BigId

Document = Text().with_variant(TSVECTOR(), "postgresql")


class SearchEntry(Base):
    """One transcript whose masked turns are in the index.

    ``block`` holds the seconds of the call's begin and, in its last bits, a number that tells it
    from others that began in that second: the ids of its turns lie in a range of their own. A call
    that has other ``legs`` by now is indexed anew, and so is a transcript whose masks have changed
    (``legs`` -1).
    """

    __tablename__ = "search_entry"

    transcript_id: Mapped[int] = mapped_column(
        ForeignKey("transcript.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id", ondelete="CASCADE"), index=True)
    block: Mapped[int] = mapped_column(BigInteger, unique=True)
    legs: Mapped[int]
    indexed_at: Mapped[dt.datetime]


class SearchTurn(Base):
    """One turn that can be found. A higher id is a later call, or an earlier turn of the same call.

    ``document`` is made from the masked text and never from another. It goes with its turn, and as
    soon as the masked text of its turn changes.
    """

    __tablename__ = "search_turn"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    turn_id: Mapped[int] = mapped_column(ForeignKey("turn.id", ondelete="CASCADE"), unique=True)
    document: Mapped[str] = mapped_column(Document)


INDEX = "ix_search_turn_document"
"""PostgreSQL's index of documents, made by hand: Alembic would make another of it on SQLite."""

# The document's own signs are not ASCII, which this tokenizer takes for letters as they are: what a
# word is, is decided in one place for both databases.
_MADE_ON_SQLITE = """
CREATE VIRTUAL TABLE search_index USING fts5(
    document, content='search_turn', content_rowid='id', tokenize='ascii', columnsize=0
);;
CREATE TRIGGER search_turn_added AFTER INSERT ON search_turn BEGIN
    INSERT INTO search_index (rowid, document) VALUES (NEW.id, NEW.document);
END;;
CREATE TRIGGER search_turn_removed AFTER DELETE ON search_turn BEGIN
    INSERT INTO search_index (search_index, rowid, document)
    VALUES ('delete', OLD.id, OLD.document);
END;;
CREATE TRIGGER search_turn_kept BEFORE UPDATE ON search_turn BEGIN
    SELECT RAISE(ABORT, 'a document is replaced, never changed');
END;;
CREATE TRIGGER search_turn_behind AFTER UPDATE OF masked_text ON turn
WHEN OLD.masked_text IS NOT NEW.masked_text BEGIN
    DELETE FROM search_turn WHERE turn_id = OLD.id;
    UPDATE search_entry SET legs = -1 WHERE transcript_id = OLD.transcript_id;
END
"""
_MADE_ON_POSTGRESQL = """
CREATE INDEX ix_search_turn_document ON search_turn USING gin (document);;
CREATE FUNCTION search_turn_behind() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    DELETE FROM search_turn WHERE turn_id = OLD.id;
    UPDATE search_entry SET legs = -1 WHERE transcript_id = OLD.transcript_id;
    RETURN NULL;
END $$;;
CREATE TRIGGER search_turn_behind AFTER UPDATE OF masked_text ON turn FOR EACH ROW
WHEN (OLD.masked_text IS DISTINCT FROM NEW.masked_text)
EXECUTE FUNCTION search_turn_behind()
"""


def create_statements(dialect: str) -> Iterator[str]:
    """Yield the statements that make the index over its tables on ``sqlite`` or ``postgresql``."""
    made = _MADE_ON_SQLITE if dialect == "sqlite" else _MADE_ON_POSTGRESQL
    yield from made.strip().split(";;")


def drop_statements(dialect: str) -> Iterator[str]:
    """Yield the statements that remove what ``create_statements`` made."""
    if dialect == "sqlite":
        yield "DROP TRIGGER search_turn_behind"
        yield "DROP TABLE search_index"
    else:
        yield "DROP TRIGGER search_turn_behind ON turn"
        yield "DROP FUNCTION search_turn_behind()"
        yield f"DROP INDEX {INDEX}"


FORGET_SQLITE = "INSERT INTO search_index (search_index) VALUES ('optimize')"
"""Merge the whole index, so that words of removed turns are in it no more: FTS5 only marks them."""

"""Landing SMS survey questions and their answers."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.bulk import insert_columns, reserve_ids
from models.calls import Call, Survey
from pipelines.ingest.landing import Context, Landed, Places, check, reject
from pipelines.ingest.reading import RawRow
from pipelines.ingest.rules import surveys as rules
from pipelines.ingest.rules.values import Invalid, text_of


class SurveysLander:
    """Lands rows of ``surveys.csv``. An answer may come in later than its question."""

    columns: Sequence[str] = rules.COLUMNS
    required: Sequence[str] = rules.REQUIRED
    chunk_size = 10_000

    def __init__(self, session: Session, context: Context) -> None:
        """Read the sites' clocks."""
        self._context = context
        self._places = Places(session, context.site_id)

    def land(self, session: Session, rows: list[RawRow]) -> Landed:
        """Add the questions that are new and the answers to known ones; see ``Lander``."""
        landed = Landed()
        calls = calls_by_key(session, self._context, [row.cells[1].strip() for row in rows])
        known = {
            survey.source_key: [survey.content_hash, survey.answered_at, survey.reply, survey.id]
            for survey in session.execute(
                select(
                    Survey.source_key,
                    Survey.content_hash,
                    Survey.answered_at,
                    Survey.reply,
                    Survey.id,
                ).where(
                    Survey.source == self._context.source,
                    Survey.source_key.in_({row.cells[0].strip() for row in rows}),
                )
            )
        }
        new: dict[str, dict[str, Any]] = {}
        for raw in rows:
            try:
                check(raw)
                call = call_of(calls, raw.cells[1])
                zone = self._places.zones[call.site_id]
                row = rules.parse(raw.cells, zone, self._context.now, call.started_at)
                changed = self._land_row(session, row, call, known, new)
            except Invalid as finding:
                landed.rejects.append(reject(raw, self.columns, finding))
                continue
            landed.added += changed
            landed.unchanged += not changed
            if changed:
                landed.dirty.add((call.site_id, call.local_date))
        _insert(session, list(new.values()))
        return landed

    def _land_row(
        self,
        session: Session,
        row: rules.SurveyRow,
        call: Any,
        known: dict[str, list[Any]],
        new: dict[str, dict[str, Any]],
    ) -> bool:
        """Add a question or its answer; tell whether anything changed."""
        question = rules.question_hash(row, str(call.id))
        satisfaction, level = (None, None) if row.reply is None else rules.meaning(row.reply)
        answer = {
            "answered_at": row.answered_at,
            "reply": row.reply,
            "satisfaction": satisfaction,
            "level": level,
        }
        there = known.get(row.survey_id)
        if there is None:
            new[row.survey_id] = {
                "source": self._context.source,
                "source_key": row.survey_id,
                "content_hash": question,
                "call_id": call.id,
                "site_id": call.site_id,
                "sent_at": row.sent_at,
                **answer,
            }
            known[row.survey_id] = [question, row.answered_at, row.reply, None]
            return True
        if there[0] != question:
            raise Invalid("survey_id", "duplicate_differs", value=row.survey_id)
        # A question that came again without its answer says nothing new.
        if row.answered_at is None or there[1:3] == [row.answered_at, row.reply]:
            return False
        if there[1] is not None:
            raise Invalid("survey_id", "duplicate_differs", value=row.survey_id)
        there[1:3] = [row.answered_at, row.reply]
        if there[3] is None:
            new[row.survey_id].update(answer)
        else:
            session.execute(update(Survey).where(Survey.id == there[3]).values(answer))
        return True


def _insert(session: Session, rows: list[dict[str, Any]]) -> None:
    if rows:
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        insert_columns(session, Survey, {"id": reserve_ids(session, Survey, len(rows)), **columns})


def calls_by_key(session: Session, context: Context, keys: Sequence[str]) -> dict[str, Any]:
    """Find calls of this source (and site) by their keys, with what other rows need of them."""
    statement = select(
        Call.source_key,
        Call.id,
        Call.site_id,
        Call.team_id,
        Call.agent_id,
        Call.direction,
        Call.project_id,
        Call.started_at,
        Call.local_date,
    ).where(Call.source == context.source, Call.source_key.in_(set(keys)))
    if context.site_id is not None:
        statement = statement.where(Call.site_id == context.site_id)
    return {row.source_key: row for row in session.execute(statement)}


def call_of(calls: dict[str, Any], cell: str) -> Any:
    """Return the call that a cell names, or raise ``Invalid``."""
    call_id = text_of(cell, "call_id")
    if call_id not in calls:
        raise Invalid("call_id", "call_unknown", value=call_id[:80])
    return calls[call_id]

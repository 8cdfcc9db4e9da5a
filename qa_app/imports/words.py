"""What people read about rows that did not land, about kinds of files and about their states."""

from enum import StrEnum
from typing import Any

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from models.vocab import ImportKind, ImportState
from pipelines.outcomes import DomainError
from qa_app import messages

REASONS: dict[str, LazyString] = {
    "value_missing": _l("This must not be empty."),
    "value_too_long": _l("This is longer than %(longest)s characters."),
    "value_unreadable": _l("Some characters cannot be read; the file may be in a mixed encoding."),
    "word_unknown": _l("“%(value)s” is not one of the known words."),
    "number_invalid": _l("“%(value)s” is not a number."),
    "number_out_of_range": _l("“%(value)s” is not a whole number from %(least)s to %(most)s."),
    "duration_negative": _l("A duration cannot be negative (%(value)s)."),
    "duration_absurd": _l("%(value)s is more than 24 hours."),
    "time_invalid": _l("“%(value)s” is not a time; write 2026-11-16 09:05:00."),
    "time_impossible": _l("“%(value)s” cannot be: no such day, or long ago."),
    "time_without_clock": _l("“%(value)s” is a day without the time of day."),
    "time_skipped": _l("At %(value)s the clocks of %(zone)s were put forward: no such time."),
    "time_in_future": _l("%(value)s has not come yet."),
    "time_before_call": _l("This is earlier than the call."),
    "time_before_sent": _l("The answer is earlier than the question."),
    "date_invalid": _l("“%(value)s” is not a day; write 2026-11-16."),
    "date_after_received": _l("The day is later than the complaint."),
    "currency_missing": _l("An amount needs its currency, such as CNY."),
    "currency_invalid": _l("“%(value)s” is not a currency of three letters."),
    "money_too_fine": _l("%(value)s is finer than this currency's smallest coin."),
    "site_missing": _l("Without an agent the site must be named."),
    "site_unknown": _l("There is no site %(value)s; import people first."),
    "site_other": _l("%(value)s is not the site of this import."),
    "agent_unknown": _l("There is no agent %(value)s; import people first."),
    "agent_at_several_sites": _l("Several sites have an agent %(value)s: name the site."),
    "agent_not_in_call": _l("This agent took no part in the call."),
    "agent_code_missing": _l("The role of agent needs the agent's code."),
    "agent_taken": _l("Agent %(value)s belongs to another user name."),
    "username_taken": _l("%(value)s already belongs to another agent."),
    "username_invalid": _l("“%(value)s” cannot be a user name."),
    "person_missing": _l("A row needs a user name or an agent."),
    "code_invalid": _l(
        "“%(value)s” cannot be a code: no spaces, commas, semicolons, @ or slashes."
    ),
    "role_invalid": _l("“%(value)s” is not of the form role@site:CODE or role@team:CODE."),
    "role_unknown": _l("There is no role %(value)s."),
    "team_unknown": _l("There is no team %(value)s."),
    "team_at_several_sites": _l("Several sites have a team %(value)s: name the person's site."),
    "locale_unknown": _l("The language must be en or zh_Hans."),
    "timezone_missing": _l("The new site %(site)s needs its time zone, such as Asia/Shanghai."),
    "timezone_unknown": _l("There is no time zone %(value)s."),
    "timezone_differs": _l("The site's time zone is %(stored)s."),
    "from_missing": _l("The agent changes the team: say from which day."),
    "from_too_early": _l("The agent's present team began on %(since)s; this must be later."),
    "call_unknown": _l("There is no call %(value)s in this source."),
    "leg_unknown": _l("The call has no leg %(value)s."),
    "customer_unknown": _l("This customer has been erased."),
    "duplicate_differs": _l("%(value)s stands already, with another content."),
    "row_too_long": _l("The row has more cells than the header."),
    "row_too_short": _l("The row has fewer cells than the header."),
    "row_unreadable": _l("The row cannot be read; a quotation mark may be missing."),
    "row_encoding": _l("Some characters cannot be read in the file's encoding."),
    "name_without_id": _l("The file's name does not show the id of the call."),
    "recording_differs": _l("The call already has another recording."),
    "file_unreadable": _l("The file cannot be opened (%(reason)s)."),
}
"""Why a row was not taken: code → sentence. Codes of whole files stand in ``qa_app.messages``."""

KINDS: dict[ImportKind, LazyString] = {
    ImportKind.PEOPLE: _l("People"),
    ImportKind.CALLS: _l("Calls"),
    ImportKind.SURVEYS: _l("Surveys"),
    ImportKind.COMPLAINTS: _l("Complaints"),
    ImportKind.RECORDINGS: _l("Recordings"),
}

STATES: dict[ImportState, LazyString] = {
    ImportState.STORED: _l("waiting"),
    ImportState.RUNNING: _l("running"),
    ImportState.DONE: _l("done"),
    ImportState.REJECTED: _l("not readable"),
}


def reason(code: str, params: dict[str, Any]) -> str:
    """Say why a row or a file was not taken, in the request's language."""
    known = REASONS.get(code)
    if known is None:
        return messages.sentence(DomainError(code, **params))
    try:
        return str(known) % params
    except KeyError:
        # A row of an older version may lack a value that its sentence has now.
        return code


def import_kind(kind: StrEnum) -> str:
    """Return what a kind of file is called."""
    return str(KINDS[ImportKind(kind)])


def import_state(state: StrEnum) -> str:
    """Return what the state of an import is called."""
    return str(STATES[ImportState(state)])

"""What notices say, and where they lead: one line per kind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import url_for
from flask_babel import LazyString, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.routing import BuildError

from models.notices import Notice
from models.vocab_rights import NoticeKind
from qa_app.formats import day


@dataclass(frozen=True)
class KindWords:
    """A kind's name among the switches, its icon, and the page that it leads to.

    ``of_row``: the page is about the notice's row; ``show``: what a list is narrowed to.
    """

    name: LazyString
    icon: str
    endpoint: str
    of_row: bool = False
    show: str = ""


KINDS: dict[NoticeKind, KindWords] = {
    NoticeKind.TASKS_DUE: KindWords(_l("Reviews of mine are due"), "checklist", "reviews.queue"),
    NoticeKind.TASK_GIVEN: KindWords(_l("A review is given to me"), "checklist", "reviews.queue"),
    NoticeKind.ASSESSMENT_ASKED: KindWords(
        _l("My own view of a call is asked for"), "phone", "assessments.index"
    ),
    NoticeKind.ASSESSMENT_DUE: KindWords(
        _l("The time for my own view runs out"), "hourglass", "assessments.index"
    ),
    NoticeKind.REVIEW_READY: KindWords(
        _l("Feedback on a call of mine can be read"), "message", "feedback.show", of_row=True
    ),
    NoticeKind.OBJECTION_RAISED: KindWords(
        _l("An objection waits for a decision"), "flag", "feedback.show", of_row=True
    ),
    NoticeKind.OBJECTION_DECIDED: KindWords(
        _l("An objection of mine is decided"), "check", "feedback.show", of_row=True
    ),
    NoticeKind.DISPUTE_RAISED: KindWords(
        _l("A dispute waits for a decision"), "flag", "disputes.index"
    ),
    NoticeKind.DISPUTE_DECIDED: KindWords(
        _l("A dispute of mine is decided"), "check", "feedback.show", of_row=True
    ),
    NoticeKind.SKIP_ASKED: KindWords(
        _l("A skipped call waits for a manager"), "checklist", "tasks.index"
    ),
    NoticeKind.DRAFT_OPEN: KindWords(
        _l("A draft is open for comments"), "pencil", "scorecards.show", of_row=True
    ),
    NoticeKind.CALIBRATION_DUE: KindWords(
        _l("A calibration round waits for me"), "target", "calibration.show", of_row=True
    ),
    NoticeKind.CALIBRATION_CLOSED: KindWords(
        _l("A calibration round of mine is closed, and can be talked about"),
        "target",
        "calibration.show",
        of_row=True,
    ),
    NoticeKind.HELP_ASKED: KindWords(_l("Somebody asks for help"), "users", "helping.index"),
    NoticeKind.HELP_ANSWERED: KindWords(
        _l("A request of mine for help is answered"), "users", "helping.show", of_row=True
    ),
    NoticeKind.PARTNER_ASKED: KindWords(
        _l("A colleague would like to work with me for a while"),
        "users",
        "helping.show",
        of_row=True,
    ),
    NoticeKind.COACHING: KindWords(
        _l("A talk with me, or a note for me, is written down"),
        "school",
        "coaching.show",
        of_row=True,
    ),
    NoticeKind.EXEMPLAR_CHOSEN: KindWords(
        _l("A call of mine is chosen as an exemplar"), "star", "exemplars.mine"
    ),
    NoticeKind.EXEMPLAR_ASKED_BACK: KindWords(
        _l("An agent asks an exemplar back"), "star", "exemplars.index", show="asked_back"
    ),
    NoticeKind.QUIZ_OPEN: KindWords(_l("A quiz is open for me"), "school", "practice.index"),
    NoticeKind.REQUEST_FILED: KindWords(
        _l("A request about personal data is filed"), "shield", "rights.show", of_row=True
    ),
    NoticeKind.REQUEST_DUE: KindWords(
        _l("Requests about personal data are due"), "hourglass", "rights.index"
    ),
    NoticeKind.REQUEST_CLOSED: KindWords(
        _l("A request of mine about my data is answered"), "shield", "rights.mine"
    ),
}


def sentence(notice: Notice) -> str:
    """Return what a notice says, in the request's language."""
    kind, params = notice.kind, notice.params
    count, title = int(params.get("count") or 0), str(params.get("title") or "")
    until = _until(params)
    if kind is NoticeKind.TASKS_DUE:
        return _due(int(params.get("late") or 0), count)
    if kind in _COUNTED:
        return _COUNTED[kind](count, until)
    if kind is NoticeKind.DRAFT_OPEN and title:
        return _("The draft “%(title)s” is open for your comments.", title=title)
    if kind is NoticeKind.CALIBRATION_DUE and until:
        return _("A calibration round waits for you, until %(until)s.", until=until)
    if kind is NoticeKind.QUIZ_OPEN and until:
        return _("A quiz is open for you, until %(until)s.", until=until)
    return _("%(what)s.", what=KINDS[kind].name)


_COUNTED: dict[NoticeKind, Callable[[int, str], str]] = {
    NoticeKind.ASSESSMENT_ASKED: lambda count, until: ngettext(
        "%(num)s call of yours waits for your own view, until %(until)s.",
        "%(num)s calls of yours wait for your own view, until %(until)s.",
        count,
        until=until,
    ),
    NoticeKind.ASSESSMENT_DUE: lambda count, until: ngettext(
        "The time for your own view of %(num)s call runs out on %(until)s.",
        "The time for your own view of %(num)s calls runs out from %(until)s on.",
        count,
        until=until,
    ),
    NoticeKind.TASK_GIVEN: lambda count, _until: ngettext(
        "%(num)s review is given to you.", "%(num)s reviews are given to you.", count
    ),
    NoticeKind.REQUEST_DUE: lambda count, until: ngettext(
        "%(num)s request about personal data is due by %(until)s.",
        "%(num)s requests about personal data are due, the first by %(until)s.",
        count,
        until=until,
    ),
}


def _due(late: int, soon: int) -> str:
    parts = []
    if late:
        parts.append(
            ngettext(
                "%(num)s review of yours is past its due time.",
                "%(num)s reviews of yours are past their due time.",
                late,
            )
        )
    if soon:
        parts.append(
            ngettext(
                "%(num)s review of yours is due within two days.",
                "%(num)s reviews of yours are due within two days.",
                soon,
            )
        )
    return " ".join(parts)


_OF_SUBJECT = {(NoticeKind.DRAFT_OPEN, "guide_version"): "guides.show"}
"""Where a kind tells of rows of two tables, the page of the second."""


def _until(params: Mapping[str, Any]) -> str:
    given = params.get("until")
    return day(datetime.fromisoformat(str(given)).date()) if given else ""


def target(notice: Notice) -> str:
    """Return the address that a notice leads to; its list where the page is not there."""
    words = KINDS[notice.kind]
    values: dict[str, Any] = {"uid": notice.subject_uid} if words.of_row else {}
    if words.show:
        values["show"] = words.show
    endpoint = _OF_SUBJECT.get((notice.kind, notice.subject), words.endpoint)
    try:
        return url_for(endpoint, **values)
    except BuildError:
        return url_for("notices.index")

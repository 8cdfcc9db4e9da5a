"""What counts as due soon, and the one mail there is: pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

SOON = timedelta(days=2)
"""Work due within this time is spoken of, so that a weekend's notice comes before it."""


@dataclass(frozen=True)
class Due:
    """How much of a person's work is late, how much is due soon, and when the first of it is."""

    late: int
    soon: int
    first: datetime


def due_of(instants: Iterable[datetime], now: datetime) -> Due | None:
    """Return what is late or due soon among the due instants; null when nothing is."""
    near = sorted(instant for instant in instants if instant <= now + SOON)
    if not near:
        return None
    late = sum(instant <= now for instant in near)
    return Due(late=late, soon=len(near) - late, first=near[0])


_SUBJECTS = {"en": "Hearback: something waits for you", "zh_Hans": "Hearback：有事项等待您处理"}
_TEXTS = {
    "en": (
        "Something in Hearback waits for you.\n\n"
        "Sign in to read it: {link}\n\n"
        "This mail says no more on purpose: nothing about calls or people leaves the installation. "
        "You can switch such mail off under Notices.\n"
    ),
    "zh_Hans": (
        "Hearback 中有事项等待您处理。\n\n"
        "请登录查看：{link}\n\n"
        "本邮件有意不写明具体内容：有关通话和人员的信息不会离开本系统。"
        "您可以在“通知”页面关闭此类邮件。\n"
    ),
}


def mail_text(link: str, locale: str | None) -> tuple[str, str]:
    """Return subject and text, in the person's language first and then in the other one."""
    first = locale if locale in _TEXTS else "en"
    order = [first, *(name for name in _TEXTS if name != first)]
    return _SUBJECTS[first], "\n---\n\n".join(_TEXTS[name].format(link=link) for name in order)

"""How long things stay, and how a number is found wherever it may stand."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.vocab import RetentionSubject

ORPHAN_AGE = timedelta(hours=1)
"""A file younger than this may belong to a row that is about to be written."""

_SIGNATURE = 10
_SEPARATORS = rb"[\s\x00().\-]*"


@dataclass(frozen=True)
class Rule:
    """A subject of a project (null: of the whole site) stays for ``days`` days."""

    project_id: int | None
    subject: RetentionSubject
    days: int


def days_kept(
    rules: Iterable[Rule], project_id: int | None, subject: RetentionSubject
) -> int | None:
    """Return the days of the project's own rule, else of the site's; null: kept without limit."""
    found = {rule.project_id: rule.days for rule in rules if rule.subject is subject}
    return found.get(project_id, found.get(None))


def cutoff(days: int | None, now: datetime) -> datetime | None:
    """Return the instant before which things are too old, or null where nothing ever is."""
    return None if days is None else now - timedelta(days=days)


def log_days(per_site: Iterable[int | None]) -> int | None:
    """Return how long the log that all sites share stays: as long as the site that needs it most.

    A site without a rule keeps its log without limit, so then nothing of it may go.
    """
    known = list(per_site)
    if not known or None in known:
        return None
    return max(days for days in known if days is not None)


def storage_seems_away(referenced: int, missing: int) -> bool:
    """Tell whether so many files are missing that the storage itself is rather not there."""
    return missing > 1 and 2 * missing > referenced


def number_pattern(number: str) -> re.Pattern[bytes] | None:
    """Return what finds a number in a file: its last digits, however they are set apart.

    Country codes come and go between files, so the last ten digits decide. NUL bytes between them
    are UTF-16. Null for fewer than five digits, which would match anything.
    """
    digits = re.sub(r"\D", "", number)[-_SIGNATURE:]
    if len(digits) < 5:  # noqa: PLR2004 - said in the docstring
        return None
    return re.compile(_SEPARATORS.join(re.escape(digit).encode() for digit in digits))

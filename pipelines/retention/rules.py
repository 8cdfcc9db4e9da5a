"""How long things stay, and how a number is found wherever it may stand."""

import hashlib
import json
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from models.vocab import RetentionSubject

ORPHAN_AGE = timedelta(hours=1)
"""A file younger than this may belong to a row that is about to be written."""

_SIGNATURE = 10
_SHORT = 4
_PHONE = re.compile(r"[\d\s()+./-]*")
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
    """Return what finds a customer's number in a file: its last digits, however set apart.

    Country codes come and go between files, so the last ten digits decide; NUL bytes between them
    are UTF-16. A customer id that is no telephone number is looked for as it is, in any case. Null
    where it is so short that it would match anything.
    """
    text = number.strip()
    if not _PHONE.fullmatch(text):
        return re.compile(re.escape(text.encode()), re.IGNORECASE) if len(text) > _SHORT else None
    digits = re.sub(r"\D", "", text)[-_SIGNATURE:]
    if len(digits) <= _SHORT:
        return None
    return re.compile(_SEPARATORS.join(digit.encode() for digit in digits))


def proof_digest(
    subject_uid: uuid.UUID,
    deleted: Mapping[str, int],
    files: Sequence[Mapping[str, Any]],
    remains: Mapping[str, int],
    at: datetime,
) -> str:
    """Return the SHA-256 of a proof of erasure, written as JSON with sorted keys, time in UTC."""
    content = {
        "subject": str(subject_uid),
        "deleted": dict(deleted),
        "files": [dict(file) for file in files],
        "remains": dict(remains),
        "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def number_forms(number: str) -> tuple[str, ...]:
    """Return the forms in which a customer table may hold a number that somebody types."""
    text = number.strip()
    digits = re.sub(r"\D", "", text)
    forms = (text, text.casefold(), digits, digits.removeprefix("00"))
    return tuple(dict.fromkeys(form for form in forms if form))

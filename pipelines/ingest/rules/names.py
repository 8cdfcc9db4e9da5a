"""Which call a recording belongs to, read from its file name."""

import re
from pathlib import PurePath

from pipelines.outcomes import DomainError

MIMETYPES = {
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".opus": "audio/ogg",
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
    ".mp4": "audio/mp4",
    ".aac": "audio/aac",
    ".amr": "audio/amr",
    ".webm": "audio/webm",
    ".aif": "audio/aiff",
    ".aiff": "audio/aiff",
    ".au": "audio/basic",
    ".gsm": "audio/gsm",
    ".wma": "audio/x-ms-wma",
    ".sph": "application/octet-stream",
}
_PLACES = {"{id}": "(?P<id>.+?)", "{agent}": "(?P<agent>.+?)", "{time}": "(?P<time>.+?)", "*": ".*"}
_TOKEN = re.compile(r"(\{\w*\}|\*)")
_LONGEST_TEMPLATE = 200
# Each star and place multiplies what a hostile name costs to try.
_MOST_PLACES = 8


def compile_template(template: str | None) -> re.Pattern[str]:
    """Turn ``GUID_{id}_AGENT_{agent}_DT_{time}_*`` into a pattern for names without their ending.

    ``*`` stands for anything; ``{id}`` is the call's id and must be there once. No template: the
    whole name is the id. Raises ``DomainError("template_invalid")``.
    """
    if not template:
        return re.compile("(?P<id>.+)")
    given = template.strip()
    suffix = PurePath(given).suffix
    if suffix.casefold() in MIMETYPES or suffix == ".*":
        given = given[: -len(suffix)]
    parts = _TOKEN.split(given)
    places = [part for part in parts if _TOKEN.fullmatch(part)]
    named = [place for place in places if place != "*"]
    if (
        len(template) > _LONGEST_TEMPLATE
        or len(places) > _MOST_PLACES
        or named.count("{id}") != 1
        or len(set(named)) != len(named)
        or not set(places) <= set(_PLACES)
    ):
        raise DomainError("template_invalid", template=template[:_LONGEST_TEMPLATE])
    return re.compile(
        "".join(_PLACES.get(part) or re.escape(part) for part in parts), re.IGNORECASE
    )


def call_id(name: str, pattern: re.Pattern[str]) -> str | None:
    """Return the call's id that stands in a file's ``name``, or null when the name does not fit."""
    match = pattern.fullmatch(PurePath(name).stem)
    return match["id"].strip() or None if match else None


def suffix_of(name: str) -> str:
    """Return the name's ending (lower case, with its dot) when it is one of audio, else empty."""
    suffix = PurePath(name).suffix.casefold()
    return suffix if suffix in MIMETYPES else ""

"""Keep the translation catalogues in step with code and templates, or say what is behind.

``python -m qa_app.catalogue`` brings them up to date; ``--check`` only looks, for the gate.
"""

import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from qa_app.i18n import LOCALES, TRANSLATIONS

ROOT = Path(__file__).resolve().parents[1]
_SOURCES = (
    (ROOT / "qa_app", [("**.py", "python")]),
    (ROOT / "templates", [("**.html", "jinja2")]),
)
KEYWORDS = {
    "_": None,
    "_l": None,
    "_n": (1, 2),
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "lazy_ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}
_NO_DATE = datetime(2026, 1, 1, tzinfo=UTC)
_PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|%[sd%]")


def extract() -> Catalog:
    """Return every message of code and templates, with the files that use it."""
    catalog = Catalog(project="Hearback", charset="utf-8")
    for folder, method_map in _SOURCES:
        found = extract_from_dir(
            str(folder), method_map, keywords=KEYWORDS, comment_tags=("Translators:",)
        )
        for name, _line, message, comments, context in found:
            # Without line numbers a moved line changes nothing in the catalogue.
            place = (folder / name).relative_to(ROOT).as_posix()
            catalog.add(message, locations=[(place, None)], auto_comments=comments, context=context)
    return catalog


def path_of(locale: str) -> Path:
    """Return where a language's catalogue lies."""
    return TRANSLATIONS / locale / "LC_MESSAGES" / "messages.po"


def read(locale: str) -> Catalog:
    """Read a language's catalogue; an empty one where there is none yet."""
    path = path_of(locale)
    if not path.exists():
        return Catalog(locale=locale, project="Hearback", charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=locale)


def write(catalog: Catalog, locale: str) -> None:
    """Write a language's catalogue, sorted, without what is no longer used."""
    catalog.obsolete.clear()
    # A header without dates or names changes only when words do.
    catalog.header_comment = f"# {LOCALES[locale]}. README.md says how to bring it up to date."
    catalog.fuzzy = False
    catalog.creation_date = catalog.revision_date = _NO_DATE
    catalog.last_translator = catalog.language_team = catalog.msgid_bugs_address = "Hearback"
    path = path_of(locale)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalog, sort_output=True, omit_header=False, width=100)


def problems(wanted: Catalog, catalog: Catalog) -> list[str]:
    """Return a line for each message that is missing, unused, untranslated or wrongly filled."""
    ids = {message.id for message in wanted if message.id}
    known = {message.id: message for message in catalog if message.id}
    found = [f"missing: {_shown(one)}" for one in ids - set(known)]
    found += [f"no longer used: {_shown(one)}" for one in set(known) - ids]
    for message in known.values():
        if message.id in ids:
            found += _problems_of(message)
    return sorted(found)


def _problems_of(message: Message) -> list[str]:
    texts = message.string if isinstance(message.string, tuple | list) else [message.string]
    if message.fuzzy or not all(texts):
        return [f"not translated: {_shown(message.id)}"]
    original = message.id[-1] if isinstance(message.id, tuple | list) else message.id
    for text in texts:
        if sorted(_PLACEHOLDER.findall(text)) != sorted(_PLACEHOLDER.findall(original)):
            return [f"placeholders differ: {_shown(message.id)}"]
    return []


def _shown(message_id: object) -> str:
    return repr(message_id[0] if isinstance(message_id, tuple | list) else message_id)


def main(arguments: list[str]) -> int:
    """Update the catalogues, or with ``--check`` tell what is behind; 1 when something is."""
    wanted = extract()
    behind = 0
    for locale in LOCALES:
        if locale == "en":
            continue
        catalog = read(locale)
        if "--check" not in arguments:
            catalog.update(wanted, no_fuzzy_matching=True)
            write(catalog, locale)
        found = problems(wanted, catalog)
        behind += len(found)
        sys.stdout.writelines(f"{locale}: {line}\n" for line in found)
    sys.stdout.write(f"{len(wanted)} messages, {behind} to be seen to\n")
    return 1 if behind else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

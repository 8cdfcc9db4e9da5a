"""Languages: which one a request speaks, and the catalogues, compiled as they are first used."""

from io import BytesIO
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, request
from flask import session as cookie
from flask_babel import Babel, Domain, get_locale

LOCALES = {"en": "English", "zh_Hans": "简体中文"}
"""Every language of the product, by its own name. The first is the language of message ids."""

DEFAULT = "en"
TRANSLATIONS = Path(__file__).parent / "translations"


class CompilingDomain(Domain):
    """Reads ``messages.po`` itself: no compiled file is kept, so none can be stale or missing."""

    def get_translations(self) -> NullTranslations:
        """Return the catalogue of the request's language."""
        name = str(get_locale() or DEFAULT)
        if name not in self.cache:
            self.cache[name] = _catalogue(name)
        translations: NullTranslations = self.cache[name]
        return translations


def _catalogue(name: str) -> NullTranslations:
    path = TRANSLATIONS / name / "LC_MESSAGES" / "messages.po"
    if not path.exists():
        return Translations()
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=name))
    compiled.seek(0)
    return Translations(compiled)


def negotiate(accept_language: str) -> str:
    """Return the product's language that fits an Accept-Language header best.

    Werkzeug's own choice answers English to ``zh-CN,zh;q=0.9,en;q=0.8``, since it knows no
    scripts: a tag is parsed here, and Chinese without the traditional script or a region that
    writes it means the simplified one.
    """
    wanted: list[tuple[float, int, str]] = []
    for position, part in enumerate(accept_language.split(",")):
        tag, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality or 1)
        except ValueError:
            continue
        if weight > 0 and (name := _ours(tag)):
            wanted.append((-weight, position, name))
    return min(wanted)[2] if wanted else DEFAULT


def _ours(tag: str) -> str | None:
    try:
        locale = Locale.parse(tag.strip(), sep="-")
    except (ValueError, UnknownLocaleError, TypeError):
        return None
    if locale.language == "en":
        return "en"
    # Traditional Chinese is read more easily in simplified characters than in English.
    return "zh_Hans" if locale.language == "zh" else None


def request_locale() -> str:
    """Return the language of this request: the person's choice, else the browser's."""
    chosen = cookie.get("locale")
    if chosen in LOCALES:
        return str(chosen)
    return negotiate(request.headers.get("Accept-Language", ""))


def language_tag() -> str:
    """Return the request's language as HTML wants it, such as ``zh-Hans``."""
    return str(get_locale() or DEFAULT).replace("_", "-")


def text_of(texts: dict[str, str] | None) -> str:
    """Return the text of content (such as a criterion) in the request's language, else any."""
    if not texts:
        return ""
    name = str(get_locale() or DEFAULT)
    return texts.get(name) or texts.get(DEFAULT) or next(iter(texts.values()))


def init_app(app: Flask) -> None:
    """Set up translations."""
    babel = Babel(app, default_locale=DEFAULT, locale_selector=request_locale)
    babel.domain_instance = CompilingDomain()
    app.jinja_env.globals.update(language_tag=language_tag, locales=LOCALES, get_locale=get_locale)
    app.jinja_env.filters["text"] = text_of

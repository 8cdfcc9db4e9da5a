"""What kinds of rules, parties, windows and starters are called."""

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from models.vocab import Party, PhraseKind, PhraseMeaning, PhraseVerdict, PhraseWindow

KINDS: dict[PhraseKind, tuple[LazyString, LazyString]] = {
    PhraseKind.SAYS: (
        _l("Something is said"),
        _l("Any of some phrases, anywhere or near the beginning or the end."),
    ),
    PhraseKind.ABSENT: (
        _l("Something is missing"),
        _l("None of some phrases is heard in a part of the call."),
    ),
    PhraseKind.ORDER: (_l("One before the other"), _l("Such as the price before the agreement.")),
    PhraseKind.SEQUENCE: (_l("Steps in order"), _l("Two to six steps, one after the other.")),
}

PARTIES: dict[str, LazyString] = {
    "": _l("Anybody"),
    Party.AGENT.value: _l("Agent"),
    Party.CUSTOMER.value: _l("Customer"),
}

WINDOWS: dict[PhraseWindow, LazyString] = {
    PhraseWindow.ANYWHERE: _l("Anywhere"),
    PhraseWindow.FIRST: _l("In the first seconds"),
    PhraseWindow.LAST: _l("In the last seconds"),
}

MEANINGS: dict[PhraseMeaning, LazyString] = {
    PhraseMeaning.GOOD: _l("Good to hear"),
    PhraseMeaning.LOOK: _l("Worth a look"),
    PhraseMeaning.NOTE: _l("Just noted"),
}

VERDICTS: dict[PhraseVerdict, LazyString] = {
    PhraseVerdict.CONFIRMED: _l("Confirmed"),
    PhraseVerdict.REJECTED: _l("Not a hit"),
}

STARTERS: dict[str, LazyString] = {
    "greeting": _l("Greeting in the agent's first 15 seconds"),
    "greeting_missing": _l("No greeting in the agent's first 15 seconds"),
    "closing": _l("Friendly closing"),
    "complaint": _l("Customer speaks of a complaint or refund"),
    "price_first": _l("The price is said before the agreement"),
    "price_later": _l("Agreement before the price"),
}

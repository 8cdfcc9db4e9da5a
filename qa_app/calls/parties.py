"""Who speaks in a call, as pages name them."""

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from models.vocab import Party

PARTIES: dict[Party, LazyString] = {
    Party.AGENT: _l("Agent"),
    Party.CUSTOMER: _l("Customer"),
    Party.UNKNOWN: _l("Speaker"),
}

"""Sentences about people, their rights, and the installation."""

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

MESSAGES: dict[str, tuple[int, LazyString]] = {
    # accounts and people
    "password_short": (400, _l("A password needs at least %(least)s characters.")),
    "password_is_name": (400, _l("A password may not be the user name.")),
    "password_wrong": (400, _l("The present password is not right.")),
    "username_taken": (409, _l("There is already a person with the user name %(username)s.")),
    "username_unfit": (
        400,
        _l("A user name has 2 to 64 letters, digits, dots, hyphens or underscores."),
    ),
    "person_unknown": (404, _l("There is no person with the user name %(username)s.")),
    "person_beyond_scope": (
        403,
        _l("This person also holds roles at sites that are not yours; ask an admin of those."),
    ),
    "last_admin": (409, _l("A site needs at least one admin who can sign in.")),
    "role_held": (409, _l("The person holds this role already.")),
    "code_taken": (409, _l("The code %(taken)s is taken.")),
    "timezone_unknown": (400, _l("There is no time zone called %(timezone)s.")),
    "site_unknown": (404, _l("There is no site with the code %(site)s.")),
    "site_needs_timezone": (
        400,
        _l("The site %(site)s does not exist yet; name its time zone to make it."),
    ),
    "role_scope_unfit": (400, _l("This role cannot be held for that team.")),
    "agent_linked": (409, _l("This agent already belongs to another person.")),
    # the demo
    "samples_missing": (
        400,
        _l("The demo needs the folder %(folder)s of a checkout, which an installed package lacks."),
    ),
    "samples_damaged": (
        400,
        _l("The sample file %(file)s cannot be used: row %(row)s, %(code)s."),
    ),
    "demo_folder_in_use": (
        409,
        _l("The folder %(folder)s holds other data; give the demo an empty one with --data-dir."),
    ),
    "demo_database_in_use": (
        409,
        _l("The database holds other data; the demo needs one of its own."),
    ),
    "demo_not_served": (
        500,
        _l("The demo could not serve its pages on port %(port)s; try another one with --port."),
    ),
    "demo_elsewhere": (403, _l("The demo can be used on its own machine only.")),
    # figures, keeping and erasing
    "bad_period": (
        400,
        _l("%(text)s is no period. Write 2026-W47, 2026-11 or 2026-11-16..2026-11-22."),
    ),
    "bad_retention_days": (400, _l("Things are kept from 1 to %(longest)s days.")),
    "project_elsewhere": (400, _l("The project %(project)s belongs to another site.")),
    "log_is_shared": (400, _l("Logs are kept per site, not per project.")),
    "legal_hold": (409, _l("%(recordings)s recordings are on legal hold, so nothing is erased.")),
    "request_agent_missing": (
        400,
        _l("Say whose data the request is about: an agent of the site."),
    ),
    "request_reference_missing": (
        400,
        _l("Give the number of your file, so that you find the customer's letter again."),
    ),
    "request_holds_number": (
        400,
        _l(
            "Leave telephone numbers and e-mail addresses out of the words: they stand in one "
            "place only, where they can be erased."
        ),
    ),
    "request_due_early": (400, _l("A request cannot be due before it came.")),
    "request_days_unfit": (400, _l("An answer may take from 1 to %(longest)s days.")),
    "request_answer_needed": (400, _l("Say what was done, or why not.")),
    "request_closed": (409, _l("This request is answered already.")),
    "request_own": (409, _l("Somebody else answers a request about you.")),
    "request_not_of_customer": (409, _l("This request is not about a customer.")),
    "copy_judged": (
        409,
        _l("You judge a call of this copy, or may still: somebody else makes it."),
    ),
    "customer_elsewhere": (
        403,
        _l("This customer also called a site that is not yours; an admin of all of them must act."),
    ),
    "erasure_other_number": (
        409,
        _l("This is not the number of the customer whom the request is about."),
    ),
    "hold_call_unknown": (
        404,
        _l("There is no single recording of a call with the id %(key)s at your sites."),
    ),
    "hold_needs_reason": (400, _l("A legal hold needs a reason.")),
    "customer_unknown": (404, _l("There is no customer with this number.")),
    "customer_ambiguous": (
        409,
        _l("%(count)s customers' numbers end alike; give it with its country code."),
    ),
}

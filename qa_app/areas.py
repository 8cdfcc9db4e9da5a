"""The areas of the web application; each has ``views.py`` with a blueprint named ``bp``."""

AREAS = (
    "accounts",
    "feedback",
    "calls",
    "home",
    "operations",
    "people",
    "reviews",
)

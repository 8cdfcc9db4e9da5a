"""The areas of the web application; each has ``views.py`` with a blueprint named ``bp``."""

AREAS = (
    "accounts",
    "assessments",
    "calibration",
    "calls",
    "dashboards",
    "exemplars",
    "feedback",
    "home",
    "hotwords",
    "imports",
    "operations",
    "people",
    "phrases",
    "retention",
    "reviews",
    "sampling",
    "scorecards",
    "search",
)

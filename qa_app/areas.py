"""The areas of the web application; each has ``views.py`` with a blueprint named ``bp``."""

AREAS = (
    "accounts",
    "assessments",
    "calls",
    "dashboards",
    "exemplars",
    "feedback",
    "home",
    "hotwords",
    "imports",
    "live",
    "operations",
    "people",
    "phrases",
    "retention",
    "reviews",
    "sampling",
    "scorecards",
    "search",
    "tasks",
)

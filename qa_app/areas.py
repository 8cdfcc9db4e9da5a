"""The areas of the web application; each has ``views.py`` with a blueprint named ``bp``."""

AREAS = (
    "accounts",
    "assessments",
    "calls",
    "dashboards",
    "exemplars",
    "feedback",
    "guides",
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
    "skills",
    "studio",
)

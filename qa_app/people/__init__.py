"""People, their roles, sites and teams."""

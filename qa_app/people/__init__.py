"""People, roles, sites and teams; the audit log, jobs and the settings sheet."""

"""What admins watch: the audit log, the machine's jobs, and the settings sheet."""

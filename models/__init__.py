"""Tables of Hearback: typed classes, shared vocabulary, sessions, migrations. No rules."""

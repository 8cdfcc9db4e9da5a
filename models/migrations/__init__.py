"""Alembic migrations, dated by name, tested up and down on SQLite and PostgreSQL."""

"""Calls: finding them, hearing them, reading what was said."""

"""Calls held up as examples, one criterion at a time."""

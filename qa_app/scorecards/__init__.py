"""Scorecards and their versions, to read."""

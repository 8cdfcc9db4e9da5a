"""Scores from zero: the rules of a scorecard version, and its rows."""

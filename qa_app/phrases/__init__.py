"""Phrase rules: made, tried over past calls, switched on, and their hits confirmed or rejected."""

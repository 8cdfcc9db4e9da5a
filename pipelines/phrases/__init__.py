"""Phrases and rules: what was said, or was not, in transcripts of a project's calls."""

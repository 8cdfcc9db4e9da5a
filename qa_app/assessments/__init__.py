"""Agents' own calls and self-assessments."""

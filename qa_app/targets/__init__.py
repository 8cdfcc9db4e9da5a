"""Targets of sites and teams, and which indicators are in focus."""

"""Signing in and out, and what a person may set for themselves."""

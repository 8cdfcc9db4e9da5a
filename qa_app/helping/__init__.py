"""Asking for help at a moment of a call, and being paired with a colleague."""

"""Calls judged while they are heard, before any record of them is on file."""

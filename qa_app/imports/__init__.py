"""Bringing files in: upload, progress, and the rows that did not land."""

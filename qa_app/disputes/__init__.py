"""Disputes: agents say which criteria they see differently, somebody else decides."""

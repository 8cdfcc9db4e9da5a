"""Playlists: exemplars to be heard in a row."""

"""Recordings as sound: reading any codec, what the channels hold, copies, music, voices."""

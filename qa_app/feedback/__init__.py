"""Feedback: what earned points, what is still open, acknowledging, objecting, answering."""

"""Calibration rounds: begun, followed, and their sessions; how strict reviewers are over time."""

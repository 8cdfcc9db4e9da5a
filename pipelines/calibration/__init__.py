"""Calibration: several reviewers score the same calls, blind; agreement and severity."""

"""Figures: facts per day from rows, indicators from facts, estimates for all calls from draws."""

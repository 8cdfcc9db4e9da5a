"""Skill profiles: what share of the points of soft and of hard criteria was earned."""

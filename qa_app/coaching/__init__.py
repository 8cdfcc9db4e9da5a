"""Causes of weak reviews, talks with agents, next steps, and what changed afterwards."""

"""Reviewers' work: the queue, the review form, skipping and giving back."""

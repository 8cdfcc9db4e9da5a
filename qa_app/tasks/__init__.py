"""What managers do with reviewers' tasks: see, give, share out, decide about skips, ask for."""

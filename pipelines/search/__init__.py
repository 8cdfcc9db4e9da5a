"""Find words in what was said: the index of masked turns, and the newest turns that fit a query."""

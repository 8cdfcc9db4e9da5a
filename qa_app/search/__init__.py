"""Find words in what was said."""

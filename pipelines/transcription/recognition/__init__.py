"""Speech to words: where it is cut, what is decoded together, and what gets a second look."""

"""What a word is, what a person's query means, and where a word stands in a text."""

"""Personal data: found in what was said, masked in text, muted in the sound people hear."""

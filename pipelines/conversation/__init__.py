"""How a call went as a conversation: who spoke how much, silences, overlaps, delays."""

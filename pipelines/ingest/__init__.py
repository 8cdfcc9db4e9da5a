"""Files from the switch, the survey system and people's lists become rows, or named rejects."""

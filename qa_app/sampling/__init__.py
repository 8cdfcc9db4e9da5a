"""Sample plans and their draws, for managers."""

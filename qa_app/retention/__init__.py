"""How long things are kept, and the erasure of a customer."""

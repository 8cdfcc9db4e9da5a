"""What people are owed about the data on them: who saw it, copies, requests, erasure, limits."""

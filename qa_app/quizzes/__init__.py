"""Quizzes as trainers make, open and read them."""

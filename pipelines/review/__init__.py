"""People judge legs: tasks, reviews, self-assessments, feedback, objections."""

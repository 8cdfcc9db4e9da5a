"""The names that a project's calls are likely to hold, told to the recogniser."""

"""People get better with help: requests for help, causes, talks with steps, what changed after."""

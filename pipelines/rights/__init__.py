"""Requests of the people whose data this is, and the limits that a site sets itself."""

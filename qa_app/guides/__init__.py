"""Call scripts and evaluation guides: read, written, commented on."""

"""Pure rules of redaction: words in, masks out; samples in, muted samples out."""

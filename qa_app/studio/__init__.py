"""The scorecard studio: drafts written, ordered, checked and tried out."""

"""Which calls are heard: frame, reasons, strata, draw and manifest, as docs/sampling.md says."""

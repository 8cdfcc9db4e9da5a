"""What calibration computes: agreement, severity, ratings out of answers. All of it pure."""

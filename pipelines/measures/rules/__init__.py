"""The pure part of measures: intervals, weighted estimates, indicators."""

"""The arithmetic of a draw: values in, values out, in numpy columns."""

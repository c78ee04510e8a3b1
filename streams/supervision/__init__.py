"""One run: its processes, from the first check to the last stop."""

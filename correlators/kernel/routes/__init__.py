"""What is told to others: routing, rosters, grants, look-ups, traces."""

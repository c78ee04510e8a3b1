"""What is known: the join, sightings with their pins, and the bounds of both."""

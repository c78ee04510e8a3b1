"""The stage that turns raw records into activities, facts and ticks."""

"""Fuzzing of all sources: whatever comes, each record is an activity, passed, or a reject with its place, in
bounded time."""

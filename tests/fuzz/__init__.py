"""Fuzzing of all sources: whatever comes, each record is an activity, passed, or a located reject, in
bounded time."""

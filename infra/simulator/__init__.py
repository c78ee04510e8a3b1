"""Writes logs that never happened, in the exact form of those that do: stories with known cases, and load.

A story is data (``cases``, ``estate``, ``routine``); a writer per source turns its steps into that source's
records.
"""

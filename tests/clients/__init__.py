"""Clients that others wrote, each from its own registry, against the SQL endpoint."""

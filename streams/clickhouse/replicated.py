"""Our DDL on a cluster of servers: every statement on all of them, every table that keeps rows replicated.

A replicated table needs no path of its own where the server has its `default_replica_path`, as servers do
unless told otherwise. A block of rows that is sent twice is one block there. Rows are not spread over shards:
each replica has all of them.
"""

from __future__ import annotations

import re

_MADE = re.compile(
    r"\A((?:CREATE (?:TABLE|MATERIALIZED VIEW|VIEW) IF NOT EXISTS|CREATE OR REPLACE VIEW|ALTER TABLE"
    r"|DROP (?:TABLE|VIEW) IF EXISTS|RENAME TABLE IF EXISTS|RENAME TABLE|CREATE DATABASE IF NOT EXISTS)"
    r" [\w.`]+(?: TO [\w.`]+(?=\s*\Z))?)"
)
"""A statement up to the name of what it makes or changes; of a renaming up to the new name."""
_ENGINE = re.compile(r"\bENGINE = (\w*MergeTree)\b")


def on_cluster(statement: str, cluster: str) -> str:
    """Returns a statement of ours for a cluster; as it is where no cluster is set, or where it makes nothing.
    Raises ValueError for a statement that would change one server alone."""
    if not cluster or statement.startswith("INSERT"):
        return statement
    everywhere, found = _MADE.subn(rf"\1 ON CLUSTER `{cluster}`", statement, count=1)
    if not found:
        raise ValueError(f"not written for a cluster: {statement.splitlines()[0]}")
    return _ENGINE.sub(r"ENGINE = Replicated\1", everywhere)

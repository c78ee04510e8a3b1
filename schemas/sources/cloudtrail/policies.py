"""Policies that cut sessions: what the console's "Revoke sessions" puts on a role, and AWS's deny-all.

AWS, "Revoke IAM role temporary security credentials": an inline policy ``AWSRevokeOlderSessions`` that denies
everything where ``aws:TokenIssueTime`` lies before the time of the click.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import unquote

from schemas.evidence import micros
from schemas.sources.cloudtrail.restore import decoded
from schemas.times import micros_of

REVOKE_OLDER = "AWSRevokeOlderSessions"
DENY_ALL = ":policy/AWSDenyAll"
ISSUE_TIME = "aws:tokenissuetime"

NEAR = micros(timedelta(minutes=5))
"""A cut-off time this near to the policy's own is the time of the click. Any other (an incident's start, next
year) says which sessions, not when: before the policy existed it denied nothing."""


def cut_at(name: str, document: str, time: int) -> int:
    """Returns when (µs) an inline policy put at ``time`` cuts its holder's sessions; 0 where it cuts none."""
    if document.startswith("%7B"):
        document = unquote(document)
    before = _cut_off(document) if ISSUE_TIME in document.lower() else 0
    if before:
        return before if abs(before - time) <= NEAR else time
    return time if name == REVOKE_OLDER and not document else 0


def _cut_off(document: str) -> int:
    """The latest time before which every session is denied everything, in µs; 0 for none."""
    try:
        policy = decoded(document)
    except (ValueError, RecursionError):
        return 0
    statements = policy.get("Statement") if isinstance(policy, dict) else None
    many = statements if isinstance(statements, list) else [statements]
    return max((_denied_before(statement) for statement in many), default=0)


def _denied_before(statement: Any) -> int:
    """A narrower statement (some actions, a further condition) leaves sessions working and is no cut."""
    if not isinstance(statement, dict) or statement.get("Effect") != "Deny":
        return 0
    if "*" not in _listed(statement.get("Action")) or "*" not in _listed(statement.get("Resource")):
        return 0
    conditions = statement.get("Condition")
    if not isinstance(conditions, dict) or len(conditions) != 1:
        return 0
    ((operator, tests),) = conditions.items()
    if not operator.startswith("DateLessThan") or not isinstance(tests, dict) or len(tests) != 1:
        return 0
    ((key, times),) = tests.items()
    if key.lower() != ISSUE_TIME:
        return 0
    return max((micros_of(str(time)) for time in _listed(times)), default=0)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]

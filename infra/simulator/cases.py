"""The cases of the story, as data: who does what at what time of the day, and what should be said of it.

A case with a ``control`` must give one finding of it; a case without must give none about its subject (a
near miss).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

NO_SUCH_KEY = ("NoSuchEntityException", "The Access Key cannot be found.")
NOT_ALLOWED = ("AccessDenied", "User is not authorized to perform: iam:DeleteAccessKey")
DENIED = (
    "AccessDenied",
    "User is not authorized to perform this action with an explicit deny in an identity-based policy",
)

CLAIM, CONTRADICTION, PROOF = "claim", "contradiction", "proof"


@dataclass(frozen=True)
class Step:
    """At ``at`` (time of day) ``who`` does ``verb`` about ``of``: handles of the estate; ``name.suffix`` is
    a further key of a user. ``assume`` gives the session ``into`` for ``hours``. ``late``: minutes of
    delivery beyond the usual. ``mark``: what the event is to the case. ``place``, ``client``:
    an address, a program that are not its own. ``beside``: what the record holds besides, by field."""

    at: str
    who: str
    verb: str
    of: str = ""
    mark: str = ""
    into: str = ""
    hours: float = 1
    error: tuple[str, str] | None = None
    through: str = ""
    beside: tuple[tuple[str, Any], ...] = ()
    late: int = 0
    place: str = ""
    client: str = ""


@dataclass(frozen=True)
class Status:
    """What the inventory says of ``who``: ``value`` from a time of the day or a date, until another, "" for
    always."""

    who: str
    value: str
    since: str
    until: str = ""


@dataclass(frozen=True)
class Case:
    """``subject``: the handle whose credential (or, for ``about`` identity or sessions, whose identity) is
    judged. ``revoked``: its key as the inventory has it, revoked at that time of day."""

    name: str
    says: str
    subject: str
    steps: tuple[Step, ...] = ()
    control: str = ""
    severity: str = ""
    about: str = "credential"
    statuses: tuple[Status, ...] = ()
    revoked: str = ""


REVOKED = (
    Case(
        "deleted_key_used",
        "a cron job nobody knew of goes on with a key that was deleted",
        "report-mailer",
        (
            Step("09:12:00", "admin-jo", "delete_key", "report-mailer", CLAIM),
            Step("09:41:07", "report-mailer", "get_object", mark=CONTRADICTION),
            Step("10:41:09", "report-mailer", "get_object", mark=CONTRADICTION),
            Step("13:41:12", "report-mailer", "put_object", mark=CONTRADICTION),
        ),
        "revoked_credential_used",
        "high",
    ),
    Case(
        "disabled_key_writes_identity",
        "a disabled key makes a user and gives it everything",
        "terraform-old",
        (
            Step("11:00:00", "admin-jo", "disable_key", "terraform-old", CLAIM),
            Step("11:03:20", "terraform-old", "create_user", "shadow-ops", CONTRADICTION),
            Step("11:03:24", "terraform-old", "attach_admin", "shadow-ops", CONTRADICTION),
        ),
        "revoked_credential_used",
        "critical",
    ),
    Case(
        "write_inside_propagation",
        "six seconds after its deletion a key makes itself a successor",
        "invoice-export",
        (
            Step("14:00:00", "admin-jo", "delete_key", "invoice-export", CLAIM),
            Step("14:00:06", "invoice-export", "create_key", "invoice-export.copy", CONTRADICTION),
        ),
        "revoked_credential_used",
        "critical",
    ),
    Case(
        "deleted_users_key_used",
        "a user was deleted without naming its key, and the key works on",
        "contractor-bot",
        (
            Step("08:30:00", "admin-mika", "delete_user", "contractor-bot", CLAIM),
            Step("15:10:31", "contractor-bot", "list_queues", mark=CONTRADICTION),
        ),
        "revoked_credential_used",
        "high",
    ),
    Case(
        "use_delivered_before_its_revocation",
        "the record of the deletion comes an hour after those of the uses",
        "catalog-crawler",
        (
            Step("10:05:00", "admin-mika", "delete_key", "catalog-crawler", CLAIM, late=55),
            Step("10:20:13", "catalog-crawler", "list_queues", mark=CONTRADICTION),
            Step("10:35:13", "catalog-crawler", "describe_logs", mark=CONTRADICTION),
        ),
        "revoked_credential_used",
        "high",
    ),
    Case(
        "declared_revoked_key_used",
        "the inventory has the key as revoked at noon; nobody told AWS",
        "feed-mirror",
        (
            Step("11:30:40", "feed-mirror", "list_queues"),
            Step("12:30:40", "feed-mirror", "list_queues", mark=CONTRADICTION),
            Step("17:00:40", "feed-mirror", "describe_logs", mark=CONTRADICTION),
        ),
        "revoked_credential_used",
        "high",
        revoked="12:00:00",
    ),
)

NEAR_REVOKED = (
    Case(
        "enabled_again_before_its_use",
        "the key was enabled again, and the record of that comes last",
        "price-feed",
        (
            Step("07:00:00", "admin-jo", "disable_key", "price-feed", CLAIM),
            Step("07:20:00", "admin-jo", "enable_key", "price-feed", late=90),
            Step("07:40:02", "price-feed", "get_object"),
            Step("09:00:02", "price-feed", "put_object"),
        ),
    ),
    Case(
        "used_inside_propagation",
        "a plain read five seconds after the deletion is AWS's own delay",
        "partner-sync",
        (
            Step("12:00:00", "admin-jo", "delete_key", "partner-sync", CLAIM),
            Step("12:00:05", "partner-sync", "list_buckets"),
        ),
    ),
    Case(
        "used_before_and_delivered_after",
        "the last use was before the deletion, but its record comes later; its session expired with the hour",
        "license-checker",
        (
            Step("14:50:00", "license-checker", "assume", "audit-collector", into="license-session", hours=1),
            Step("15:10:00", "license-session", "describe_logs"),
            Step("15:59:30", "license-checker", "who_am_i", late=50),
            Step("16:00:00", "admin-mika", "delete_key", "license-checker", CLAIM),
        ),
    ),
    Case(
        "carried_by_a_service",
        "CloudFormation finishes what the key had begun, and an administrator looks the key up",
        "seasonal-import",
        (
            Step("06:30:00", "admin-jo", "delete_key", "seasonal-import", CLAIM),
            Step("06:31:10", "seasonal-import", "describe_instances", through="cloudformation.amazonaws.com"),
            Step("06:34:55", "seasonal-import", "put_object", through="cloudformation.amazonaws.com"),
            Step("07:00:00", "admin-jo", "look_up_key", "seasonal-import"),
            Step("07:00:09", "admin-jo", "list_keys", "seasonal-import"),
        ),
    ),
    Case(
        "deleted_and_silent",
        "a user and its key were deleted, and nothing more was heard of them",
        "notebook-runner",
        (
            Step("17:58:00", "admin-data", "delete_key", "notebook-runner", CLAIM),
            Step("18:00:00", "admin-data", "delete_user", "notebook-runner"),
        ),
    ),
    Case(
        "deleting_nothing",
        "a mistyped deletion found no such key; the user's own goes on",
        "metrics-puller",
        (
            Step("09:30:00", "admin-data", "delete_key", "metrics-puller", error=NO_SUCH_KEY),
            Step("09:45:30", "metrics-puller", "who_am_i"),
        ),
    ),
    Case(
        "clean_rotation",
        "a new key, the job moves over, the old key is deleted and never seen again",
        "backup-agent",
        (
            Step("03:00:00", "admin-jo", "create_key", "backup-agent.next"),
            Step("03:10:10", "backup-agent.next", "put_object"),
            Step("04:00:00", "admin-jo", "delete_key", "backup-agent", CLAIM),
            Step("05:10:10", "backup-agent.next", "put_object"),
            Step("11:10:10", "backup-agent.next", "put_object"),
        ),
    ),
)

OUTLIVED = (
    Case(
        "session_outlives_its_key",
        "the key is gone, the twelve hours' session that it asked for is not",
        "log-shipper",
        (
            Step("10:00:00", "log-shipper", "assume", "audit-collector", into="shipper-session", hours=12),
            Step("10:30:00", "shipper-session", "describe_logs"),
            Step("11:30:00", "admin-jo", "delete_key", "log-shipper", CLAIM),
            Step("12:10:00", "shipper-session", "describe_logs", mark=CONTRADICTION),
            Step("14:20:00", "shipper-session", "list_queues", mark=CONTRADICTION),
        ),
        "outlived_parent",
        "medium",
    ),
    Case(
        "chained_session_outlives_its_key",
        "a chain of two roles across accounts goes on after the key at its beginning",
        "cdn-purger",
        (
            Step("09:00:00", "cdn-purger", "assume", "release-role", into="purger-first", hours=12),
            Step("09:05:00", "purger-first", "assume", "partner-export", into="purger-second", hours=1),
            Step("09:20:00", "admin-jo", "delete_key", "cdn-purger", CLAIM),
            Step("09:50:00", "purger-second", "get_object", mark=CONTRADICTION),
            Step("10:30:00", "purger-first", "assume", "partner-export", CONTRADICTION, into="purger-third"),
            Step("10:40:00", "purger-third", "get_object", mark=CONTRADICTION),
        ),
        "outlived_parent",
        "medium",
    ),
    Case(
        "session_outlives_its_cut",
        "the role's sessions were revoked by policy, and one succeeds half an hour later",
        "fraud-scorer",
        (
            Step("06:00:00", "ec2", "assume", "fraud-scorer", into="scorer-session", hours=6),
            Step("07:00:00", "scorer-session", "query_table"),
            Step("08:00:00", "admin-mika", "revoke_sessions", "fraud-scorer", CLAIM),
            Step("08:03:00", "scorer-session", "query_table"),
            Step("08:30:00", "scorer-session", "get_secret", mark=CONTRADICTION),
        ),
        "outlived_parent",
        "high",
        about="sessions",
    ),
    Case(
        "cut_sessions_are_refused",
        "the role's sessions were revoked by policy, and are denied since",
        "session-cleaner",
        (
            Step("07:30:00", "ec2", "assume", "session-cleaner", into="cleaner-session", hours=6),
            Step("08:30:00", "cleaner-session", "list_queues"),
            Step("09:00:00", "admin-mika", "revoke_sessions", "session-cleaner", CLAIM),
            Step("09:30:00", "cleaner-session", "list_queues", mark=PROOF, error=DENIED),
        ),
        about="sessions",
    ),
)

OTHERS = (
    Case(
        "dead_key_tried_unseen",
        "a forgotten consumer presents a deleted key all day, and AWS delivers no record of what it refuses",
        "pager-bridge",
        (
            Step("04:40:00", "pager-bridge", "who_am_i"),
            Step("05:00:00", "admin-jo", "delete_key", "pager-bridge", CLAIM),
        ),
    ),
    Case(
        "deletion_not_allowed",
        "somebody without the right tried to delete the key; it goes on",
        "etl-launcher",
        (
            Step("13:15:00", "metrics-puller", "delete_key", "etl-launcher", CLAIM, error=NOT_ALLOWED),
            Step("13:30:30", "etl-launcher", "get_object", mark=CONTRADICTION),
        ),
        "revocation_failed",
        "medium",
    ),
    Case(
        "decommissioned_user_active",
        "the inventory let go of the user three weeks ago",
        "legacy-erp",
        tuple(
            Step(at, "legacy-erp", "get_object", mark=CONTRADICTION)
            for at in ("02:15:00", "08:15:00", "14:15:00")
        ),
        "inactive_identity_active",
        "high",
        about="identity",
        statuses=(Status("legacy-erp", "decommissioned", "2026-11-01"),),
    ),
    Case(
        "decommissioned_role_active",
        "the role was taken out of service at eight; an instance still works with it at eleven",
        "old-dashboards",
        (
            Step("07:00:00", "ec2", "assume", "old-dashboards", into="dashboards-session", hours=6),
            Step("07:30:00", "dashboards-session", "list_queues"),
            Step("11:00:00", "dashboards-session", "list_queues", mark=CONTRADICTION),
        ),
        "inactive_identity_active",
        "high",
        about="identity",
        statuses=(Status("old-dashboards", "decommissioned", "08:00:00"),),
    ),
    Case(
        "inactive_taken_back_in_time",
        "inactive for two hours in which it did nothing",
        "model-trainer",
        (
            Step("09:00:00", "ec2", "assume", "model-trainer", into="trainer-session", hours=6),
            Step("09:30:00", "trainer-session", "get_object"),
            Step("13:00:00", "trainer-session", "get_object"),
        ),
        about="identity",
        statuses=(
            Status("model-trainer", "inactive", "10:00:00", "12:00:00"),
            Status("model-trainer", "active", "12:00:00"),
        ),
    ),
    Case(
        "decommissioned_only_later",
        "to be taken out of service next year",
        "archive-mover",
        (
            Step("10:00:00", "ec2", "assume", "archive-mover", into="mover-session", hours=6),
            Step("10:30:00", "mover-session", "get_object"),
        ),
        about="identity",
        statuses=(Status("archive-mover", "decommissioned", "2099-01-01"),),
    ),
)

CASES: tuple[Case, ...] = REVOKED + NEAR_REVOKED + OUTLIVED + OTHERS

"""The cases of AWS: those of the story, and some more."""

from __future__ import annotations

from dataclasses import fields, replace

from infra.simulator.cases import CASES, CLAIM, CONTRADICTION, PROOF, Case, Step
from infra.simulator.year_case import MORE, YearCase

GO_ON = frozenset(
    {
        "enabled_again_before_its_use",
        "deleting_nothing",
        "inactive_taken_back_in_time",
        "decommissioned_only_later",
    }
)

RACES = frozenset({"write_inside_propagation"})

LONG_AGO = "-21+00:00:00"


def _of_the_story(case: Case) -> YearCase:
    proofs = any(step.mark == PROOF for step in case.steps)
    given = {field.name: getattr(case, field.name) for field in fields(Case)}
    given["statuses"] = tuple(
        replace(s, since=LONG_AGO) if s.since.startswith("2026-") else s for s in case.statuses
    )
    if proofs:
        given["control"] = "outlived_parent"
    return YearCase(
        **given,
        expects="finding" if case.control else "proof" if proofs else "silence",
        also=("revocation_race",) if case.name in RACES else (),
        goes_on=case.name in GO_ON,
        wrong=case.control == "revocation_failed",
    )


AWS: tuple[YearCase, ...] = (
    *(_of_the_story(case) for case in CASES),
    YearCase(
        "key_in_two_places",
        "a copy of the key works elsewhere, minutes apart",
        "courier-bot",
        (
            Step("09:00:10", "courier-bot", "list_buckets"),
            Step("09:04:10", "courier-bot", "list_buckets", mark=CONTRADICTION, place="192.0.2.77"),
            Step("09:06:40", "courier-bot", "get_object"),
            Step("09:09:40", "courier-bot", "get_object", mark=MORE, place="192.0.2.77"),
        ),
        "credential_in_two_places",
        "medium",
    ),
    YearCase(
        "race_of_a_session",
        "a session makes its user a key while the key that it came from is deleted",
        "build-cache",
        (
            Step("10:00:00", "build-cache", "assume", "release-role", into="cache-session", hours=1),
            Step("10:20:00", "admin-jo", "delete_key", "build-cache", CLAIM),
            Step("10:20:25", "build-cache", "create_key", "build-cache.way-back", CONTRADICTION),
        ),
        "revocation_race",
        "critical",
        also=("revoked_credential_used",),
    ),
    YearCase(
        "short_residual",
        "a session of one hour outlives its key for minutes",
        "stock-sync",
        (
            Step("12:00:00", "stock-sync", "assume", "audit-collector", into="stock-session", hours=1),
            Step("12:20:00", "admin-jo", "delete_key", "stock-sync", CLAIM),
            Step("12:40:00", "stock-session", "describe_logs", mark=CONTRADICTION),
        ),
        "outlived_parent",
        "low",
    ),
    YearCase(
        "key_used_while_disabled",
        "used while it was disabled, enabled again a day later",
        "label-printer",
        (
            Step("08:00:00", "admin-jo", "disable_key", "label-printer", CLAIM),
            Step("09:00:00", "label-printer", "list_queues", mark=CONTRADICTION),
            Step("1+08:00:00", "admin-jo", "enable_key", "label-printer"),
            Step("1+09:00:00", "label-printer", "list_queues"),
        ),
        "revoked_credential_used",
        "high",
    ),
    YearCase(
        "moved_to_another_network",
        "the job moves to another network, and stays",
        "tax-export",
        (
            Step("09:00:00", "tax-export", "list_buckets"),
            Step("09:40:00", "tax-export", "list_buckets", place="192.0.2.80"),
            Step("10:40:00", "tax-export", "get_object", place="192.0.2.80"),
        ),
        expects="silence",
    ),
    YearCase(
        "two_addresses_of_one_network",
        "two addresses of one network",
        "menu-export",
        (
            Step("09:00:00", "menu-export", "list_buckets", place="192.0.2.81"),
            Step("09:02:00", "menu-export", "list_buckets", place="192.0.2.82"),
            Step("09:20:00", "menu-export", "list_buckets", place="192.0.2.82"),
        ),
        expects="silence",
    ),
)


BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


AWS += (
    YearCase(
        "rotated_key_still_used",
        "the cut-over to a new key was declared; a forgotten job goes on with the old one",
        "meter-reader",
        (
            Step("08:00:00", "admin-jo", "create_key", "meter-reader.next"),
            Step("08:30:00", "meter-reader.next", "list_buckets"),
            Step("09:30:00", "meter-reader", "get_object"),
            Step("12:00:00", "meter-reader", "get_object", mark=CONTRADICTION),
            Step("1+12:00:00", "meter-reader", "get_object", mark=CONTRADICTION),
            Step("1+13:00:00", "meter-reader.next", "list_buckets"),
        ),
        "old_version_used_after_rotation",
        "medium",
        rotated="10:00:00",
    ),
    YearCase(
        "rotated_and_moved",
        "after the declared cut-over everybody who used the old key is seen on the new one",
        "route-planner",
        (
            Step("08:00:00", "admin-jo", "create_key", "route-planner.next"),
            Step("09:30:00", "route-planner", "get_object"),
            Step("10:30:00", "route-planner.next", "get_object", mark=PROOF),
            Step("2+10:30:00", "route-planner.next", "list_buckets"),
        ),
        "old_version_used_after_rotation",
        expects="proof",
        rotated="10:00:00",
    ),
    YearCase(
        "exposed_key_used",
        "a key stood in a public repository, and is used for hours until somebody deletes it",
        "demo-loader",
        (
            Step("11:00:00", "demo-loader", "list_buckets", mark=CONTRADICTION),
            Step("12:00:00", "demo-loader", "get_object", mark=CONTRADICTION),
            Step("13:00:00", "admin-jo", "delete_key", "demo-loader"),
        ),
        "leaked_credential_live",
        "high",
        exposed="10:00:00",
    ),
    YearCase(
        "exposed_and_ended",
        "an exposed key is deleted before anybody uses it",
        "poster-bot",
        (Step("10:20:00", "admin-jo", "delete_key", "poster-bot"),),
        expects="silence",
        exposed="10:00:00",
    ),
    YearCase(
        "sleeper_wakes",
        "after a month of silence an identity reads a secret",
        "audit-archive",
        (
            Step("09:00:00", "audit-archive", "get_secret", mark=CONTRADICTION),
            Step("09:05:00", "audit-archive", "list_buckets", mark=MORE),
        ),
        "dormant_identity_wakes",
        "medium",
        about="identity",
        silent=33,
    ),
    YearCase(
        "monthly_job",
        "a job that runs once a month reads a secret",
        "month-end",
        (Step("09:00:00", "month-end", "get_secret"),),
        expects="silence",
        about="identity",
        silent=26,
        goes_on=True,
    ),
    YearCase(
        "unknown_user",
        "a user and a key that no inventory knows are made, and used",
        "ghost",
        (
            Step("09:00:00", "admin-jo", "create_user", "ghost", MORE),
            Step("09:00:10", "admin-jo", "create_key", "ghost.key", CONTRADICTION),
            Step("09:30:00", "ghost.key", "list_buckets", mark=CONTRADICTION),
            Step("10:30:00", "ghost.key", "list_buckets", mark=CONTRADICTION),
        ),
        "unknown_identity",
        "medium",
        about="identity",
    ),
    YearCase(
        "key_in_a_browser",
        "somebody drives a job's key from a browser",
        "kiosk-sync",
        (Step("09:00:00", "kiosk-sync", "list_buckets", mark=CONTRADICTION, client=BROWSER),),
        "used_by_human_or_shared",
        "low",
    ),
)


AWS += (
    YearCase(
        "end_undone_by_another",
        "a key is used while it is off, and somebody else than who switched it off switches it on",
        "stamp-printer",
        (
            Step("08:00:00", "admin-jo", "disable_key", "stamp-printer", CLAIM),
            Step("09:00:00", "stamp-printer", "list_queues", mark=MORE),
            Step("10:00:00", "night-shift", "enable_key", "stamp-printer", CONTRADICTION),
        ),
        "revocation_undone",
        "medium",
        also=("revoked_credential_used",),
    ),
    YearCase(
        "end_taken_back_in_time",
        "a colleague switches on what another had switched off, and nobody had used it",
        "badge-printer",
        (
            Step("08:00:00", "admin-jo", "disable_key", "badge-printer"),
            Step("10:00:00", "night-shift", "enable_key", "badge-printer"),
            Step("11:00:00", "badge-printer", "list_queues"),
        ),
        expects="silence",
    ),
    YearCase(
        "key_that_ends_itself",
        "a key makes its successor, switches itself off and deletes itself a second later",
        "self-rotator",
        (
            Step("09:00:00", "self-rotator", "create_key", "self-rotator.next"),
            Step("09:00:02", "self-rotator", "disable_key", "self-rotator"),
            Step("09:00:03", "self-rotator", "delete_key", "self-rotator"),
            Step("10:00:00", "self-rotator.next", "list_queues"),
        ),
        expects="silence",
    ),
    YearCase(
        "key_that_makes_as_it_ends",
        "a key that switched itself off makes another one a second later",
        "self-seeder",
        (
            Step("09:00:02", "self-seeder", "disable_key", "self-seeder", CLAIM),
            Step("09:00:03", "self-seeder", "create_key", "self-seeder.back", CONTRADICTION),
        ),
        "revoked_credential_used",
        "critical",
    ),
    YearCase(
        "run_in_flight_at_rotation",
        "a run that began before its key was rotated away finishes as every night",
        "nightly-apply",
        (
            Step("01:00:00", "nightly-apply", "assume", "release-role", into="first-run", hours=1),
            Step("01:01:00", "first-run", "attach_admin", "nightly-apply"),
            Step("02:00:00", "admin-jo", "create_key", "nightly-apply.next"),
            Step("03:00:00", "nightly-apply.next", "list_queues"),
            Step("09:59:00", "nightly-apply", "assume", "release-role", into="last-run", hours=1),
            Step("10:00:00", "admin-jo", "disable_key", "nightly-apply", CLAIM),
            Step("10:00:20", "last-run", "attach_admin", "nightly-apply", CONTRADICTION),
        ),
        "revocation_race",
        "low",
        also=("outlived_parent",),
    ),
)

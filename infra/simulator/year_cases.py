"""The cases of a simulated year as data, source by source: the story's own, and those of the other sources.

Each is played by identities of its own, again and again over the year, at a day of its own. In the clean year every step that
contradicts a record is left out; what the records claim stays.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Literal

from infra.simulator.cases import CASES, CLAIM, CONTRADICTION, PROOF, Case, Status, Step

Expects = Literal["finding", "proof", "silence"]


@dataclass(frozen=True)
class YearCase(Case):
    """``subject`` names the identity in the steps; ``credential`` the handle of the credential that is judged, "" its first.

    ``expects``: a finding of the control, a proof of it, or silence about the subject. ``also``: controls that may speak of it
    too. ``goes_on``: its routine resumes the day after. ``wrong``: the claim is what is wrong, and not in the clean year either.
    ``severity``: that of the finding, "" for any. ``about``: credential, identity, sessions, switch (the provider's own), root
    or trust. ``silent``: days without routine before it. ``exposed``: since when the inventory has its credential as exposed;
    ``rotated``: as rotated, to the key ``.next``; ``approved``: from when until when a root was approved.
    """

    source: str = "cloudtrail"
    credential: str = ""
    expects: Expects = "finding"
    also: tuple[str, ...] = ()
    goes_on: bool = False
    wrong: bool = False
    silent: int = 0
    exposed: str = ""
    rotated: str = ""
    approved: tuple[str, str] = ("", "")


TRIED = ("dead_credential_tried",)
GO_ON = frozenset(
    {
        "enabled_again_before_its_use",
        "deleting_nothing",
        "inactive_taken_back_in_time",
        "decommissioned_only_later",
    }
)
RACES = frozenset({"write_inside_propagation"})
DENIED = ("permission denied", "")
MORE = "more"
"""Mark of a step that is wrong too, and need not be named."""

LONG_AGO = "-21+00:00:00"


def _of_the_story(case: Case) -> YearCase:
    proofs = any(step.mark == PROOF for step in case.steps)
    told = {field.name: getattr(case, field.name) for field in fields(Case)}
    told["statuses"] = tuple(
        replace(s, since=LONG_AGO) if s.since.startswith("2026-") else s for s in case.statuses
    )
    if proofs:
        told["control"] = "outlived_parent"
    return YearCase(
        **told,
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


def _vault(name: str, says: str, *steps: Step, **told: object) -> YearCase:
    return YearCase(name, says, "app", steps, source="vault", **({"credential": "token"} | told))  # type: ignore[arg-type]


LOGIN = Step("09:00:00", "app", "login", into="token", hours=4)
READ = Step("09:10:00", "token", "read")

VAULT = (
    _vault(
        "revoked_token_refused",
        "a revoked token is presented twice and refused",
        LOGIN,
        READ,
        Step("09:30:00", "admin", "revoke_accessor", "token", CLAIM),
        Step("09:32:00", "token", "read", mark=PROOF, error=DENIED),
        Step("09:36:00", "token", "read", mark=PROOF, error=DENIED),
        control="revoked_credential_used",
        expects="proof",
        also=TRIED,
    ),
    _vault(
        "revoked_token_accepted",
        "a standby that lags accepts a revoked token",
        LOGIN,
        READ,
        Step("09:30:00", "admin", "revoke_accessor", "token", CLAIM),
        Step("09:30:40", "token", "read", mark=CONTRADICTION),
        Step("09:50:00", "token", "read", mark=CONTRADICTION),
        control="revoked_credential_used",
        severity="high",
    ),
    _vault(
        "revocation_delivered_late",
        "the line of the revocation comes an hour after those of the uses",
        LOGIN,
        READ,
        Step("09:30:00", "admin", "revoke", "token", CLAIM, late=60),
        Step("09:45:00", "token", "read", mark=CONTRADICTION),
        Step("09:55:00", "token", "read", mark=CONTRADICTION),
        control="revoked_credential_used",
        severity="high",
    ),
    _vault(
        "revoked_token_tried_on",
        "a forgotten consumer goes on with a revoked token",
        LOGIN,
        READ,
        Step("09:30:00", "admin", "revoke_accessor", "token", CLAIM),
        *(
            Step(at, "token", "read", mark=CONTRADICTION, error=DENIED)
            for at in ("09:40:00", "09:50:00", "10:00:00", "10:10:00")
        ),
        control="dead_credential_tried",
        severity="low",
    ),
    _vault(
        "revoked_token_tried_elsewhere",
        "a revoked token turns up in another network",
        LOGIN,
        READ,
        Step("09:30:00", "admin", "revoke_accessor", "token", CLAIM),
        Step("09:40:00", "token", "read", mark=CONTRADICTION, error=DENIED, place="192.0.2.90"),
        control="dead_credential_tried",
        severity="medium",
    ),
    _vault(
        "token_outlives_secret_id",
        "the secret id was destroyed, the token from it works on",
        LOGIN,
        READ,
        Step("09:30:00", "admin", "destroy_secret_id", "app", CLAIM),
        Step("10:00:00", "token", "read", mark=CONTRADICTION),
        Step("11:00:00", "token", "read", mark=CONTRADICTION),
        control="outlived_parent",
        severity="medium",
        credential="app",
    ),
    _vault(
        "child_refused_after_parent",
        "a child dies with its parent, and is refused",
        LOGIN,
        Step("09:05:00", "token", "create_child", into="child"),
        Step("09:10:00", "child", "read"),
        Step("09:20:00", "admin", "revoke_accessor", "token", CLAIM),
        Step("09:25:00", "child", "read", mark=PROOF, error=DENIED),
        control="outlived_parent",
        expects="proof",
        also=TRIED,
    ),
    _vault(
        "child_accepted_after_parent",
        "a child is accepted after its parent was revoked",
        LOGIN,
        Step("09:05:00", "token", "create_child", into="child"),
        Step("09:20:00", "admin", "revoke_accessor", "token", CLAIM),
        Step("09:25:00", "child", "read", mark=CONTRADICTION),
        Step("09:35:00", "child", "read", mark=CONTRADICTION),
        control="outlived_parent",
        severity="high",
    ),
    _vault(
        "expired_token_accepted",
        "a token is accepted minutes after its end",
        Step("09:00:00", "app", "login", into="token", mark=CLAIM, hours=1),
        READ,
        Step("10:05:00", "token", "read", mark=CONTRADICTION),
        Step("10:15:00", "token", "read", mark=CONTRADICTION),
        control="expired_credential_accepted",
        severity="high",
    ),
    _vault(
        "unwrapped_twice",
        "a wrapped secret is asked for once more",
        Step("09:00:00", "admin", "wrap", "app", into="wrapped"),
        Step("09:01:00", "wrapped", "unwrap", mark=CLAIM),
        Step("09:20:00", "wrapped", "unwrap", mark=CONTRADICTION, error=DENIED),
        control="one_time_credential_replayed",
        severity="low",
        credential="wrapped",
        also=TRIED,
    ),
    _vault(
        "single_secret_id_twice",
        "a secret id that is good for one login is accepted twice",
        Step("09:00:00", "admin", "issue_once", "app", into="once"),
        Step("09:01:00", "app", "login_with", "once", mark=CLAIM, into="token", hours=1),
        Step("09:30:00", "app", "login_with", "once", mark=CONTRADICTION, into="again", hours=1),
        control="one_time_credential_replayed",
        severity="high",
        credential="once",
    ),
    _vault(
        "batch_token_not_revocable",
        "the revocation of a batch token is refused, and it works on",
        Step("09:00:00", "app", "login_batch", into="token", hours=4),
        READ,
        Step("09:30:00", "admin", "revoke_refused", "token", CLAIM),
        Step("09:40:00", "token", "read", mark=CONTRADICTION),
        Step("10:40:00", "token", "read", mark=CONTRADICTION),
        control="revocation_failed",
        severity="medium",
        wrong=True,
    ),
    _vault(
        "token_in_two_places",
        "a copy of the token works elsewhere, minutes apart",
        LOGIN,
        READ,
        Step("09:14:00", "token", "read", mark=CONTRADICTION, place="192.0.2.91"),
        Step("09:16:00", "token", "read"),
        Step("09:18:00", "token", "read", mark=MORE, place="192.0.2.91"),
        control="credential_in_two_places",
        severity="medium",
    ),
    _vault(
        "disabled_entity_accepted",
        "an entity was disabled, and its token is accepted",
        LOGIN,
        READ,
        Step("09:30:00", "admin", "disable_entity", "app", CLAIM),
        Step("09:40:00", "token", "read", mark=CONTRADICTION),
        Step("10:00:00", "token", "read", mark=CONTRADICTION),
        control="inactive_identity_active",
        severity="high",
        about="switch",
    ),
    _vault(
        "disabled_entity_refused",
        "an entity was disabled, and its token is refused",
        LOGIN,
        READ,
        Step("09:30:00", "admin", "disable_entity", "app", CLAIM),
        Step("09:40:00", "token", "read", mark=PROOF, error=("disabled", "")),
        control="inactive_identity_active",
        expects="proof",
        about="switch",
        also=TRIED,
    ),
    _vault(
        "mount_revoked_accepted",
        "all tokens of a mount were revoked by prefix, and one is accepted",
        Step("09:00:00", "app", "login_apart", into="token", hours=4),
        READ,
        Step("09:30:00", "admin", "revoke_prefix", "app", CLAIM),
        Step("09:40:00", "token", "read", mark=CONTRADICTION),
        Step("10:40:00", "token", "read", mark=CONTRADICTION),
        control="revoked_credential_used",
        severity="high",
    ),
    _vault(
        "decommissioned_app_active",
        "the inventory let go of the app the day before",
        Step("09:00:00", "app", "login", mark=CONTRADICTION, into="token", hours=1),
        Step("09:10:00", "token", "read", mark=CONTRADICTION),
        control="inactive_identity_active",
        severity="high",
        about="identity",
        statuses=(Status("app", "decommissioned", "-1+00:00:00"),),
    ),
    _vault(
        "root_generated", "a root token is generated, and nobody had approved that",
        Step("09:00:00", "admin", "generate_root", mark=CONTRADICTION),
        control="root_credential_made", about="root",
    ),
    _vault(
        "root_approved", "a root token is generated within an approved ceremony",
        Step("03:00:00", "admin", "generate_root", mark=PROOF),
        control="root_credential_made", expects="proof", about="root", approved=("02:50:00", "03:10:00"),
    ),
    _vault(
        "renewed_in_time",
        "renewed before its end, and used after the first one",
        Step("09:00:00", "app", "login", into="token", hours=1),
        Step("09:50:00", "token", "renew"),
        Step("10:20:00", "token", "read"),
        expects="silence",
        goes_on=True,
    ),
    _vault(
        "orphan_survives",
        "an orphan was made to survive its maker",
        LOGIN,
        Step("09:05:00", "token", "create_orphan", into="orphan"),
        Step("09:20:00", "admin", "revoke_accessor", "token", CLAIM),
        Step("09:40:00", "orphan", "read"),
        expects="silence",
        credential="orphan",
    ),
    _vault(
        "used_while_revoked",
        "a read two seconds after the revocation is its own delay",
        LOGIN,
        READ,
        Step("09:30:00", "admin", "revoke_accessor", "token", CLAIM),
        Step("09:30:02", "token", "read"),
        expects="silence",
        goes_on=True,
    ),
    _vault(
        "enabled_before_its_use",
        "an entity was disabled for an hour in which it did nothing",
        LOGIN,
        READ,
        Step("09:30:00", "admin", "disable_entity", "app"),
        Step("10:30:00", "admin", "enable_entity", "app", late=45),
        Step("10:40:00", "token", "read"),
        expects="silence",
        about="switch",
        goes_on=True,
    ),
    _vault(
        "revoked_after_its_end",
        "a housekeeper revokes a token that had expired; nothing was found",
        Step("09:00:00", "app", "login", into="token", hours=1),
        READ,
        Step("12:00:00", "admin", "revoke_nothing", "token"),
        Step("12:05:00", "admin", "look_up", "token"),
        expects="silence",
        goes_on=True,
    ),
)


def _kubernetes(name: str, says: str, *steps: Step, **told: object) -> YearCase:
    return YearCase(name, says, "account", steps, source="kubernetes", **({"credential": "token"} | told))  # type: ignore[arg-type]


BOUND = Step("09:00:00", "account", "pod", into="token", hours=24)
LIST = Step("09:10:00", "token", "list")

KUBERNETES = (
    _kubernetes(
        "deleted_account_accepted", "a second API server accepts the token of a deleted account from its cache",
        BOUND, LIST,
        Step("09:30:00", "admin", "delete_account", "account", CLAIM),
        Step("09:31:00", "token", "list", mark=CONTRADICTION),
        Step("09:40:00", "token", "list", mark=CONTRADICTION),
        control="revoked_credential_used", severity="high",
    ),
    _kubernetes(
        "deleted_account_refused", "the token of a deleted account is refused; the look-up beside it says whose it was",
        BOUND, LIST,
        Step("09:30:00", "admin", "delete_account", "account", CLAIM),
        Step("09:31:00", "token", "refused", mark=PROOF),
        Step("09:33:00", "token", "refused", mark=PROOF),
        control="revoked_credential_used", expects="proof", also=TRIED, credential="account",
    ),
    _kubernetes(
        "dead_pods_token_accepted", "the token of a pod is accepted minutes after the pod",
        BOUND, LIST,
        Step("09:30:00", "admin", "kill_pod", "token", CLAIM),
        Step("09:34:00", "token", "list", mark=CONTRADICTION),
        Step("09:44:00", "token", "list", mark=CONTRADICTION),
        control="revoked_credential_used", severity="high",
    ),
    _kubernetes(
        "deleted_secrets_token_accepted", "a token kept in a Secret is accepted after the Secret is gone",
        Step("09:00:00", "admin", "make_secret", "account", into="token"),
        Step("09:05:00", "token", "list"),
        Step("09:30:00", "admin", "delete_secret", "token", CLAIM),
        Step("09:34:00", "token", "list", mark=CONTRADICTION),
        Step("09:44:00", "token", "list", mark=CONTRADICTION),
        control="revoked_credential_used", severity="high",
    ),
    _kubernetes(
        "recreated_accounts_old_token", "an account was made again; the token of its predecessor is accepted",
        BOUND, LIST,
        Step("09:30:00", "admin", "delete_account", "account", CLAIM),
        Step("09:31:00", "admin", "create_account", "account"),
        Step("09:33:00", "token", "list", mark=CONTRADICTION),
        Step("09:43:00", "token", "list", mark=CONTRADICTION),
        control="revoked_credential_used", severity="high",
    ),
    _kubernetes(
        "stale_token_accepted", "an extended token is accepted after its end",
        Step("09:00:00", "account", "pod", into="token", mark=CLAIM, hours=1), LIST,
        Step("10:05:00", "token", "list", mark=CONTRADICTION),
        Step("10:25:00", "token", "list", mark=CONTRADICTION),
        control="expired_credential_accepted", severity="low",
    ),
    _kubernetes(
        "token_in_two_places", "a copy of a pod's token works from elsewhere",
        BOUND, LIST,
        Step("09:12:00", "token", "list", mark=CONTRADICTION, place="192.0.2.95"),
        Step("09:14:00", "token", "list"),
        Step("09:16:00", "token", "list", mark=MORE, place="192.0.2.95"),
        control="credential_in_two_places", severity="medium",
    ),
    _kubernetes(
        "labelled_account_active", "a label says that the account is decommissioned, and it works on",
        BOUND, LIST,
        Step("09:30:00", "admin", "label_gone", "account", CLAIM),
        Step("09:40:00", "token", "list", mark=CONTRADICTION),
        Step("10:40:00", "token", "list", mark=CONTRADICTION),
        control="inactive_identity_active", severity="high", about="switch",
    ),
    _kubernetes(
        "decommissioned_account_active", "the inventory let go of the account the day before",
        Step("09:00:00", "account", "pod", into="token", hours=24),
        Step("09:10:00", "token", "list", mark=CONTRADICTION),
        Step("10:10:00", "token", "list", mark=CONTRADICTION),
        control="inactive_identity_active", severity="high", about="identity",
        statuses=(Status("account", "decommissioned", "-1+00:00:00"),),
    ),
    _kubernetes(
        "deleted_account_trusted_elsewhere", "AWS admits a deleted account by the trust in its name",
        BOUND, LIST,
        Step("09:15:00", "account", "exchange"),
        Step("09:30:00", "admin", "delete_account", "account", CLAIM),
        Step("09:45:00", "account", "exchange", mark=CONTRADICTION),
        Step("10:45:00", "account", "exchange", mark=CONTRADICTION),
        control="trust_outlived_subject", severity="high", about="trust",
    ),
    _kubernetes(
        "accepted_from_the_cache", "nine seconds after the deletion is the server's own cache",
        BOUND, LIST,
        Step("09:30:00", "admin", "delete_account", "account", CLAIM),
        Step("09:30:09", "token", "list"),
        expects="silence",
    ),
    _kubernetes(
        "recreated_account", "an account made again under its name, with a new token",
        BOUND, LIST,
        Step("09:30:00", "admin", "delete_account", "account", CLAIM),
        Step("09:30:20", "admin", "create_account", "account"),
        Step("09:31:00", "account", "pod", into="next", hours=24),
        Step("09:35:00", "next", "list"),
        Step("11:35:00", "next", "list"),
        expects="silence", credential="next",
    ),
    _kubernetes(
        "inside_the_leeway", "a token is accepted forty seconds after its end, as the server always does",
        Step("09:00:00", "account", "pod", into="token", hours=1), LIST,
        Step("10:00:40", "token", "list"),
        expects="silence", goes_on=True,
    ),
    _kubernetes(
        "label_taken_back", "decommissioned by mistake, taken back before the next use",
        BOUND, LIST,
        Step("09:30:00", "admin", "label_gone", "account"),
        Step("09:35:00", "admin", "label_back", "account", late=50),
        Step("09:40:00", "token", "list"),
        expects="silence", about="switch", goes_on=True,
    ),
    _kubernetes(
        "refusal_of_nobody", "a refusal that names nobody, and a client that asks for an account that is not there",
        BOUND, LIST,
        Step("09:20:00", "token", "rubbish"),
        Step("09:25:00", "token", "ask_in_vain"),
        expects="silence", goes_on=True,
    ),
)  # fmt: skip


def _agent(name: str, says: str, *steps: Step, **told: object) -> YearCase:
    return YearCase(name, says, "agent", steps, source="otel", **told)  # type: ignore[arg-type]


AGENTS = (
    _agent(
        "unapproved_tool", "an agent executes a tool that nobody approved",
        Step("09:00:00", "agent", "call", "wipe_disk", CONTRADICTION),
        Step("11:00:00", "agent", "call", "wipe_disk", CONTRADICTION),
        control="tool_outside_catalog", severity="high", credential="wipe_disk",
    ),
    _agent(
        "unapproved_tool_over_mcp", "an unapproved tool of an MCP server: client's and server's span are one call",
        Step("09:00:00", "agent", "call_over_mcp", "drop_table", CONTRADICTION),
        control="tool_outside_catalog", severity="high", credential="drop_table",
    ),
    _agent(
        "unapproved_delegate", "an agent hands over to one that is not its delegate",
        Step("09:00:00", "agent", "hand_over", "stranger", CONTRADICTION),
        control="tool_outside_catalog", severity="medium", credential="-> stranger",
    ),
    _agent(
        "decommissioned_agent_runs", "the inventory let go of the agent the day before",
        Step("09:00:00", "agent", "run", mark=CONTRADICTION),
        Step("12:00:00", "agent", "run", mark=CONTRADICTION),
        control="inactive_identity_active", severity="high", about="identity",
        statuses=(Status("agent", "decommissioned", "-1+00:00:00"),),
    ),
    _agent(
        "unknown_tool_refused", "the model makes up a tool, and the framework refuses it",
        Step("09:00:00", "agent", "call_refused", "make_coffee", PROOF),
        control="tool_outside_catalog", expects="proof", credential="make_coffee",
    ),
    _agent(
        "approved_under_another_name", "an approved tool under the name that its framework gives it",
        Step("09:00:00", "agent", "call", "also"),
        expects="silence", about="identity", goes_on=True,
    ),
    _agent(
        "approved_delegate", "a hand-over to a declared delegate",
        Step("09:00:00", "agent", "hand_over", "delegate"),
        expects="silence", about="identity", goes_on=True,
    ),
    _agent(
        "clock_ahead", "a run that began in time by the right clock; the host's is a second and a half ahead",
        Step("23:59:59.9", "agent", "run_ahead"),
        expects="silence", about="identity",
        statuses=(Status("agent", "decommissioned", "1+00:00:00"),),
    ),
)  # fmt: skip

CATALOGUE: dict[str, tuple[YearCase, ...]] = {
    "cloudtrail": AWS,
    "vault": VAULT,
    "kubernetes": KUBERNETES,
    "otel": AGENTS,
}

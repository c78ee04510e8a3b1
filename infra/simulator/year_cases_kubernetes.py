"""The cases of Kubernetes."""

from __future__ import annotations

from infra.simulator.cases import CLAIM, CONTRADICTION, PROOF, Status, Step
from infra.simulator.year_case import MORE, TRIED, YearCase


def _kubernetes(name: str, says: str, *steps: Step, **more: object) -> YearCase:
    return YearCase(name, says, "account", steps, source="kubernetes", **({"credential": "token"} | more))  # type: ignore[arg-type]


BOUND = Step("09:00:00", "account", "pod", into="token", hours=24)


LIST = Step("09:10:00", "token", "list")


KUBERNETES = (
    _kubernetes(
        "deleted_account_accepted", "a second API server accepts the token of a deleted account from its "
                                    "cache",
        BOUND, LIST,
        Step("09:30:00", "admin", "delete_account", "account", CLAIM),
        Step("09:31:00", "token", "list", mark=CONTRADICTION),
        Step("09:40:00", "token", "list", mark=CONTRADICTION),
        control="revoked_credential_used", severity="high",
    ),
    _kubernetes(
        "deleted_account_refused", "the token of a deleted account is refused; the look-up beside it says "
                                   "whose it was",
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
        Step("10:05:00", "token", "list_stale", mark=CONTRADICTION),
        Step("10:25:00", "token", "list_stale", mark=CONTRADICTION),
        control="expired_credential_accepted", severity="low",
    ),
    _kubernetes(
        "expired_token_accepted", "a token is accepted after its end, and the server does not call it stale",
        Step("09:00:00", "account", "pod", into="token", mark=CLAIM, hours=1), LIST,
        Step("10:15:00", "token", "list", mark=CONTRADICTION),
        Step("10:35:00", "token", "list", mark=CONTRADICTION),
        control="expired_credential_accepted", severity="high",
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
        "refusal_of_nobody", "a refusal that names nobody, and a client that asks for an account that is "
                             "not there",
        BOUND, LIST,
        Step("09:20:00", "token", "rubbish"),
        Step("09:25:00", "token", "ask_in_vain"),
        expects="silence", goes_on=True,
    ),
    _kubernetes(
        "account_deployed_anew", "a deployment deletes an account and makes it anew three seconds later",
        BOUND, LIST,
        Step("09:15:00", "account", "exchange"),
        Step("09:30:00", "admin", "delete_account", "account"),
        Step("09:30:03", "admin", "create_account", "account"),
        Step("09:45:00", "account", "exchange"),
        Step("10:45:00", "account", "exchange"),
        expects="silence", about="trust",
    ),
    _kubernetes(
        "label_undone_by_itself", "an account that a label calls decommissioned takes the label back itself",
        BOUND, LIST,
        Step("09:30:00", "admin", "label_gone", "account", CLAIM),
        Step("09:40:00", "token", "list", mark=MORE),
        Step("09:50:00", "token", "own_label_back", mark=CONTRADICTION),
        control="revocation_undone", severity="medium", about="identity",
        also=("inactive_identity_active",),
    ),
    _kubernetes(
        "secret_made_anew", "a chart deletes the Secret of a token and makes it anew under its name",
        Step("09:00:00", "admin", "make_secret", "account", into="token"),
        Step("09:05:00", "token", "list"),
        Step("09:30:00", "admin", "delete_secret", "token"),
        Step("09:30:01", "admin", "make_secret", "account", into="token"),
        Step("09:34:00", "token", "list"),
        expects="silence",
    ),
)  # fmt: skip

"""The recorded OpenBao log: its 72 cases, and what gapwatch should say of each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from correlators.kernel.catalogue import controls
from tests.score.rules import Case, Expects, Score, judge
from tests.support.replayed import data, replayed

RECORDING = "vault/openbao_recorded"


class Due(NamedTuple):
    """What is due for a verdict of the truth. ``names``: the events, of ``kill`` and of the tries or uses
    ``after`` it."""

    control: str
    expects: Expects = "finding"
    names: str = "after"
    or_: str = ""


TRIED = Due("dead_credential_tried")
DUE: dict[str, tuple[Due, ...]] = {
    "revoked_used_denied": (Due("revoked_credential_used", "proven", "kill after"), TRIED),
    "auth_mount_disabled_used_denied": (Due("revoked_credential_used", "proven", "kill after"), TRIED),
    "parent_revoked_child_used_denied": (Due("outlived_parent", "proven", "kill after"), TRIED),
    "entity_disabled_used_denied": (Due("inactive_identity_active", "proven", "kill after"),),
    "expired_used_denied": (Due("expired_credential_accepted", "proven"), TRIED),
    "num_uses_exhausted_used_denied": (TRIED,),
    "secret_id_exhausted_used_denied": (TRIED,),
    "rotated_old_secret_id_used": (Due("revoked_credential_used", "proven", "kill after"), TRIED),
    "wrapping_token_reused_denied": (Due("one_time_credential_replayed", names="kill after"), TRIED),
    "old_secret_id_token_used_succeeded": (
        Due("outlived_parent", names="kill after", or_="old_version_used_after_rotation"),
    ),
    "role_deleted_used_succeeded": (Due("access_outlived_removal", names="kill after"),),
    "revoke_failed_used_succeeded": (Due("revocation_failed", names="kill"),),
    "batch_residual": (Due("revocation_failed", names="kill after"),),
    "secret_sweep": (Due("secret_sweep", names=""),),
    "one_token_two_addresses": (Due("credential_in_two_places", names=""),),
    "lease_revoked": (Due("revoked_credential_used", "unverifiable", "kill"),),
    "db_credential_revoked_used_denied": (Due("revoked_credential_used", "unverifiable", "kill"),),
}
"""By the truth's verdict. A credential that dies with its role cannot be revoked by that: see
``RESIDUAL``."""

RESIDUAL = (Due("access_outlived_removal", names="kill after"),)
LEASES = (Due("outlived_parent", "unverifiable", "kill"),)
SILENT = frozenset(
    {
        "benign", "periodic_ok", "policy_removed_used_denied", "bound_cidr_used_denied", "unknown_token_den"
                                                                                         "ied",
        "missing_token_denied", "expired_credential_login_denied", "not_audited",
    }
)  # fmt: skip


def score(folder: Path) -> Score:
    said = replayed(folder, data(f"{RECORDING}/audit.jsonl"))
    return judge(cases(), said, controls())


def cases() -> list[Case]:
    lines = [
        orjson.loads(line)["request"]["id"]
        for line in data(f"{RECORDING}/audit.jsonl").read_bytes().splitlines()
    ]
    cases_known: list[dict[str, Any]] = orjson.loads(data(f"{RECORDING}/truth.json").read_bytes())["cases"]
    loud = {name for case in cases_known if case["verdict"] not in SILENT for name in _names(case)}
    return [each for case in cases_known for each in _cases(case, lines, loud)]


def _cases(case: dict[str, Any], lines: list[str], loud: set[str]) -> Iterator[Case]:
    if case["verdict"] in SILENT:
        yield Case(case["name"], "vault", "silence", names=frozenset(_names(case) - loud))
        return
    for due in _due(case):
        events = {uid for part in due.names.split() for uid in _events(case, part, lines)}
        names = frozenset() if events else frozenset(_names(case))
        yield Case(case["name"], "vault", due.expects, due.control, frozenset(events), names, or_=due.or_)


def _due(case: dict[str, Any]) -> tuple[Due, ...]:
    kill = (case["kill"] or {}).get("how", "")
    if case["verdict"] == "batch_residual" and "role" in kill:
        return RESIDUAL
    if case["verdict"] == "db_credential_revoked_used_denied" and "accessor" in kill:
        return LEASES
    return DUE[case["verdict"]]


def _events(case: dict[str, Any], part: str, lines: list[str]) -> set[str]:
    if part == "kill":
        return {lines[case["kill"]["line"] - 1]}
    return {lines[use["line"] - 1] for use in case["uses_after"] if use.get("line")}


def _names(case: dict[str, Any]) -> set[str]:
    token, accessor = case["token_hmac"], case["accessor_hmac"]
    keys = {f"vault:default:token/{token}", f"vault:default:secret-id/{token}"} if token else set()
    return keys | (
        {f"vault:default:accessor/{accessor}", f"vault:default:secret-id-accessor/{accessor}"}
        if accessor
        else set()
    )

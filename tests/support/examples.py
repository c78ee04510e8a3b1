"""The ten examples of a gap between record and runtime, each as the raw records of its vendors: what is told,
and what comes once it is mended. Written as if on 22 November 2026 from ten o'clock on; ``moved`` brings them
to another day."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from schemas.sources.mcp.definitions import digest_of
from tests.support import gcp, vault_lines
from tests.support.bindings import allowed, given, session, taken
from tests.support.cloudtrail import event as aws
from tests.support.kubernetes import account, event, ref
from tests.support.mcp import answer, call, request, returned

ORIGIN = datetime(2026, 11, 22, 10, tzinfo=UTC)
_TIME = re.compile(rb"(2026-11-2[23]T\d\d:\d\d:\d\d)(\.\d+)?(Z|\+00:00)")


class Raw(NamedTuple):
    """One record, and the topic that it comes by."""

    source: str
    body: dict[str, Any]
    instance: str = ""

    def moved(self, by: timedelta) -> bytes:
        """The record with every time in it so much later."""

        def later(found: re.Match[bytes]) -> bytes:
            time = datetime.fromisoformat(found[1].decode()) + by
            return time.isoformat().encode() + (found[2] or b"") + found[3]

        return _TIME.sub(later, json.dumps(self.body).encode())


@dataclass(frozen=True)
class Example:
    """``finding``: control, severity and a part of the title. ``ended``: how the verdict stands once the
    records of ``mended`` have come; ``explained``: what `explain` shows of it then; ``beside``: rows of other
    controls, then."""

    name: str
    broken: tuple[Raw, ...]
    finding: tuple[str, str, str]
    mended: tuple[Raw, ...]
    ended: str
    explained: tuple[str, ...]
    beside: tuple[tuple[str, str], ...] = ()


DAY = 24 * 60
"""Minutes."""


def clock(minute: float) -> str:
    """A time so many minutes after ten."""
    return (ORIGIN + timedelta(minutes=minute)).isoformat().replace("+00:00", "Z")


def declared(minute: float = 0, **sections: Any) -> Raw:
    """An inventory that was recorded then."""
    return Raw("inventory", {"gapwatch": "inventory/v1", "recorded": clock(minute), **sections})


def identity(key: str, **fields: Any) -> dict[str, Any]:
    return {"id": key, "owner": "team-shop", **fields}


def cluster(name: str, *records: dict[str, Any]) -> tuple[Raw, ...]:
    return tuple(Raw("kubernetes", record, name) for record in records)


def exported(minute: float, **more: Any) -> Raw:
    """A call by the key of a Google service account."""
    entry = gcp.entry(entry_insertId=f"call-{minute}", entry_timestamp=clock(minute), **more)
    return Raw("gcp", entry)


OFF = "DisableServiceAccountKey"
INACTIVE = Example(
    "an inactive account whose mounted key goes on calling out",
    (
        declared(identities=[identity(gcp.ACCOUNT, status=[{"value": "inactive", "from": clock(1)}])]),
        exported(20),
        exported(40),
    ),
    ("inactive_identity_active", "High", "payments"),
    (
        Raw("gcp", gcp.about_key(OFF, entry_insertId="off", entry_timestamp=clock(60))),
        exported(120, status={"code": 16, "message": "UNAUTHENTICATED"}),
    ),
    "proven",
    ("storage.objects.get", "declared"),
)  # fmt: skip


OLD_KEY, NEW_KEY = "AKIAEXAMPLEOLDRUNNER", "AKIAEXAMPLENEWRUNNER"
RUNNER = "aws:111122223333:user/runner"


def by_key(minute: float, key: str, operation: str = "ListBuckets", service: str = "s3", **more: Any) -> Raw:
    """A call by the user ``runner`` with one of its keys."""
    who = {
        "type": "IAMUser",
        "principalId": "AIDAEXAMPLERUNNER001",
        "arn": "arn:aws:iam::111122223333:user/runner",
        "accountId": "111122223333",
        "accessKeyId": key,
        "userName": "runner",
    }
    fields = {"userIdentity": who, "eventTime": clock(minute), "eventID": f"{operation}-{minute}"}
    return Raw("cloudtrail", aws(operation, service, **(fields | more)))


ROTATED = Example(
    "a rotated secret whose old token a job runner still uses",
    (
        declared(
            identities=[identity(RUNNER)],
            rotations=[
                {"subject": RUNNER, "at": clock(30), "successor": f"aws:key/{NEW_KEY}"},
            ],
        ),
        by_key(10, OLD_KEY),
        by_key(50, OLD_KEY, "GetObject"),
    ),
    ("old_version_used_after_rotation", "Medium", "runner"),
    (by_key(90, NEW_KEY), by_key(DAY + 60, NEW_KEY, "GetObject")),
    "proven",
    ("GetObject succeeded", "declared cut-over", "delete aws:key"),
)

DEPLOYER = "deployment-access"
SESSION = Example(
    "a deployment access removed while a production session stands",
    cluster("prod", given(0, DEPLOYER), *session(60, 0, by=DEPLOYER), taken(120, DEPLOYER)),
    ("access_outlived_removal", "Medium", "mailer"),
    cluster(
        "prod",
        session(60, 600, by=DEPLOYER)[1],
        allowed(1200, code=403, verb="create", objectRef=ref("pods", "web-1", subresource="exec")),
    ),
    "proven",
    ("create pods/exec", "delete rolebindings"),
)

GATE: dict[str, Any] = {"gateway": "edge", "agent": "concierge"}
CONCIERGE = "agent:edge/concierge"
SEARCH = {"name": "search", "description": "Search the docs.", "inputSchema": {"type": "object"}}
WIPE = {"name": "wipe", "description": "Wipe it.", "inputSchema": {"type": "object"}}


def over_mcp(minute: float, *messages: dict[str, Any]) -> tuple[Raw, ...]:
    return tuple(Raw("mcp", {**m, **GATE, "ts": clock(minute + n / 60)}) for n, m in enumerate(messages))


def listing(number: str, *tools: dict[str, Any], **where: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    return request("tools/list", number, **where), answer({"tools": list(tools)}, number, **where)


DROP = WIPE | {"name": "drop"}
OF_PLUGIN: dict[str, Any] = {"server": "plugin", "session": "p1"}
PLUGIN = Example(
    "an agent whose plugin grants more than the catalogue",
    (
        declared(
            identities=[
                identity(
                    CONCIERGE,
                    kind="agent",
                    tools=[{"name": "search", "server": "storage", "digest": digest_of(SEARCH)}],
                )
            ]
        ),
        *over_mcp(10, *listing("l1", SEARCH)),
        *over_mcp(20, *listing("l2", WIPE, DROP, **OF_PLUGIN)),
        *over_mcp(30, call("wipe", "c1", **OF_PLUGIN), returned("c1", **OF_PLUGIN)),
    ),
    ("tools_beyond_approval", "Low", "drop"),
    over_mcp(DAY + 60, *listing("l3", **OF_PLUGIN)),
    "proven",
    ("approved tools",),
    (("tool_outside_catalog", "violated"),),
)

AGENT = "agent:edge/planner"


def planner(at: float, **more: Any) -> dict[str, Any]:
    """A look at the secrets by the agent's account."""
    return allowed(
        at, resource="secrets", user=account("planner", "8f0c8ad5-0000-4000-8000-000000000001"), **more
    )


BROADER = Example(
    "an agent asking for broader scopes after deployment",
    (
        declared(identities=[identity(AGENT, kind="agent", aliases=["k8s:agents:shop/planner"])]),
        *cluster(
            "agents",
            given(0, "planner", "reader", to=("planner",)),
            given(600, "planner-admin", "cluster-admin", account("planner"), wide=True, to=("planner",)),
            planner(900, by="planner-admin", wide=True),
        ),
    ),
    ("scope_escalation", "Medium", "cluster-admin"),
    cluster("agents", taken(1800, "planner-admin", wide=True), planner(2400, code=403)),
    "proven",
    ("create clusterrolebindings",),
)

LEDGER = "k8s:books:shop/ledger"
CHECKED_JTI = "5f0c8ad5-9f6f-4f0a-9d52-1f8f5a3f1e11"
NEXT_JTI = "6f0c8ad5-9f6f-4f0a-9d52-1f8f5a3f1e22"


def ledger(at: float, jti: str, code: int = 200, by: str = "ledger", **more: Any) -> dict[str, Any]:
    return allowed(at, by, code=code, user=account("ledger", jti), **more)


AGAIN = Example(
    "an account checked again after a configuration change and after a rotation",
    (
        declared(
            identities=[identity(LEDGER)],
            rotations=[
                {"subject": LEDGER, "at": clock(20), "successor": f"k8s:books:jti/{NEXT_JTI}"},
            ],
        ),
        *cluster(
            "books",
            given(0, "ledger", to=("ledger",)),
            ledger(60, CHECKED_JTI),
            taken(600, "ledger"),
            ledger(700, CHECKED_JTI, 403),
            given(900, "books", "writer", to=("ledger",)),
            ledger(1800, CHECKED_JTI, by="books", resource="secrets"),
        ),
    ),
    ("old_version_used_after_rotation", "Medium", "ledger"),
    (
        *cluster("books", ledger(2400, NEXT_JTI, by="books", resource="secrets")),
        *(
            raw._replace(body=json.loads(raw.moved(timedelta(days=1))))
            for raw in cluster("books", ledger(2500, NEXT_JTI, by="books", resource="secrets"))
        ),
    ),
    "proven",
    ("list secrets", "declared cut-over"),
    (("access_outlived_removal", "proven"),),
)


def vaulted(minute: float, line: dict[str, Any]) -> Raw:
    asked = line["request"] | {"id": f"5c1f8f0e-0000-4000-8000-{int(minute * 1000):012}"}
    return Raw("vault", line | {"time": clock(minute), "request": asked}, "prod")


IMPORT = vault_lines.auth("import", "e-import", token_ttl=600)
READ: dict[str, Any] = {"operation": "read", "mount_type": "kv"}
EPHEMERAL = Example(
    "an ephemeral token tried again after its expiry",
    (
        vaulted(0, vault_lines.login("import", entity="e-import", token_ttl=600)),
        vaulted(5, vault_lines.line("kv/data/orders", who=IMPORT, **READ)),
        vaulted(30, vault_lines.line("kv/data/orders", who=IMPORT, **READ)),
    ),
    ("expired_credential_accepted", "High", "its token was accepted"),
    (
        vaulted(
            90,
            vault_lines.line(
                "kv/data/orders", error="permission denied", client_token=IMPORT["client_token"], **READ
            ),
        ),
    ),
    "proven",
    ("read kv/data/orders", "expires"),
)

INTEGRATION = "aws:111122223333:user/integration"
OFFICE, AWAY = "198.51.100.7", "203.0.113.9"


def secret_read(minute: float, place: str) -> Raw:
    raw = by_key(
        minute, "AKIAEXAMPLEINTEGRATE", "GetSecretValue", "secretsmanager",
        sourceIPAddress=place, requestParameters={"secretId": "shop/db"},
    )  # fmt: skip
    who = raw.body["userIdentity"] | {
        "arn": "arn:aws:iam::111122223333:user/integration",
        "principalId": "AIDAEXAMPLEINTEGR001",
        "userName": "integration",
    }
    return raw._replace(body=raw.body | {"userIdentity": who})


NETWORK = Example(
    "an integration that reads the secret store from an unexpected network",
    (
        declared(identities=[identity(INTEGRATION, places=["198.51.100.0/24"])]),
        secret_read(10, OFFICE),
        secret_read(20, AWAY),
    ),
    ("secret_store_from_unexpected_network", "Low", AWAY),
    (
        declared(60, identities=[identity(INTEGRATION, places=["198.51.100.0/24", "203.0.113.0/24"])]),
        secret_read(70, AWAY),
    ),
    "proven",
    ("GetSecretValue", "declared places"),
)

BATCH = "k8s:flow:shop/batch"


def elevated(at: float) -> dict[str, Any]:
    """What the elevated role allowed."""
    return allowed(
        at, "elevated", resource="secrets", user=account("batch", "9f0c8ad5-0000-4000-8000-000000000001")
    )


def approval(minute: float, start: float, end: float, ticket: str) -> Raw:
    window = {"from": clock(start), "until": clock(end)}
    fields = {"identity": BATCH, "grant": "rolebinding/shop/elevated", "approver": "ada", "ticket": ticket}
    return declared(minute, approvals=[fields | window])


WORKFLOW = Example(
    "elevation, roles and approvals checked again after a release",
    (
        declared(
            identities=[identity(BATCH)],
            releases=[{"id": "batch-2", "workload": BATCH, "image": "shop/batch:2", "at": clock(20)}],
        ),
        approval(0, 0, 15, "T-1"),
        *cluster("flow", given(0, "elevated", "admin", to=("batch",)), elevated(60), elevated(1800)),
    ),
    ("elevation_outside_window", "Medium", "elevated"),
    (approval(60, 15, 50, "T-2"),),
    "proven",
    ("list secrets",),
    (("drift_after_release", "proven"),),
)

WEB = "k8s:live:shop/web"


def runs(at: float, image: str) -> dict[str, Any]:
    """The kubelet's report of a pod."""
    owner = {"kind": "ReplicaSet", "name": "web-6d4cf56db6", "controller": True}
    body = {
        "kind": "Pod",
        "metadata": {"name": "web-6d4cf56db6-x2x4z", "namespace": "shop", "ownerReferences": [owner]},
        "status": {"phase": "Running", "containerStatuses": [{"name": "web", "image": image}]},
    }
    return event(
        at,
        user={"username": "system:node:a", "groups": ["system:nodes"]},
        verb="patch",
        objectRef=ref("pods", "web-6d4cf56db6-x2x4z", subresource="status"),
        requestObject=body,
        responseObject=body,
    )


OUTDATED = Example(
    "outdated code still executing",
    (
        declared(
            releases=[
                {"id": "web-2", "workload": WEB, "image": "shop/web:2", "at": clock(0), "window": "10m"}
            ],
        ),
        *cluster("live", runs(1800, "shop/web:1")),
    ),
    ("outdated_image_running", "Low", "shop/web:1 instead of shop/web:2"),
    cluster("live", runs(3000, "shop/web:2")),
    "proven",
    ("shop/web:1",),
)

EXAMPLES = (
    INACTIVE, ROTATED, SESSION, PLUGIN, BROADER, AGAIN, EPHEMERAL, NETWORK, WORKFLOW, OUTDATED,
)  # fmt: skip

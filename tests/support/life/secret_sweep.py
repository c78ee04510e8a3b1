"""Ordinary life around ``secret_sweep``: tools that read many secrets."""

from __future__ import annotations

from typing import Any

from schemas.activity import Activity
from tests.support import vault_lines
from tests.support.life import DAY, HOUR, Life, account, cluster, role, stamp, trail, user

APP = role("shop")


def read(when: float, secret: str, who: dict[str, Any] | None = None) -> Activity:
    return trail(when, "GetSecretValue", "secretsmanager", who=who or APP, secretId=secret)


def many(when: float, names: int, prefix: str = "s") -> list[Activity]:
    return [read(when + 2 * n, f"{prefix}{n}") for n in range(names)]


def asked(when: float) -> Activity:
    return trail(when, "ListSecrets", "secretsmanager", who=APP)


def pod(when: float, secret: str, **more: str) -> Activity:
    return cluster(when, "get", "secrets", secret, user=account(**more))


def listed(when: float) -> Activity:
    """All namespaces' secrets, as a controller lists them at its start."""
    return cluster(when, "list", "secrets", objectRef={"resource": "secrets", "apiVersion": "v1"})


def days(names: int, count: int = 9, prefix: str = "own") -> list[Activity]:
    return [a for day in range(count) for a in many(day * DAY, names, prefix)]


def in_vault(when: float, path: str) -> Activity:
    line = vault_lines.line(path, operation="read", who=vault_lines.auth())
    return vault_lines.activity(line | {
        "time": stamp(when), "request": line["request"] | {"id": f"request {when} {path}"},
    })  # fmt: skip


def agent(when: float, templates: int) -> list[Activity]:
    return [in_vault(when + n, f"secret/data/shop/{n}") for n in range(templates)]


NIGHT = 8 * DAY + 2 * HOUR


def parameters(when: float, *names: str) -> Activity:
    """Parameters of Systems Manager, several at once and decrypted."""
    return trail(when, "GetParameters", "ssm", who=APP, names=list(names), withDecryption=True)


SHOP = [f"/shop/{n}" for n in range(10)]


def each_day(*names: str) -> list[Activity]:
    return [parameters(day * DAY, *names) for day in range(9)]


LIVES = [
    Life(
        "a task reads its parameters of Systems Manager, ten at once, each time it starts",
        "it asks for ten others in two calls",
        [*each_day(*SHOP), parameters(NIGHT, *SHOP)],
        [*each_day("/shop/1", "/shop/2"), parameters(NIGHT, *(f"/bank/{n}" for n in range(5))),
         parameters(NIGHT + 1, *(f"/bank/{n}" for n in range(5, 10)))],
    ),
    Life(
        "External Secrets refreshes its forty every day",
        "it reads forty others one night",
        days(40), [*days(40), *many(NIGHT, 40, "others")],
    ),
    Life(
        "a new replica reads the eight secrets of its deployment as it starts",
        "it reads eight of another deployment",
        [*(pod(d * DAY + n, f"own{n}") for d in range(9) for n in range(8)),
         *(pod(NIGHT + n, f"own{n}", jti="1b81481c-ddd2-4800-be9d-8b12b77218a8") for n in range(8))],
        [*(pod(d * DAY + n, f"own{n}") for d in range(9) for n in range(8)),
         *(pod(NIGHT + n, f"bank{n}", jti="1b81481c-ddd2-4800-be9d-8b12b77218a8") for n in range(8))],
    ),
    Life(
        "the first start of a workload with twelve secrets",
        "it first asks which there are",
        many(60, 12), [asked(50), *many(60, 12)],
    ),
    Life(
        "an agent of Vault is restarted and renders its twelve templates again",
        "it reads twelve other paths",
        [a for d in range(9) for a in agent(d * DAY, 12)],
        [*(a for d in range(9) for a in agent(d * DAY, 2)), *agent(NIGHT, 12)],
    ),
    Life(
        "a release brings three new secrets", "ten",
        [*days(4), *many(NIGHT, 3, "new")], [*days(4), *many(NIGHT, 10, "new")],
    ),
    Life(
        "a nightly backup after two weeks of holidays reads what it always read",
        "it reads as many others",
        [*days(10, 5), *many(20 * DAY, 10, "own")], [*days(10, 5), *many(20 * DAY, 10, "others")],
    ),
    Life(
        "Terraform plans a stack: its first plan read all, later ones the same",
        "a plan after which as many are read from a list",
        [*many(0, 30, "stack"), *many(NIGHT, 30, "stack")],
        [*many(0, 5, "stack"), *many(DAY, 5, "stack"), asked(NIGHT - 9), *many(NIGHT, 30, "bank")],
    ),
    Life(
        "a controller lists and watches the secrets of every namespace at each start",
        "it gets them one by one after that",
        [listed(0), listed(DAY), listed(2 * DAY)],
        [listed(0), *(pod(60 + n, f"db{n}") for n in range(9))],
    ),
    Life(
        "a person on call looks through the secrets of a service in the console",
        "the service's own role does",
        [trail(-60, "ConsoleLogin", "signin", who=user("ada"), answer={"ConsoleLogin": "Success"}),
         *(read(n, f"bank{n}", user("ada")) for n in range(9))],
        [*days(1), *many(NIGHT, 9, "bank")],
    ),
]  # fmt: skip

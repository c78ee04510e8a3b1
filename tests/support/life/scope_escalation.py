"""Ordinary life around ``scope_escalation``: who writes bindings and policies all day."""

from __future__ import annotations

import json
from typing import Any

from schemas.activity import Activity
from tests.support import gcp
from tests.support.bindings import OTHER
from tests.support.declared import approved, declared
from tests.support.kubernetes import ACCOUNT
from tests.support.life import DAY, HOUR, Life, account, bound, cluster, ref, role, stamp, trail

MAILER = account()
READER = declared(ACCOUNT, -HOUR, "scopes", scopes=("clusterrole/reader",))
HELD = bound(0, "mailer-reader", "reader")
DEPLOY = role("deploy")
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"


def used(when: float, by: str = "mailer-reader", **more: Any) -> Activity:
    return cluster(when, by=by, **more)


def attached(when: float, name: str, policy: str = ADMIN, **more: Any) -> Activity:
    return trail(when, "AttachRolePolicy", roleName=name, policyArn=policy, **more)


def inline(when: float, actions: str, name: str = "deploy") -> Activity:
    body = json.dumps({"Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]})
    return trail(when, "PutRolePolicy", who=DEPLOY, roleName=name, policyName="own", policyDocument=body)


def google(when: float, member: str) -> Activity:
    delta = {"policyDelta": {"bindingDeltas": [
        {"action": "ADD", "role": "roles/owner", "member": f"serviceAccount:{member}"}
    ]}}  # fmt: skip
    return gcp.activity(gcp.entry(
        "SetIamPolicy", "cloudresourcemanager", serviceData=delta, resourceName=f"projects/{gcp.PROJECT}",
        entry_insertId=f"policy {when} {member}", entry_timestamp=stamp(when),
    ))  # fmt: skip


CALLED = gcp.activity(gcp.entry(entry_insertId="called", entry_timestamp=stamp(0)))

ITSELF = "arn:aws:iam::111122223333:role/deploy"


def on_eks(when: float, operation: str, **asked: Any) -> Activity:
    return trail(when, operation, "eks", who=DEPLOY, **asked)


ENTRY = [
    on_eks(600, "CreateAccessEntry", name="prod", principalArn=ITSELF),
    on_eks(
        605, "AssociateAccessPolicy", name="prod", principalArn=ITSELF,
        policyArn="arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
    ),
]  # fmt: skip

LIVES = [
    Life(
        "Terraform makes a cluster of EKS, and an entry for itself as its administrator",
        "it makes another one, and gives itself access to this",
        [on_eks(0, "CreateCluster", name="prod"), *ENTRY],
        [on_eks(0, "CreateCluster", name="test"), *ENTRY],
    ),
    Life(
        "GitOps sync: Argo CD writes its own binding anew at each sync",
        "an account writes itself a binding that it never had",
        [HELD, used(10), bound(60, "mailer-reader", "reader", MAILER, verb="update"),
         bound(DAY, "mailer-reader", "reader", MAILER, verb="patch")],
        [HELD, used(10), bound(60, "mailer-more", "admin", MAILER)],
    ),
    Life(
        "rollback: Helm with --force deletes and makes the binding of its own account",
        "the same of a role that it did not hold",
        [HELD, used(10), unbound_by_itself := cluster(60, "delete", user=MAILER, objectRef=ref(
            "rolebindings", "mailer-reader", apiGroup="rbac.authorization.k8s.io")),
         bound(61, "mailer-reader", "reader", MAILER)],
        [HELD, used(10), unbound_by_itself, bound(61, "mailer-reader", "admin", MAILER),
         bound(62, "second", "cluster-admin", MAILER)],
    ),
    Life(
        "restore of a backup: Velero, bound to cluster-admin, makes every binding again, its own too",
        "the same by an account that is not",
        [bound(0, "velero", "cluster-admin", wide=True), used(10, "velero", wide=True),
         bound(60, "restored", "admin", MAILER), bound(61, "others", "edit", MAILER, to=("web", "api"))],
        [bound(0, "velero", "reader", wide=True), used(10, "velero", wide=True),
         bound(60, "restored", "admin", MAILER)],
    ),
    Life(
        "a new operator is installed by a person, its account is bound to many roles",
        "it binds itself to one more",
        [bound(0, f"op-{n}", f"op-{n}", OTHER) for n in range(4)] + [used(10, "op-1")],
        [*[bound(0, f"op-{n}", f"op-{n}", OTHER) for n in range(4)], used(10, "op-1"),
         bound(60, "op-9", "op-9", MAILER)],
    ),
    Life(
        "a new replica and its token use what was approved for the account",
        "the replica uses a role that was not",
        [READER, HELD, used(10), used(60, user=account(jti="1b81481c-ddd2-4800-be9d-8b12b77218a8"))],
        [READER, HELD, used(10), bound(50, "more", "edit"),
         used(60, "more", user=account(jti="1b81481c-ddd2-4800-be9d-8b12b77218a8"))],
    ),
    Life(
        "on-call change: a role is given for a night, its approval is recorded the next morning",
        "the approval that is recorded is of another role",
        [READER, HELD, bound(50, "night", "edit"), used(60, "night"),
         approved(ACCOUNT, 0, 8 * HOUR, "clusterrole/edit", "late")],
        [READER, HELD, bound(50, "night", "edit"), used(60, "night"),
         approved(ACCOUNT, 0, 8 * HOUR, "clusterrole/view", "late")],
    ),
    Life(
        "a break-glass drill that is approved: for an hour it holds and uses the emergency role",
        "it uses the role past the drill",
        [READER, HELD, approved(ACCOUNT, 0, HOUR, "break-glass", "drill"),
         bound(50, "drill", "cluster-admin"), used(60, "drill")],
        [READER, HELD, approved(ACCOUNT, 0, HOUR, "break-glass", "drill"),
         bound(50, "drill", "cluster-admin"), used(60, "drill"), used(2 * HOUR, "drill")],
    ),
    Life(
        "Terraform attaches policies to the roles of a stack",
        "it attaches one to its own role",
        [trail(0, "ListBuckets", "s3", who=DEPLOY)]
        + [attached(60 + n, f"stack-{n}", who=DEPLOY) for n in range(6)],
        [trail(0, "ListBuckets", "s3", who=DEPLOY), attached(60, "deploy", who=DEPLOY)],
    ),
    Life(
        "drift repair: Terraform attaches again what somebody else had attached to its role",
        "what nobody had attached before",
        [attached(0, "deploy"), attached(60, "deploy", who=DEPLOY)],
        [attached(0, "deploy", "arn:aws:iam::aws:policy/ReadOnlyAccess"), attached(60, "deploy", who=DEPLOY)],
    ),
    Life(
        "a pipeline writes the inline policies of other roles anew with each release",
        "it writes one of its own that allows everything",
        [trail(0, "ListBuckets", "s3", who=DEPLOY), inline(60, "s3:*", "web"), inline(DAY, "s3:Get*", "web")],
        [trail(0, "ListBuckets", "s3", who=DEPLOY), inline(60, "*")],
    ),
    Life(
        "Config Connector gives another service account a role in the project",
        "it gives that role to itself",
        [CALLED, google(60, "web@shop-prod.iam.gserviceaccount.com")],
        [CALLED, google(60, gcp.EMAIL)],
    ),
]  # fmt: skip

"""Who: identity and credential keys of Google Cloud.

Identities: ``gcp:<project>:<email>`` of a service account (its project as its email tells it: a default
compute account's is the project's number), ``gcp:sa/<unique id>`` where only that is named,
``gcp:user/<email>``, ``gcp:<project>:ksa/<namespace>/<name>`` of a Kubernetes account by workload identity,
``gcp:<project>:pool/<pool>/<subject>`` of a federated caller, ``gcp:principal/<subject>`` of any other,
``gcp:google/<email>`` of Google's own. Credentials: ``gcp:key/<email>/<key id>``,
``gcp:impersonation/<email>/<who impersonates>`` for the tokens that somebody gets for a service account (no
record of a use says which token it was), ``gcp:token/<email>/<insert id>`` for the one token that a record
issues, ``gcp:apikey/<id>``, ``gcp:hmac/<access id>``.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from schemas.remembering import remembered_together
from schemas.sources.gcp.wire import Authentication, Delegation

SERVICE_ACCOUNT = ".gserviceaccount.com"
IAM = ".iam.gserviceaccount.com"
GOOGLE = frozenset({"system@google.com", "cloud-logs@google.com"})
"""Callers that stand for Google itself in system events."""

NUMBERED = frozenset({"developer", "cloudservices", "cloudbuild", "appspot"})
"""Where the project is the account's own name: ``1234-compute@developer``, ``1234@cloudservices``,
``name@appspot``."""

WORKLOAD_POOL = re.compile(
    r"(?:serviceAccount:)?(?P<project>[^/\[\]]+)\.svc\.id\.goog\[(?P<namespace>[^/\]]+)/(?P<name>[^\]]+)\]"
)
FEDERATED = re.compile(
    r"principal(?:Set)?://(?:iam|sts)\.googleapis\.com/(?:projects/(?P<project>[^/]+)/)?locations/[^/]+/"
    r"(?:workloadIdentityPools|workforcePools)/(?P<pool>[^/]+)/(?P<kind>[^/]+)/(?P<subject>.+)"
)
KUBERNETES_POOL = ".svc.id.goog"

KEY_NAME = re.compile(
    r"(?://iam\.googleapis\.com/)?projects/(?P<project>[^/]+)/serviceAccounts/(?P<account>[^/]+)(?:/keys/(?P<key>[^/]+))?"
)


class Caller(NamedTuple):
    """Identity key, readable name, credential key; "" where the record does not say. ``google``: Google
    itself."""

    identity: str = ""
    name: str = ""
    credential: str = ""
    google: bool = False


def caller_of(authentication: Authentication) -> Caller:
    """Returns the authenticated caller: of a delegation the account that was impersonated, which is whose
    access it used."""
    email, subject = authentication.principal_email, authentication.principal_subject
    key = KEY_NAME.fullmatch(authentication.service_account_key_name)
    project = key["project"] if key else ""
    identity = _identity(email, subject, project)
    name = email or subject.partition(":")[2] or subject
    if key and key["key"]:
        return Caller(identity, name, key_of(_account(email, subject, key["account"]), key["key"]))
    origin = origin_of(authentication.service_account_delegation_info)
    credential = f"gcp:impersonation/{email.lower()}/{origin}" if origin and email else ""
    return Caller(identity, name, credential, email in GOOGLE)


def origin_of(delegations: list[object]) -> str:
    """Returns who the chain of impersonation began with: Google sorts it by the order of the acts."""
    if not delegations:
        return ""
    first = Delegation.model_validate(delegations[0])
    return named(first.first_party_principal.principal_email or first.principal_subject)


def named(member: str) -> str:
    """Returns a member of a policy, or an e-mail, without its kind: how impersonators are called inside of
    keys."""
    return member.removeprefix("serviceAccount:").removeprefix("user:").lower()


def key_of(account: str, key: str) -> str:
    """Returns the key of a service account's key by its id."""
    return f"gcp:key/{account.lower()}/{key}"


@remembered_together(65_536)
def account_of(account: str, project: str = "") -> str:
    """Returns the identity of a service account by its email or its unique id."""
    if not account or account == "-":
        return ""
    if "@" not in account:
        return f"gcp:sa/{account}"
    return f"gcp:{_project(account.lower()) or project or 'unknown'}:{account.lower()}"


@remembered_together(65_536)
def _identity(email: str, subject: str, project: str) -> str:
    if email in GOOGLE:
        return f"gcp:google/{email}"
    if found := WORKLOAD_POOL.fullmatch(subject) or WORKLOAD_POOL.fullmatch(email):
        return f"gcp:{found['project']}:ksa/{found['namespace']}/{found['name']}"
    if found := FEDERATED.fullmatch(subject) or FEDERATED.fullmatch(email):
        return _federated(found)
    kind, _, name = subject.rpartition(":")
    name = email or name
    if not name:
        return ""
    if name.endswith(SERVICE_ACCOUNT) or kind.endswith("serviceAccount"):
        return account_of(name, project)
    return f"gcp:user/{name.lower()}" if "@" in name else f"gcp:principal/{name}"


def _federated(found: re.Match[str]) -> str:
    pool, subject = found["pool"], found["subject"]
    if (
        pool.endswith(KUBERNETES_POOL)
        and (parts := subject.split("/"))[0::2] == ["ns", "sa"]
        and len(parts) == 4
    ):
        return f"gcp:{pool.removesuffix(KUBERNETES_POOL)}:ksa/{parts[1]}/{parts[3]}"
    kind = "" if found["kind"] == "subject" else f"{found['kind']}/"
    return f"gcp:{found['project'] or 'organization'}:pool/{pool}/{kind}{subject}"


def _account(email: str, subject: str, named_by_key: str) -> str:
    """The account of a key by its email: a key's name may hold the account's unique id instead."""
    if "@" in named_by_key:
        return named_by_key
    return email or subject.partition(":")[2] or named_by_key


def _project(email: str) -> str:
    """The project that an account's email names; "" where it names none."""
    name, _, domain = email.partition("@")
    if domain.endswith(IAM):
        project = domain.removesuffix(IAM)
        own, _, organisation = project.partition(".")
        return f"{organisation}:{own}" if organisation else project
    if domain.removesuffix(SERVICE_ACCOUNT) in NUMBERED:
        return name.removesuffix("-compute")
    return ""

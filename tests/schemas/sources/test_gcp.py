"""Google Cloud audit entries: who, with what, how it ended, what it changed; and the shapes they come in."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest

from schemas.activity import (
    Activity,
    Aliased,
    Begun,
    Ended,
    EndFailed,
    Fetched,
    Issued,
    Parent,
    Restored,
    Rotated,
)
from schemas.claims import BACK, GONE
from schemas.evidence import SECOND
from schemas.sources import Context, detect
from tests.support.gcp import (
    ACCOUNT,
    BY_KEY,
    EMAIL,
    KEY,
    KEY_NAME,
    PROJECT,
    about_key,
    activity,
    entry,
    iam,
    reading,
)

T = 1_795_341_600 * SECOND + 123_456
UNIQUE = Aliased("gcp:sa/103566171230474107362", ACCOUNT)


def who(**result: Any) -> tuple[str, str]:
    one = activity(entry(authenticationInfo=result))
    return one.identity, one.credential


def test_a_call_by_a_service_account_key() -> None:
    one = activity(entry())
    assert (one.uid, one.time, one.source) == ("1plwiv7e2lak8", T, "gcp")
    assert (one.identity, one.credential, one.actor_name) == (ACCOUNT, KEY, EMAIL)
    assert (one.operation, one.service, one.outcome, one.action) == (
        "storage.objects.get",
        "storage",
        "succeeded",
        "",
    )
    assert (one.place, one.client) == ("198.51.100.7", "google-api-python-client/2.0")
    assert one.resource == "projects/_/buckets/shop/objects/orders"


def test_a_person_is_told_from_a_service_account() -> None:
    assert who(principalEmail="Jo@Example.com") == ("gcp:user/jo@example.com", "")
    assert who(principalEmail=EMAIL) == (ACCOUNT, "")


@pytest.mark.parametrize(
    ("email", "key"),
    [
        (
            "ci@shop.example.com.iam.gserviceaccount.com",
            "gcp:example.com:shop:ci@shop.example.com.iam.gserviceaccount.com",
        ),
        ("123-compute@developer.gserviceaccount.com", "gcp:123:123-compute@developer.gserviceaccount.com"),
        ("shop@appspot.gserviceaccount.com", "gcp:shop:shop@appspot.gserviceaccount.com"),
        ("system@google.com", "gcp:google/system@google.com"),
    ],
)
def test_the_project_of_an_account_is_the_one_its_email_names(email: str, key: str) -> None:
    assert who(principalEmail=email)[0] == key


@pytest.mark.parametrize(
    ("subject", "key"),
    [
        ("serviceAccount:shop.svc.id.goog[web/mailer]", "gcp:shop:ksa/web/mailer"),
        (
            "principal://iam.googleapis.com/projects/9/locations/global/workloadIdentityPools/shop.svc.id.goog/subject/ns/web/sa/mailer",
            "gcp:shop:ksa/web/mailer",
        ),
        (
            "principal://iam.googleapis.com/projects/9/locations/global/workloadIdentityPools/gh/subject/repo:shop/web:ref:main",
            "gcp:9:pool/gh/repo:shop/web:ref:main",
        ),
        (
            "principal://iam.googleapis.com/locations/global/workforcePools/staff/subject/jo@example.com",
            "gcp:organization:pool/staff/jo@example.com",
        ),
    ],
)
def test_federated_callers_have_no_email(subject: str, key: str) -> None:
    assert who(principalSubject=subject) == (key, "")


def test_a_key_named_by_the_accounts_unique_id_is_the_accounts_key_by_email() -> None:
    result = BY_KEY | {"serviceAccountKeyName": KEY_NAME.replace(EMAIL, "103566171230474107362")}
    assert who(**result) == (ACCOUNT, KEY)


def test_an_impersonated_account_acts_with_a_token_that_its_impersonator_got() -> None:
    chain = [
        {"firstPartyPrincipal": {"principalEmail": "Jo@example.com"}},
        {"firstPartyPrincipal": {"principalEmail": f"deployer@{PROJECT}.iam.gserviceaccount.com"}},
    ]
    result = {"principalEmail": EMAIL, "serviceAccountDelegationInfo": chain}
    assert who(**result) == (ACCOUNT, f"gcp:impersonation/{EMAIL}/jo@example.com")


@pytest.mark.parametrize(
    ("status", "outcome", "error"),
    [
        ({}, "succeeded", ""),
        (None, "succeeded", ""),
        ({"code": 0}, "succeeded", ""),
        ({"message": "OK"}, "succeeded", ""),
        ({"code": 7}, "forbidden", "PERMISSION_DENIED"),
        ({"code": 16}, "unauthenticated", "UNAUTHENTICATED"),
        ({"code": 5}, "failed", "NOT_FOUND"),
        ({"code": "7"}, "forbidden", "PERMISSION_DENIED"),
        ({"code": 13}, "unknown", "INTERNAL"),
        ({"code": 401}, "unauthenticated", "401"),
        ({"code": 403}, "forbidden", "403"),
    ],
)
def test_success_is_a_status_without_a_code(status: object, outcome: str, error: str) -> None:
    one = activity(entry(status=status))
    assert (one.outcome, one.error) == (outcome, error)


def test_without_a_status_a_call_of_which_no_permission_was_granted_was_forbidden() -> None:
    denied = entry(authorizationInfo=[{"granted": False}, {"granted": False}])
    del denied["protoPayload"]["status"]
    assert activity(denied).outcome == "forbidden"
    denied["protoPayload"]["authorizationInfo"].append({"permission": "x"})
    assert activity(denied).outcome == "succeeded", "Google leaves a granted that is false out"


@pytest.mark.parametrize(
    ("ip", "more", "place"),
    [
        ("2001:db8::1", {}, "2001:db8::1"),
        ("private", {}, ""),
        ("(calling IP)", {}, ""),
        (
            "gce-internal-ip",
            {"callerNetwork": "//compute.googleapis.com/projects/shop/global/networks/vpc"},
            "shop/global/networks/vpc",
        ),
    ],
)
def test_an_address_inside_google_is_no_place_but_its_network_is(
    ip: str, more: dict[str, Any], place: str
) -> None:
    assert activity(entry(requestMetadata={"callerIp": ip, **more})).place == place


def test_what_changes_with_every_call_of_gcloud_is_no_part_of_the_client() -> None:
    agent = "google-cloud-sdk gcloud/431.0.0 command/gcloud.list invocation-id/b2 environment/shell,gzip(gfe)"
    result = {"callerIp": "198.51.100.7", "callerSuppliedUserAgent": agent}
    assert (
        activity(entry(requestMetadata=result)).client == "google-cloud-sdk gcloud/431.0.0 environment/shell"
    )


@pytest.mark.parametrize(
    ("method", "action"),
    [
        ("SetIamPolicy", "identity_write"), ("google.iam.admin.v1.SetIAMPolicy", "identity_write"),
        ("storage.setIamPermissions", "identity_write"), ("google.iam.admin.v1.CreateRole", "identity_write"),
        ("google.iam.v1.WorkloadIdentityPools.CreateWorkloadIdentityPoolProvider", "identity_write"),
        ("google.iam.v1.WorkloadIdentityPools.ListWorkloadIdentityPoolProviders", ""),
        ("google.cloud.secretmanager.v1.SecretManagerService.AccessSecretVersion", "secret_read"),
        ("google.cloud.secretmanager.v1.SecretManagerService.GetSecret", ""), ("SignJwt", "identity_write"),
        ("Decrypt", ""), ("storage.objects.get", ""),
    ],
)  # fmt: skip
def test_writes_to_identities_and_reads_of_secrets_are_told_from_the_method(method: str, action: str) -> None:
    assert activity(entry(method)).action == action


def test_google_itself_is_no_user_of_a_credential() -> None:
    assert activity(entry(authenticationInfo={"principalEmail": "system@google.com"})).action == "service"


def test_a_created_key_is_issued_to_its_account_and_outlives_its_makers_credential() -> None:
    answer = {
        "name": f"projects/{PROJECT}/serviceAccounts/{EMAIL}/keys/{KEY.rpartition('/')[2]}",
        "valid_before_time": {"seconds": 253402300799}, "valid_after_time": {"seconds": 1795341600},
    }  # fmt: skip
    maker = {
        "principalEmail": f"ci@{PROJECT}.iam.gserviceaccount.com",
        "serviceAccountKeyName": KEY_NAME.replace(EMAIL, f"ci@{PROJECT}.iam.gserviceaccount.com"),
    }
    one = activity(iam("CreateServiceAccountKey", response=answer, authenticationInfo=maker))
    (issued, alias) = one.effects
    assert isinstance(issued, Issued) and alias == UNIQUE
    assert (issued.credential, issued.identity, issued.kind, issued.expires) == (
        KEY,
        ACCOUNT,
        "service_account_key",
        0,
    )
    assert list(issued.parents.values()) == [
        Parent("made_by", f"gcp:{PROJECT}:ci@{PROJECT}.iam.gserviceaccount.com")
    ]
    assert one.target == KEY and one.action == "identity_write"


def test_a_key_that_an_upload_limits_expires() -> None:
    answer = {
        "name": f"projects/{PROJECT}/serviceAccounts/{EMAIL}/keys/k",
        "validBeforeTime": "2027-01-01T00:00:00Z",
    }
    (issued, _) = activity(iam("UploadServiceAccountKey", response=answer)).effects
    assert isinstance(issued, Issued) and issued.expires == 1_798_761_600 * SECOND


@pytest.mark.parametrize(
    ("word", "effect"),
    [
        ("DeleteServiceAccountKey", Ended("DeleteServiceAccountKey", "deleted", KEY, ACCOUNT)),
        ("DisableServiceAccountKey", Ended("DisableServiceAccountKey", "disabled", KEY, ACCOUNT)),
        ("EnableServiceAccountKey", Restored("EnableServiceAccountKey", "disabled", KEY, ACCOUNT)),
        ("DeleteServiceAccount", Ended("DeleteServiceAccount", "deleted", identity=ACCOUNT)),
        ("DisableServiceAccount", Ended("DisableServiceAccount", "disabled", identity=ACCOUNT)),
        ("EnableServiceAccount", Restored("EnableServiceAccount", "disabled", identity=ACCOUNT)),
        ("UndeleteServiceAccount", Restored("UndeleteServiceAccount", "deleted", identity=ACCOUNT)),
        ("CreateServiceAccount", Restored("CreateServiceAccount", "remade", identity=ACCOUNT)),
    ],
)  # fmt: skip
def test_ends_and_their_opposites(word: str, effect: object) -> None:
    assert activity(about_key(word)).effects == (effect, UNIQUE)


def test_a_key_ended_by_the_accounts_unique_id_is_the_accounts_key_by_email() -> None:
    request = {"name": f"projects/-/serviceAccounts/103566171230474107362/keys/{KEY.rpartition('/')[2]}"}
    assert activity(about_key("DeleteServiceAccountKey", request=request)).target == KEY


def test_an_account_that_only_its_unique_id_names_is_followed_by_it() -> None:
    result = iam(
        "DisableServiceAccount",
        request={"name": "projects/-/serviceAccounts/42"},
        resourceName="projects/-/serviceAccounts/42",
        entry_resource={"labels": {"project_id": PROJECT}},
    )
    assert activity(result).effects == (Ended("DisableServiceAccount", "disabled", identity="gcp:sa/42"),)


def test_a_denied_end_was_tried_and_one_of_nothing_was_none() -> None:
    assert activity(about_key("DeleteServiceAccountKey", status={"code": 7})).effects == (
        EndFailed("DeleteServiceAccountKey", KEY, ACCOUNT),
    )
    assert activity(about_key("DeleteServiceAccountKey", status={"code": 5})).effects == ()


@pytest.mark.parametrize(
    ("lifetime", "life"), [({}, 0), ({"lifetime": {"seconds": 600}}, 600), ({"lifetime": "7200s"}, 7200)]
)
def test_an_access_token_comes_from_what_it_was_asked_with(lifetime: dict[str, Any], life: int) -> None:
    other = f"orders@{PROJECT}.iam.gserviceaccount.com"
    request = {"name": f"projects/-/serviceAccounts/{other}", **lifetime}
    asked = entry(
        "GenerateAccessToken", "iamcredentials", request=request,
        entry_resource={"labels": {"email_id": other, "project_id": PROJECT}},
    )  # fmt: skip
    (issued,) = activity(asked).effects
    assert isinstance(issued, Issued)
    assert issued.credential == f"gcp:token/{other}/1plwiv7e2lak8"
    assert issued.identity == f"gcp:{PROJECT}:{other}"
    assert issued.parents == {KEY: Parent("came_from", ACCOUNT)}
    assert issued.expires == (T + life * SECOND if life else 0)
    assert issued.seen_until == T + (life or 12 * 3600) * SECOND
    assert issued.seen_as.startswith("gcp:impersonation/")


def test_api_keys_live_and_die() -> None:
    made = entry(
        "google.api.apikeys.v2.ApiKeys.CreateKey",
        "apikeys",
        response={"name": "projects/1/locations/global/keys/bf67"},
    )
    gone = entry(
        "google.api.apikeys.v2.ApiKeys.DeleteKey",
        "apikeys",
        request={"name": "projects/1/locations/global/keys/bf67"},
    )
    (issued,) = activity(made).effects
    assert isinstance(issued, Issued) and (issued.credential, issued.kind) == ("gcp:apikey/bf67", "api_key")
    assert activity(gone).effects == (Ended("DeleteKey", "deleted", "gcp:apikey/bf67"),)


@pytest.mark.parametrize(
    ("version", "name"), [("5", "version 5"), ("latest", "stage AWSCURRENT"), ("prod", "stage AWSCURRENT")]
)
def test_which_version_of_a_secret_was_read(version: str, name: str) -> None:
    result = entry(
        "google.cloud.secretmanager.v1.SecretManagerService.AccessSecretVersion",
        "secretmanager",
        resourceName=f"projects/123456/secrets/db/versions/{version}",
    )
    assert activity(result).effects == (Fetched(f"gcp:{PROJECT}:secret/db", name),)


def test_a_version_that_is_added_takes_the_place_of_the_one_before() -> None:
    def added(version: int) -> Activity:
        name = f"projects/123456/secrets/db/versions/{version}"
        return activity(entry("x.SecretManagerService.AddSecretVersion", response={"name": name}))

    secret = f"gcp:{PROJECT}:secret/db"
    assert added(2).effects == (Rotated(secret, successor="version 2", how="AddSecretVersion"),)
    assert added(1).effects == ()


@pytest.mark.parametrize(
    ("word", "overlap"),
    [("DisableSecretVersion", GONE), ("DestroySecretVersion", GONE), ("EnableSecretVersion", BACK)],
)
def test_a_version_that_is_switched_off_or_on_rotates_nothing(word: str, overlap: int) -> None:
    name = "projects/123456/secrets/db/versions/2"
    result = activity(entry(f"x.SecretManagerService.{word}", resourceName=name))
    secret = f"gcp:{PROJECT}:secret/db"
    assert result.effects == (Rotated(secret, successor="version 2", overlap=overlap, how=word),)


# Shapes.


def pushed(*entries: object) -> dict[str, Any]:
    data = base64.b64encode(json.dumps(entries[0]).encode()).decode()
    return {
        "message": {"data": data, "messageId": "1", "attributes": {}},
        "subscription": "projects/p/subscriptions/s",
    }


def lowered(part: Any) -> Any:
    return {name.lower(): lowered(value) for name, value in part.items()} if isinstance(part, dict) else part


SHAPES: dict[str, bytes] = {
    "an array": json.dumps([entry()]).encode(),
    "a listing": json.dumps({"entries": [entry()]}).encode(),
    "a pushed message": json.dumps(pushed(entry())).encode(),
    "pulled messages": json.dumps(
        {"receivedMessages": [{"ackId": "a", "message": pushed(entry())["message"]}]}
    ).encode(),
    "a bare message": json.dumps(pushed(entry())["message"]).encode(),
    "small letters": json.dumps(lowered(entry())).encode(),
    "BigQuery": json.dumps(
        {("protopayload_auditlog" if n == "protoPayload" else n): v for n, v in entry().items()}
    ).encode(),
    "lines": json.dumps(entry()).encode() + b"\r\n\r\n",
    "gz": gzip.compress(json.dumps(entry()).encode()),
    "a byte order mark": b"\xef\xbb\xbf" + json.dumps(entry()).encode(),
    "UTF-16": json.dumps(entry()).encode("utf-16"),
    "NaN": json.dumps(entry() | {"sampled": float("nan")}).encode(),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_an_entry_is_the_same_in_every_shape(shape: str) -> None:
    assert detect(SHAPES[shape]) == "gcp"
    assert activity(SHAPES[shape]) == activity(entry())


def test_lines_of_which_one_is_half_are_read_and_the_half_one_is_rejected_with_its_place() -> None:
    line = json.dumps(entry()).encode()
    result = reading(line + b"\n" + line[:200])
    assert len(result.activities) == 1
    assert [(r.place, r.reason.partition(":")[0]) for r in result.rejects] == [("line 2", "is not JSON")]


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        (entry(entry_timestamp="soon", entry_receiveTimestamp=None), "timestamp"),
        (entry(entry_protoPayload={"@type": "x"}), "protoPayload"),
        ({"methodName": "v1.compute.firewalls.patch"}, "protoPayload"),
        ([], ""),
        ([7], ""),
        (b"\x1f\x8b\x08rubbish", ""),
        (b"", ""),
        (b"{" * 5000, ""),
        (b'{"a":' * 3000, ""),
    ],
)
def test_what_is_broken_is_a_reject_with_its_place(broken: object, field: str) -> None:
    result = reading(broken)
    assert not result.activities
    assert [r.field for r in result.rejects] == ([field] if broken != [] else [])
    assert all(r.reason for r in result.rejects)


def test_an_entry_without_any_time_is_as_old_as_its_arrival() -> None:
    arrived = Context(key=b"site", arrived=T)
    bare = {name: value for name, value in entry().items() if not name.lower().endswith("timestamp")}
    assert [(a.time, a.arrived) for a in reading(bare, arrived).activities] == [(T, T)]
    assert not reading(bare).activities
    assert not reading(bare | {"timestamp": "soon"}, arrived).activities


def test_a_part_of_a_wrong_type_is_as_good_as_absent() -> None:
    one = activity(entry(requestMetadata="...", authorizationInfo="...", request="...", entry_resource="..."))
    assert (one.identity, one.place, one.outcome) == (ACCOUNT, "", "succeeded")


def test_an_entry_without_an_id_has_the_same_one_wherever_it_comes() -> None:
    bare = entry()
    del bare["insertId"]
    turned = dict(reversed(bare.items()))
    assert activity(bare).uid == activity(turned).uid != activity(bare | {"severity": "ERROR"}).uid


@pytest.mark.parametrize("service", ["k8s.io", None])
def test_entries_of_clusters_are_the_kubernetes_sources(service: str | None) -> None:
    cluster = entry("io.k8s.core.v1.secrets.list", entry_insertId="k8s")
    cluster["protoPayload"]["serviceName"] = service
    assert detect(json.dumps(cluster).encode()) != "gcp"
    result = reading([entry(), cluster])
    assert [a.source for a in result.activities][:1] == ["gcp"]
    assert all(a.source == "kubernetes" for a in result.activities[1:])
    assert len(result.activities) + len(result.rejects) + result.passed == 2


def part_of(**result: Any) -> Activity:
    operation = {"id": "op-1", "producer": "compute.googleapis.com", **result}
    return activity(entry("v1.compute.instances.insert", "compute", entry_operation=operation))


def test_the_later_entries_of_an_operation_name_it_and_the_first_one_begins_it() -> None:
    first, last = part_of(first=True), part_of(last=True)
    name = "compute.googleapis.com op-1"
    assert Begun(ACCOUNT, name) in first.effects and (first.action, first.asked) == ("", "")
    assert (last.action, last.asked, last.effects) == ("continues", name, ())
    whole = part_of(first=True, last=True)
    assert (whole.action, whole.asked, whole.effects) == ("", "", ())

"""The inventory: what may be written, and how faults name their place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from schemas.activity import Activity, Approved, Ended, Excepted, Known, Released, Rotated, Rotates, Stated
from schemas.declaration import ApprovedTool, Declaration, Period
from schemas.fact import facts_of
from schemas.inventory import InventoryError, parse_inventory, read_inventory, schema, written
from schemas.sources import DECLARATION, Context, detect, inventory

WHOLE = """\
# what people and systems of record claim
gapwatch: inventory/v1
recorded: 2026-11-22T09:00:00Z
identities:
  - id: agent:support-host/triage-agent
    name: triage-agent
    kind: agent
    owner: team-support
    environment: prod
    privilege: normal
    aliases: [aws:111122223333:role/triage, "vault:prod:entity/7d0c", k8s:c1:support/triage]
    status:
      - {value: active, from: 2026-01-01T00:00:00Z}
      - {value: decommissioned, from: 2026-11-01T00:00:00+01:00}
    windows:
      - {from: 2026-11-21T00:00:00Z, until: 2026-11-23T00:00:00.123456789Z}
    tools:
      - {name: search_tickets, server: helpdesk, also: [helpdesk__search_tickets], digest: "sha256:00"}
    delegates: [agent:support-host/refund-agent]
    scopes: [tickets.read]
    places: [network/office, vpce-0abc, cluster/c1]
    images: [{image: "shop/triage", released: "1.4.2", from: 2026-11-20T10:00:00Z}]
    credentials:
      - {id: aws:key/AKIAEXAMPLE, issued: 2026-01-01T00:00:00Z, revoked: 2026-11-20T12:00:00Z}
    rotation: [{secret: "vault:prod:kv/triage", every: 30d, overlap: 24h}]
rotations: [{subject: k8s:c1:shop/mailer, at: 2026-11-22T10:00:00Z, successor: "k8s:c1:jti/1"}]
approvals: [{identity: "aws:1:role/x", grant: role/admin, from: 2026-11-22T10:00:00Z,
             approver: ada, ticket: T-1}]
releases: [{id: shop-1.4.2, workload: k8s:c1:shop/web, image: "shop/web:1.4.2",
            at: 2026-11-22T10:00:00Z, by: "k8s:c1:ci/release", digests: ["sha256:01"], window: 30m}]
networks: [{name: office, places: [10.20.0.0/16, 2001:db8::/32]}]
exceptions: [{control: dead_credential_tried, identity: "aws:*", owner: o, reason: r,
              until: 2026-12-01T00:00:00Z}]
"""
NINE = 1_795_338_000_000_000
HEAD = "gapwatch: inventory/v1\nidentities:\n"


def faults(text: str) -> list[str]:
    return [written(fault) for fault in read_inventory(text.encode())[2]]


def read(text: str, **context: Any) -> list[Activity]:
    reading = inventory.read(text.encode(), Context(**context))
    assert not reading.rejects, reading.rejects
    return reading.activities


def declared(activity: Activity) -> Declaration:
    (stated,) = [e for e in activity.effects if isinstance(e, Stated)]
    return stated.declaration


def test_the_documented_example_is_read_whole() -> None:
    recorded, entries = parse_inventory(WHOLE.encode(), "inventory.yaml")
    assert recorded == NINE
    assert [e.section for e in entries] == [
        "identities",
        "rotations",
        "approvals",
        "releases",
        "exceptions",
        "networks",
    ]
    declaration = declared(read(WHOLE)[0])
    assert declaration.recorded == NINE
    assert (
        declaration.owner,
        declaration.name,
        declaration.kind,
        declaration.environment,
        declaration.privilege,
    ) == (
        "team-support",
        "triage-agent",
        "agent",
        "prod",
        "normal",
    )
    assert declaration.statuses == (
        Period("active", 1_767_225_600_000_000),
        Period("decommissioned", 1_793_487_600_000_000),
    )
    assert declaration.windows == (Period("", 1_795_219_200_000_000, 1_795_392_000_123_456),)
    assert declaration.tools == (
        ApprovedTool("search_tickets", "helpdesk", ("helpdesk__search_tickets",), "sha256:00"),
    )
    assert declaration.places == ("10.20.0.0/16", "2001:db8::/32", "cluster/c1", "vpce-0abc")
    assert declaration.delegates == ("agent:support-host/refund-agent",)
    assert declaration.aliases == (
        "aws:111122223333:role/triage",
        "k8s:c1:support/triage",
        "vault:prod:entity/7d0c",
    )


def test_credentials_of_an_identity_are_known_and_their_declared_end_cuts_nothing_by_itself() -> None:
    known, ended = (e for e in read(WHOLE)[0].effects if isinstance(e, Known | Ended))
    assert isinstance(known, Known) and known.issued == 1_767_225_600_000_000
    assert isinstance(ended, Ended) and (ended.kind, ended.claims_cut) == ("declared", False)
    assert (
        ended.at == 1_795_176_000_000_000
        and ended.identity == known.identity == "agent:support-host/triage-agent"
    )


def test_rotations_approvals_releases_and_exceptions_take_effect() -> None:
    *others, network = read(WHOLE)[1:]
    assert all(a.time == NINE and a.operation.startswith("declare ") for a in others)
    rotation, approval, release, exception = others
    (turned,) = rotation.effects
    assert isinstance(turned, Rotated) and (turned.overlap, turned.successor[:4]) == (0, "k8s:")
    (granted,) = approval.effects
    assert isinstance(granted, Approved) and granted.grant
    workload = "k8s:c1:shop/web"
    (known,) = (dict(facts_of(release))[workload].releases[workload],)
    assert [(r.image, r.digests, r.by, r.window) for r in known] == [
        ("shop/web:1.4.2", ("sha256:01",), "k8s:c1:ci/release", 1_800_000_000)
    ]
    assert facts_of(network) == []
    (excepted,) = exception.effects
    assert isinstance(excepted, Excepted) and excepted.until > NINE and excepted.owner and excepted.reason


def test_an_image_of_an_identity_is_a_release_of_its_own() -> None:
    (release,) = (e for e in read(WHOLE)[0].effects if isinstance(e, Released))
    assert (release.workload, release.image) == ("agent:support-host/triage-agent", "shop/triage:1.4.2")


def test_autonomous_systems_are_places_in_one_spelling_also_within_a_network() -> None:
    text = "gapwatch: inventory/v1\nnetworks: [{name: dc, places: [as64501]}]\nidentities:\n"
    (said, _) = read(text + "  - {id: a:b, places: [As64500, network/dc]}\n")
    assert declared(said).places == ("AS64500", "AS64501")


def test_a_network_that_the_file_does_not_describe_is_a_fault_with_its_place() -> None:
    assert faults(HEAD + "  - {id: a:b, places: [network/office]}\n") == [
        "identities[0]: network/office is not among the networks of this file (line 3)"
    ]


def test_the_rotation_policy_stands_with_its_secret_and_names_its_owner() -> None:
    (policy,) = (e for e in read(WHOLE)[0].effects if isinstance(e, Rotates))
    day = 86_400_000_000
    assert (policy.subject, policy.every, policy.overlap) == ("vault:prod:kv/triage", 30 * day, day)
    assert policy.owner == "team-support"


def test_an_inventory_speaks_for_the_installations_of_the_identities_it_declares_not_of_their_aliases() -> (
    None
):
    facts = [fact for activity in read(WHOLE) for fact in facts_of(activity)]
    assert {i for _, fact in facts for i in fact.covers} == {"agent:support-host"}


def test_what_a_record_does_not_say_is_not_the_same_as_nothing_allowed() -> None:
    silent, none = (
        declared(a) for a in read(HEAD + "  - id: a:b\n  - {id: a:c, tools: [], delegates: []}\n")
    )
    assert silent.tools is None and silent.delegates is None and silent.windows is None
    assert none.tools == () and none.delegates == ()


def test_yaml_and_json_say_the_same_under_the_same_id() -> None:
    as_json = json.dumps(
        {
            "identities": [{"credentials": [], "id": "a:b", "tools": [{"name": "x"}]}],
            "gapwatch": "inventory/v1",
        }
    )
    assert read(HEAD + "  - {id: a:b, tools: [{name: x}]}\n") == read(as_json)


def test_a_record_is_recorded_when_it_says_so_else_when_it_came_else_always() -> None:
    plain = HEAD + "  - id: a:b\n"
    assert declared(read(WHOLE, arrived=5)[0]).recorded == NINE
    assert declared(read(plain, arrived=5, processed=6)[0]).recorded == 5
    assert declared(read(plain)[0]).recorded == 0


def test_the_kind_of_a_record_is_told_from_its_content() -> None:
    assert detect(WHOLE.encode()) == DECLARATION
    assert detect(b'{"gapwatch": "inventory/v1"}') == DECLARATION
    assert not inventory.recognises(b"name: x\nnote: gapwatch inventory/v1\n")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (HEAD + "  - id: a:b\n    tols: [x]\n", "identities[0].tols: unknown field (line 4)"),
        (
            HEAD + "  - id: a:b\n    tools:\n      - {name: x}\n      - {name: y, nam: z}\n",
            "identities[0].tools[1].nam: unknown field (line 6)",
        ),
        (HEAD + "  - name: x\n", "identities[0].id: missing (line 3)"),
        (HEAD + "  - {id: a:b, tools: [{server: s}]}\n", "identities[0].tools[0].name: missing (line 3)"),
        (
            HEAD + "  - {id: ab}\n",
            "identities[0].id: not a key like aws:111122223333:role/name, whole (no *) (line 3)",
        ),
        (
            HEAD + "  - {id: 'aws:*'}\n",
            "identities[0].id: not a key like aws:111122223333:role/name, whole (no *) (line 3)",
        ),
        (
            HEAD + "  - {id: a:b, owner: no}\n",
            "identities[0].owner: text is meant here: put it in quotation marks (line 3)",
        ),
        (
            HEAD + "  - {id: a:b, scopes: [1.4]}\n",
            "identities[0].scopes[0]: text is meant here: put it in quotation marks (line 3)",
        ),
        (
            HEAD + "  - {id: a:b, owner: ''}\n",
            "identities[0].owner: text on one line is meant, not empty (line 3)",
        ),
        (
            HEAD + "  - {id: a:b, status: [{value: dead}]}\n",
            "identities[0].status[0].value: one of 'active', 'inactive', 'disabled' or 'decommissioned' "
            "is meant (line 3)",
        ),
        (
            HEAD + "  - {id: a:b, windows: [{}]}\n",
            "identities[0].windows[0]: a window needs from or until (line 3)",
        ),
        (
            HEAD + "  - {id: a:b, windows: [{from: 2026-11-22T09:00:00}]}\n",
            "identities[0].windows[0].from: not a time with its zone, like 2026-11-22T09:00:00Z (line 3)",
        ),
        (
            HEAD + "  - {id: a:b, windows: [{from: tomorrow}]}\n",
            "identities[0].windows[0].from: not a time like 2026-11-22T09:00:00Z (line 3)",
        ),
        (
            HEAD + "  - {id: a:b, windows: [{from: 2026-11-22T09:00:00Z, until: 2026-11-21T09:00:00Z}]}\n",
            "identities[0].windows[0]: until must be later than from (line 3)",
        ),
        (
            HEAD + "  - {id: a:b, rotation: [{secret: a:c, every: monthly}]}\n",
            "identities[0].rotation[0].every: not a length of time like 30m, 24h or 90d (line 3)",
        ),
        (
            HEAD + "  - {id: a:b}\n  - {id: a:b}\n",
            "identities[1]: a:b is declared twice in this file (line 4)",
        ),
        (
            HEAD + "  - {id: a:b, aliases: [a:d]}\n  - {id: a:c, aliases: [a:d]}\n",
            "identities[1]: a:d is an alias of a:b and of a:c: name it once (line 4)",
        ),
        (
            HEAD + "  - {id: a:b, aliases: [a:c]}\n  - {id: a:c, aliases: [a:b]}\n",
            "identities[1]: a:c and a:b are aliases of each other: name one as the identity (line 4)",
        ),
        (
            HEAD + "  - {id: a:b, aliases: [a:c]}\n  - {id: a:c, aliases: [a:d]}\n"
            "  - {id: a:d, aliases: [a:b]}\n",
            "identities[2]: a:d and a:b are aliases of each other: name one as the identity (line 5)",
        ),
        (HEAD + "  - 7\n", "identities[0]: fields are meant here, like {name: value} (line 3)"),
        ("gapwatch: inventory/v1\nidentities: {}\n", "identities: a list is meant (line 2)"),
        ("gapwatch: inventory/v1\nidentitys: []\n", "identitys: unknown field (line 2)"),
        ("identities: []\n", "not an inventory: it does not begin with gapwatch: inventory/v1"),
        ("gapwatch: inventory/v2\n", "gapwatch: one of 'inventory/v1' is meant (line 1)"),
        (
            "gapwatch: inventory/v1\nrecorded: 2026\n",
            "recorded: not a time like 2026-11-22T09:00:00Z (line 2)",
        ),
        ("gapwatch: inventory/v1\ngapwatch: inventory/v1\n", "gapwatch stands here twice (line 2)"),
        ("gapwatch: inventory/v1\napprovals: [{identity: a:b}]\n", "approvals[0].grant: missing (line 2)"),
        (
            "gapwatch: inventory/v1\nexceptions: [{control: c, owner: o, reason: r}]\n",
            "exceptions[0]: until is missing: an exception ends (line 2)",
        ),
        (
            '{"gapwatch": "inventory/v1",\n "identities": [\n  {"id": "a:b", "tols": 1}]}',
            "identities[0].tols: unknown field (line 3)",
        ),
        (
            HEAD + "  - {id: a:b, places: ['*']}\n",
            "identities[0].places[0]: * means nothing here: it is compared as it stands (line 3)",
        ),
        (
            HEAD + "  - {id: a:b, places: ['64500']}\n",
            "identities[0].places[0]: not a place: an autonomous system is written AS64500 (line 3)",
        ),
        (
            HEAD + "  - {id: a:b, tools: [{name: '*'}]}\n",
            "identities[0].tools[0].name: * means nothing here: it is compared as it stands (line 3)",
        ),
        *(
            (
                HEAD + f"  - {{id: a:b, {field}: ['{names}']}}\n",
                f"identities[0].{field}[0]: * means nothing here: names are compared as they stand (line 3)",
            )
            for field, names in (("scopes", "*"), ("scopes", "role/*"), ("secrets", "kv/*"))
        ),
        (
            "gapwatch: inventory/v1\napprovals: [{identity: a:b, grant: '*'}]\n",
            "approvals[0].grant: * means nothing here: names are compared as they stand (line 2)",
        ),
        (
            "gapwatch: inventory/v1\nexceptions:\n- {control: c, owner: o, reason: r, "
            "until: 2026-11-22T09:00:00Z, identity: '*'}\n",
            "exceptions[0].identity: * alone means nothing here: leave identity out, and it is about every "
            "identity (line 3)",
        ),
        ("a: [", "did not find expected node content (line 2)"),
        ("", "not an inventory: it does not begin with gapwatch: inventory/v1"),
    ],
)
def test_a_fault_names_its_place_its_line_and_what_is_wrong(text: str, fault: str) -> None:
    assert faults(text) == [fault]


def test_all_faults_are_found_at_once_and_raised_together() -> None:
    text = HEAD + "".join(f"  - {{id: a:{n}, tols: 1}}\n" for n in range(12))
    with pytest.raises(InventoryError) as raised:
        parse_inventory(text.encode(), "inventory.yaml")
    assert len(raised.value.faults) == 12
    lines = str(raised.value).splitlines()
    assert lines[0] == "inventory.yaml: identities[0].tols: unknown field (line 3)"
    assert lines[-1] == "inventory.yaml: and 2 more"


def test_records_without_a_fault_count_beside_those_with_one() -> None:
    reading = inventory.read((HEAD + "  - {id: a:b}\n  - {id: a:c, tols: 1}\n").encode(), Context())
    assert [a.identity for a in reading.activities] == ["a:b"]
    assert [(r.source, r.place, r.field) for r in reading.rejects] == [("inventory", "identities[1]", "tols")]


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfe\x00",
        b"\x00",
        b"[" * 100_000,
        b"{" * 50,
        b"&a [*a]",
        b"- " * 50,
        b"--- 1\n--- 2\n",
        b"!!python/object:os.system {}",
    ],
)
def test_no_text_raises_anything_but_faults(data: bytes) -> None:
    reading = inventory.read(data, Context())
    assert not reading.activities and reading.rejects


def test_a_few_lines_that_stand_for_thousands_of_millions_are_refused() -> None:
    levels = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert "too many values" in faults("gapwatch: inventory/v1\n" + levels)[0]


def test_the_published_schema_is_the_one_of_the_model() -> None:
    page = Path(__file__).parents[2] / "docs" / "inventory.schema.json"
    assert page.read_text() == schema(), "python -m schemas.inventory > docs/inventory.schema.json"


def test_a_fault_in_json_of_many_lines_names_its_line_and_in_one_line_its_place_alone() -> None:
    document = {"gapwatch": "inventory/v1", "identities": [{"id": "aws:1:user/ci", "ownr": "x"}]}
    for indent, reason in ((1, "unknown field (line 6)"), (None, "unknown field")):
        _, _, (fault,) = read_inventory(json.dumps(document, indent=indent).encode())
        assert (fault.place, fault.field, fault.reason) == ("identities[0]", "ownr", reason)


OF_RELEASE_0_2_0 = {
    "declare identities": "inventory:e77722041c7f2c42b5f9161cb4a1c662",
    "declare rotations": "inventory:6a4debd14ebe033482df663b1159eda8",
    "declare approvals": "inventory:4b6e248881ec11ae1a31dc2dd7587e95",
    "declare releases": "inventory:a389e485ceca4a6a4eaa9b9ba15ebcf3",
    "declare exceptions": "inventory:0ccc8e270b08b32c5eef976c3a8a8b84",
}


def test_what_an_earlier_release_declared_is_the_same_record_after_an_upgrade() -> None:
    """A new field takes ``LATER`` for its default, so that a record without it keeps its id."""
    user, start, end = "aws:111122223333:user/a", "2026-10-01T00:00:00Z", "2026-10-02T00:00:00Z"
    document = {
        "gapwatch": "inventory/v1",
        "recorded": "2026-11-01T00:00:00Z",
        "identities": [
            {
                "id": user,
                "kind": "service_account",
                "owner": "team-x",
                "status": [{"value": "active", "from": "2026-01-01T00:00:00Z"}],
            }
        ],
        "rotations": [{"subject": user, "at": start}],
        "approvals": [{"identity": user, "grant": "deploy", "from": start, "until": end}],
        "releases": [{"id": "r1", "workload": "k8s:c:serviceaccount/n/a", "at": start}],
        "exceptions": [
            {
                "control": "revoked_credential_used",
                "identity": user,
                "owner": "team-x",
                "reason": "test",
                "until": "2026-12-02T00:00:00Z",
            }
        ],
    }
    reading = inventory.read(json.dumps(document).encode(), Context())
    assert {activity.operation: activity.uid for activity in reading.activities} == OF_RELEASE_0_2_0

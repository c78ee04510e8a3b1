"""What py-ocsf-models 0.10.0 demands beyond the published schema, held without the package.

Its models (`py_ocsf_models/objects/service.py`, `user.py`, `account.py`) have as required what OCSF has as
optional or recommended: a service needs name, uid and version; a user beside its uid needs name, type_id and
an account, and that needs name, uid and type_id.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from schemas.evidence import Evidence
from schemas.finding import _evidence, _resource
from schemas.verdict import Verdict

USER = {"account", "name", "type_id", "uid"}
ACCOUNT = {"name", "type_id", "uid"}


def test_an_owner_has_all_that_readers_demand() -> None:
    owner = _resource("aws:1:role/r", "team-a", {})["owner"]
    assert owner.keys() >= USER and owner["account"].keys() >= ACCOUNT
    assert {owner["name"], owner["uid"], owner["account"]["uid"]} == {"team-a"}
    assert "owner" not in _resource("aws:1:role/r", "", {})


def test_evidence_names_its_log_and_no_service_that_it_does_not_know() -> None:
    verdict = cast(Verdict, SimpleNamespace(identity="aws:1:role/r", credential="c"))
    shown = _evidence(Evidence(1_000, "e", "cloudtrail/default", actor="a", credential="c"), verdict, {})
    assert shown["data"]["source"] == "cloudtrail" and "service" not in shown["api"]


def test_who_is_named_has_the_name_that_people_know_beside_the_key() -> None:
    entity = "vault:default:entity/2631531a-6033-a028-949c-c8ca52dbfe5c"
    assert _resource(entity, "", {entity: "payments"})["name"] == "payments"
    assert _resource("aws:1:role/r", "", {})["name"] == "r"
    verdict = cast(Verdict, SimpleNamespace(identity=entity, credential="c"))
    user = _evidence(Evidence(1_000, "e", "vault", actor=entity), verdict, {entity: "payments"})["actor"][
        "user"
    ]
    assert (user["uid"], user["name"]) == (entity, "payments")

"""Links of credentials, from where each was issued to where it was used: the sets that hold no kills."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from tests.score.rules import Case, FalseAlarm, Score
from tests.support.replayed import data, replayed

LINK = "link issued → used"
"""Stands where other cases have their control."""


def cloudtrail(folder: Path) -> Score:
    """Stratus: keys and sessions that were issued, by the event that issued each."""
    links = orjson.loads(data("ground_truth/stratus_credential_links.json").read_bytes())
    said = replayed(folder, data("cloudtrail/DataDog_stratus-red-team"))
    wanted = {f"aws:key/{link['issued_key']}": (link["event_id"], link["uses"] > 0) for link in links}
    return _scored("cloudtrail", wanted, said.credentials)


def vault(folder: Path) -> Score:
    """HashiCorp's tutorial: tokens that were issued, by the line that issued each. Of other credentials it
    tells nothing."""
    links = orjson.loads(data("ground_truth/vault_learn_token_links.json").read_bytes())
    log = next(data("vault").glob("hashicorp-education_*/**/*.log"))
    lines = log.read_bytes().splitlines()
    said = replayed(folder, log)
    wanted = {
        f"vault:default:accessor/{link['accessor']}": (_request(lines, link["line"]),
        link["uses"] > 0) for link in links
    }  # fmt: skip
    return _scored("vault", wanted, [row for row in said.credentials if ":accessor/" in row["credential"]])


def _request(lines: list[bytes], number: int) -> str:
    return str(orjson.loads(lines[number - 1])["request"]["id"])


def _scored(source: str, wanted: dict[str, tuple[str, bool]], rows: list[dict[str, Any]]) -> Score:
    links = {
        row["credential"]: (row["issued"]["uid"], bool(row["first_use"])) for row in rows if row["issued"]
    }
    score = Score()
    for credential, link in wanted.items():
        case = Case(credential, source, "link", LINK, frozenset({link[0]}))
        (score.found if links.get(credential) == link else score.missed).append(case)
    score.false = [FalseAlarm(source, LINK, name, "no such link") for name in links if name not in wanted]
    return score

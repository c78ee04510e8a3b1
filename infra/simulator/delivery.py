"""Files as CloudTrail delivers them: one per account, region and some hours, named as in its bucket."""

from __future__ import annotations

import gzip
import hashlib
from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import orjson

from infra.simulator.estate import HOME
from infra.simulator.story import Sent, Story

BLOCK = timedelta(hours=6)
"""Hours that one file covers; CloudTrail itself writes one every five minutes."""


def deliver(story: Story, folder: Path) -> list[Path]:
    """Writes the story's files. The home region's, which hold the changes to identities, are left readable;
    all others are gzipped, as CloudTrail does."""
    folder.mkdir(parents=True, exist_ok=True)
    blocks: dict[tuple[int, str, str], list[Sent]] = defaultdict(list)
    for sent in story.sent:
        block = (sent.delivered - story.start) // BLOCK
        blocks[block, sent.record["recipientAccountId"], sent.record["awsRegion"]].append(sent)
    return [_write(folder, *key, many, story) for key, many in sorted(blocks.items())]


def _write(folder: Path, block: int, account: str, region: str, many: Iterable[Sent], story: Story) -> Path:
    body = b'{"Records":[' + b",\n".join(orjson.dumps(sent.record) for sent in many) + b"]}\n"
    ended = story.start + BLOCK * (block + 1)
    digest = hashlib.sha256(body).hexdigest()[:16]
    path = folder / f"{account}_CloudTrail_{region}_{ended:%Y%m%dT%H%MZ}_{digest}.json"
    if region == HOME:
        path.write_bytes(body)
        return path
    packed = path.with_name(path.name + ".gz")
    packed.write_bytes(gzip.compress(body, mtime=0))
    return packed

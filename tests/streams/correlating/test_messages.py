"""What a settling says goes out so that its order can be told."""

from __future__ import annotations

from correlators.kernel.catalogue import controls
from correlators.kernel.correlator import Settled
from schemas.lifeline import Lifeline
from streams.correlating.messages import messages
from streams.kafka import topics


def test_rows_of_one_credential_keep_to_one_partition_whoever_tells_them() -> None:
    names = [f"aws:key/AKIA{n}" for n in range(40)]
    seen: dict[str, set[int | None]] = {name: set() for name in names}
    for identity in ("aws:1:user/a", "aws:1:user/b"):
        for name in names:
            for message in messages(Settled(credentials=[Lifeline(name, identity)]), controls(), 8):
                assert message.topic == topics.CREDENTIALS
                seen[name].add(message.partition)
    assert all(len(partitions) == 1 and None not in partitions for partitions in seen.values())
    assert len({next(iter(partitions)) for partitions in seen.values()}) == topics.OUTPUT_PARTITIONS

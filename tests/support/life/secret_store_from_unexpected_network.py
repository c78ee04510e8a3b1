"""Ordinary life around ``secret_store_from_unexpected_network``: how readers of secrets come to move."""

from __future__ import annotations

from msgspec.structs import replace

from schemas.activity import Activity
from tests.support.declared import approved, declared
from tests.support.kubernetes import ACCOUNT
from tests.support.life import DAY, HOUR, Life, account, at, cluster, trail

BOT = "aws:111122223333:user/deployer"
OFFICE, AWAY, STANDBY = "198.51.100.7", "203.0.113.9", "192.0.2.30"
HOME = "198.51.100.0/24"


def read(when: float, place: str = OFFICE) -> Activity:
    return trail(when, "GetSecretValue", "secretsmanager", place=place, secretId="db")


def key(when: float, number: int, place: str = OFFICE) -> Activity:
    """By one of the sessions of which a job gets another each day."""
    return replace(read(when, place), credential=f"aws:key/ASIAJOB{number:013}")


def places(*names: str, recorded: float = -HOUR, who: str = BOT) -> Activity:
    return declared(who, recorded, f"places {recorded} {names}", places=names)


def pod(when: float, address: str) -> Activity:
    """Each pod has a token of its own."""
    holder = account(jti=f"1b81481c-ddd2-4800-be9d-{address.replace('.', ''):0>12}")
    return cluster(when, "get", "secrets", "db", by="mailer-reader", sourceIPs=[address], user=holder)


def weeks(days: int = 10, place: str = OFFICE) -> list[Activity]:
    return [key(n * DAY, n, place) for n in range(days)]


LIVES = [
    Life(
        "a host of both families is told by its address of the fourth version within the sixth",
        "another host is",
        [places(HOME), read(10, f"::ffff:{OFFICE}")], [places(HOME), read(10, f"::ffff:{AWAY}")],
    ),
    Life(
        "a new NAT gateway after a deploy, declared the day after",
        "another network is declared",
        [places(HOME), read(10), read(60, AWAY), places("203.0.113.0/24", recorded=DAY)],
        [places(HOME), read(10), read(60, AWAY), places("192.0.2.0/24", recorded=DAY)],
    ),
    Life(
        "pods move between nodes of the declared cluster",
        "one comes to the cluster from outside",
        [places("cluster/c1", who=ACCOUNT), pod(0, "10.1.2.3"), pod(60, "10.9.8.7"), pod(90, "10.4.4.4")],
        [places("cluster/c1", who=ACCOUNT), pod(0, "10.1.2.3"), pod(60, AWAY)],
    ),
    Life(
        "AWS reads it for a task that starts: no address, or a service's name",
        "the same from an address",
        [places(HOME), read(10), read(60, "ecs-tasks.amazonaws.com"), read(70, "AWS Internal")],
        [places(HOME), read(10), read(60, AWAY)],
    ),
    Life(
        "blue and green in two declared networks", "a third",
        [places(HOME, "192.0.2.0/24"), read(10), read(60, STANDBY), read(70), read(80, STANDBY)],
        [places(HOME, "192.0.2.0/24"), read(10), read(60, STANDBY), read(70, AWAY)],
    ),
    Life(
        "hosts of one network of the sixth version change their addresses by the day",
        "another network of it",
        [places("2001:db8:1::/48"), read(10, "2001:db8:1:2::7"), read(DAY, "2001:db8:1:2:8:9:a:b")],
        [places("2001:db8:1::/48"), read(10, "2001:db8:1:2::7"), read(DAY, "2001:db8:2::1")],
    ),
    Life(
        "a break-glass drill that is approved: the emergency account reads from a place apart",
        "the day after the drill",
        [places(HOME), approved(BOT, 30, HOUR, "break-glass", "drill"), read(60, AWAY)],
        [places(HOME), approved(BOT, 30, HOUR, "break-glass", "drill"), read(DAY, AWAY)],
    ),
    Life(
        "the trail delivers reads of before the record hours later",
        "reads of after it",
        [places(HOME, recorded=HOUR), replace(read(60, AWAY), arrived=at(3 * HOUR)), read(2 * HOUR)],
        [places(HOME, recorded=HOUR), replace(read(HOUR + 60, AWAY), arrived=at(3 * HOUR)), read(2 * HOUR)],
    ),
    Life(
        "the office changes its provider: after ten days all comes from the new network",
        "the old one goes on beside it",
        [*weeks(), *(key(n * DAY, n, AWAY) for n in range(10, 14))],
        [*weeks(14), key(11 * DAY + 60, 99, AWAY)],
    ),
    Life(
        "hosted runners, which read from another network with each job",
        "one that reads from its own for ten days, and once from elsewhere",
        [key(n * DAY, n, f"203.0.{n}.9") for n in range(14)],
        [*weeks(14), key(12 * DAY + 60, 99, AWAY)],
    ),
    Life(
        "autoscaling: new hosts of the same network read what they need as they start",
        "a new host elsewhere",
        [*weeks(12), *(key(11 * DAY + n, 100 + n, f"198.51.100.{20 + n}") for n in range(5))],
        [*weeks(12), key(10 * DAY + 60, 100, AWAY)],
    ),
]  # fmt: skip

"""Ordinary life in AWS, each beside what would be real: gateways and endpoints, links opened by others,
users that live for a lease, users that a deployment makes anew."""

from __future__ import annotations

from infra.simulator.cases import CONTRADICTION, Step
from infra.simulator.year_case import YearCase

GATEWAYS = ("192.0.2.101", "192.0.2.102", "192.0.2.103")
"""Public addresses of the NAT gateways of one network, one in each zone."""

ENDPOINT = (("vpcEndpointId", "vpce-0a1b2c3d4e5f60718"),)
SIGNED_ONCE = (("additionalEventData", {"AuthenticationMethod": "QueryString"}),)
SIGNED_AGAIN = (("additionalEventData", {"AuthenticationMethod": "AuthHeader"}),)

BEHIND_GATEWAYS = (
    Step("08:00:00", "admin-jo", "create_key", "nightly-sync.next"),
    *(
        Step(f"{day}+{9 + hour:02}:00:00", "nightly-sync.next", "list_queues", place=GATEWAYS[hour % 3])
        for day in range(4)
        for hour in range(6)
    ),
)
ON_AN_INSTANCE = (
    Step("09:00:00", "ec2", "assume", "model-trainer", into="instance", hours=6),
    *(
        step
        for hour in (9, 10, 11)
        for step in (
            Step(f"{hour}:10:00", "instance", "get_object", place="10.20.0.5", beside=ENDPOINT),
            Step(f"{hour}:11:00", "instance", "list_queues", place=GATEWAYS[0]),
        )
    ),
)
FLEET = tuple(f"192.0.2.{n}" for n in range(120, 126))
"""Public addresses of the hosts that share a key."""

ON_A_FLEET = (
    Step("08:00:00", "admin-jo", "create_key", "render-farm.next"),
    *(
        Step(f"{9 + hour:02}:{5 * n:02}:00", "render-farm.next", "get_object", place=host)
        for hour in range(5)
        for n, host in enumerate(FLEET)
    ),
)
SHARES_FILES = (
    Step("09:00:00", "file-share", "get_object"),
    Step("09:30:00", "file-share", "put_object"),
    Step("11:30:00", "file-share", "put_object"),
)

ORDINARY_AWS: tuple[YearCase, ...] = (
    YearCase(
        "three_gateways",
        "a job behind the NAT gateways of three zones comes from three addresses from its first day on",
        "nightly-sync",
        BEHIND_GATEWAYS,
        expects="silence",
    ),
    YearCase(
        "beside_three_gateways",
        "the same job, and days later somebody uses its key from a fourth address",
        "nightly-sync",
        (
            *BEHIND_GATEWAYS,
            Step("3+11:05:00", "nightly-sync.next", "list_queues", mark=CONTRADICTION, place="198.18.0.9"),
        ),
        "credential_in_two_places",
        "medium",
    ),
    YearCase(
        "fleet_shares_a_key",
        "six hosts work with one key from its first hour on",
        "render-farm",
        ON_A_FLEET,
        expects="silence",
    ),
    YearCase(
        "beside_the_fleet",
        "the same, and the key is used from a seventh host hours later",
        "render-farm",
        (
            *ON_A_FLEET,
            Step("12:31:00", "render-farm.next", "get_object", mark=CONTRADICTION, place="198.18.0.9"),
        ),
        "credential_in_two_places",
        "medium",
    ),
    YearCase(
        "endpoint_and_gateway",
        "an instance reaches S3 by an endpoint and everything else by a gateway",
        "model-trainer",
        ON_AN_INSTANCE,
        expects="silence",
    ),
    YearCase(
        "beside_the_endpoint",
        "the same instance, and its session reads from S3 outside, too",
        "model-trainer",
        (
            *ON_AN_INSTANCE,
            Step("10:30:00", "instance", "get_object", mark=CONTRADICTION, place="198.18.0.9"),
        ),
        "credential_in_two_places",
        "medium",
    ),
    YearCase(
        "links_opened_by_customers",
        "customers open links that were signed once",
        "file-share",
        (
            *SHARES_FILES,
            *(
                Step(f"10:{n:02}:00", "file-share", "get_object", place=f"198.18.7.{n}", beside=SIGNED_ONCE)
                for n in range(1, 7)
            ),
        ),
        expects="silence",
    ),
    YearCase(
        "key_signs_elsewhere",
        "somebody signs requests of his own with the key that signed the links",
        "file-share",
        (
            *SHARES_FILES,
            Step(
                "10:10:00", "file-share", "get_object", mark=CONTRADICTION, place="198.18.7.1",
                beside=SIGNED_AGAIN,
            ),
        ),
        "credential_in_two_places",
        "medium",
    ),
    YearCase(
        "user_for_a_lease",
        "a declared maker makes a user with a key for a quarter of an hour, and takes both away",
        "leased",
        (
            Step("09:00:00", "engine", "create_user", "leased"),
            Step("09:00:02", "engine", "create_key", "leased.key"),
            Step("09:05:00", "leased.key", "list_buckets"),
            Step("09:15:00", "engine", "delete_key", "leased.key"),
            Step("09:15:01", "engine", "delete_user", "leased"),
        ),
        expects="silence",
        about="identity",
        also=("unknown_identity",),
    ),
    YearCase(
        "user_made_anew",
        "a deployment replaces a user: the same actor deletes it and makes it anew within minutes",
        "mail-relay",
        (
            Step("09:00:00", "admin-jo", "delete_key", "mail-relay"),
            Step("09:00:02", "admin-jo", "delete_user", "mail-relay"),
            Step("09:00:20", "admin-jo", "create_user", "mail-relay"),
            Step("09:00:22", "admin-jo", "create_key", "mail-relay.next"),
            Step("09:30:00", "mail-relay.next", "list_queues"),
            Step("1+09:30:00", "mail-relay.next", "list_queues"),
        ),
        expects="silence",
        about="identity",
    ),
)  # fmt: skip

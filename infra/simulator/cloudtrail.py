"""The writer of CloudTrail: one call as the record that AWS would deliver.

Layout: AWS, "CloudTrail record contents", event version 1.11; the order of fields is that of delivered files.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from infra.simulator.chance import Chance
from infra.simulator.estate import HOME, Holder

GLOBAL = frozenset({"iam", "organizations", "sts"})
"""Services that are logged in us-east-1, wherever their caller is."""

DATA_EVENTS = frozenset({"GetObject", "PutObject", "GetItem", "PutItem", "Query", "Invoke"})

Record = dict[str, Any]


def stamp(moment: datetime) -> str:
    """Returns a moment as CloudTrail writes it: UTC, whole seconds, with a Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def console_time(moment: datetime) -> str:
    """Returns how STS and IAM write times into their answers: ``Nov 22, 2026, 9:05:00 AM``."""
    hour = (moment.hour - 1) % 12 + 1
    return f"{moment:%b} {moment.day}, {moment.year}, {hour}:{moment:%M:%S} {moment:%p}"


class CloudTrail:
    """Makes records. ``caller`` of an AWS service's own call is a Holder of kind ``service`` named by its
    host."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance

    def record(
        self,
        caller: Holder,
        moment: datetime,
        service: str,
        operation: str,
        *,
        request: Record | None = None,
        response: Record | None = None,
        error: tuple[str, str] | None = None,
        resources: list[Record] | None = None,
        writes: bool = False,
        through: str = "",
        beside: Iterable[tuple[str, Any]] = (),
    ) -> Record:
        """Returns one record of the trail. ``through``: the AWS service that calls on the caller's behalf.
        ``beside``: further fields."""
        data = operation in DATA_EVENTS
        host = through or (caller.name if caller.kind == "service" else "")
        region = HOME if service in GLOBAL else caller.region
        record: Record = {
            "eventVersion": "1.11",
            "userIdentity": self._identity(caller, through),
            "eventTime": stamp(moment),
            "eventSource": f"{service}.amazonaws.com",
            "eventName": operation,
            "awsRegion": region,
            "sourceIPAddress": host or caller.place,
            "userAgent": host or f"[{caller.agent}]" * data or caller.agent,
        }
        if error:
            record["errorCode"], record["errorMessage"] = error
        record["requestParameters"] = request
        record["responseElements"] = None if error else response
        record["requestID"] = self._chance.uuid()
        record["eventID"] = self._chance.uuid()
        record["readOnly"] = not writes
        if resources:
            record["resources"] = resources
        record["eventType"] = "AwsApiCall"
        record["managementEvent"] = not data
        record["recipientAccountId"] = caller.account
        record["eventCategory"] = "Data" if data else "Management"
        if not host:
            record["tlsDetails"] = {
                "tlsVersion": "TLSv1.3",
                "cipherSuite": "TLS_AES_128_GCM_SHA256",
                "clientProvidedHostHeader": f"{service}.amazonaws.com" if service == "iam" else
            f"{service}.{region}.amazonaws.com", }  # fmt: skip
        record.update(beside)
        return record

    def assume(
        self, caller: Holder, moment: datetime, role: Holder, until: datetime, handle: str
    ) -> tuple[Record, Holder]:
        """Returns an AssumeRole that succeeds, and the session that it gave."""
        session = role_session(caller, moment, self._chance)
        key = self._chance.unique_id("ASIA")
        made = replace(role, handle=handle, key=key, session=session, made=stamp(moment))
        if caller.kind != "service":
            made = replace(made, place=caller.place, agent=caller.agent, region=caller.region)
        record = self.record(
            caller,
            moment,
            "sts",
            "AssumeRole",
            request={
                "roleArn": role.arn,
                "roleSessionName": session,
                "durationSeconds": int((until - moment).total_seconds()),
            },
            response={
                "credentials": {
                    "accessKeyId": key,
                    "sessionToken": self._chance.token(),
                    "expiration": console_time(until),
                },
                "assumedRoleUser": {"assumedRoleId": f"{role.principal}:{session}", "arn": session_arn(made)},
            },
            resources=[{"accountId": role.account, "type": "AWS::IAM::Role", "ARN": role.arn}],
        )
        return record, made

    def _identity(self, caller: Holder, through: str) -> Record:
        if caller.kind == "service":
            return {"type": "AWSService", "invokedBy": caller.name}
        record: Record = {
            "type": "IAMUser" if caller.kind == "user" else "AssumedRole",
            "principalId": caller.principal + (f":{caller.session}" if caller.session else ""),
            "arn": caller.arn if caller.kind == "user" else session_arn(caller),
            "accountId": caller.account,
            "accessKeyId": caller.key,
        }
        if caller.kind == "user":
            record["userName"] = caller.name
        else:
            record["sessionContext"] = {
                "sessionIssuer": {
                    "type": "Role",
                    "principalId": caller.principal,
                    "arn": caller.arn,
                    "accountId": caller.account,
                    "userName": caller.name,
                },
                "attributes": {"creationDate": caller.made, "mfaAuthenticated": "false"},
            }
        if through:
            record["invokedBy"] = through
        return record


def session_arn(session: Holder) -> str:
    """Returns the ARN of an assumed role's session."""
    return f"arn:aws:sts::{session.account}:assumed-role/{session.name}/{session.session}"


def role_session(caller: Holder, moment: datetime, chance: Chance) -> str:
    """Returns the session name that a caller gives: an instance id for a service, else name and second."""
    if caller.kind == "service":
        return f"i-{chance.getrandbits(68):017x}"
    return f"{caller.name}-{int(moment.timestamp())}"

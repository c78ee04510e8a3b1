"""The logs of MCP gateways line by line, as their products write them: what each line is worth for an agent's
catalogue. Of one who may call ``search`` alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.activity import Activity
from schemas.sources import Context, cloudtrail, detect, inventory, mcp
from schemas.verdict import Verdict
from tests.support.agent_calls import ended
from tests.support.declared import verdicts

NOW = "2026-11-22T10:00:00Z"
RUN, REFUSED, OPEN = ["executed"], ["refused"], ["undecided"]
ASKED, NONE = ["unanswered"], None
CONTEXT = Context(key=b"site")


def kong(*calls: dict[str, Any], status: int = 200, audit: Any = (), **more: Any) -> dict[str, Any]:
    line = {
        "started_at": 1_795_341_600_000, "client_ip": "198.51.100.7", "service": {"name": "tickets"},
        "consumer": {"username": "ada", "id": "c-1"}, "request": {"headers": {"user-agent": "x"}},
        "response": {"status": status}, "ai": {"mcp": {"rpc": list(calls), "audit": list(audit)}},
    }  # fmt: skip
    return {name: part for name, part in (line | more).items() if part is not None}


def rpc(tool: str | None = "drop", method: str = "tools/call", **more: Any) -> dict[str, Any]:
    return {"method": method, "id": "3", "latency": 1, "tool_name": tool} | more


DENY = {"primitive_name": "drop", "primitive": "tool", "action": "deny", "scope": "primitive"}


def toolhive(outcome: str, kind: str = "mcp_tool_call", method: str = "tools/call", **extra: Any) -> Any:
    return {
        "time": NOW, "level": "INFO+2", "msg": "audit_event", "audit_id": "a", "type": kind, "logged_at": NOW,
        "outcome": outcome, "component": "tickets", "source": {"type": "network", "value": "198.51.100.7"},
        "subjects": {"user": "Ada", "user_id": "ada"}, "metadata": {"extra": extra},
        "target": {"endpoint": "/messages", "method": method, "type": "tool", "name": "drop"},
    }  # fmt: skip


def registry(status: str, kind: str = "mcp_server_access", method: str = "tools/call", **more: Any) -> Any:
    return {
        "timestamp": NOW, "log_type": kind, "version": "1.0", "request_id": "r",
        "identity": {"username": "ada", "auth_method": "oauth2", "credential_type": "bearer_token"},
        "mcp_server": {"name": "tickets", "path": "/tickets", "proxy_target": "https://tickets.example.com"},
        "mcp_request": {"method": method, "tool_name": "drop", "jsonrpc_id": "7", "mcp_session_id": "s"},
        "mcp_response": {"status": status, "duration_ms": 1, **more},
    }  # fmt: skip


def agentgateway(status: int, **more: Any) -> dict[str, Any]:
    line = {
        "level": "info", "time": NOW, "scope": "request", "gateway": "default/mcp", "route": "r",
        "src.addr": "198.51.100.7:51000", "http.method": "POST", "http.path": "/mcp", "http.status": status,
        "jwt.sub": "ada", "mcp.method.name": "tools/call", "mcp.target": "tickets",
        "gen_ai.tool.name": "drop",
    }  # fmt: skip
    return {name: part for name, part in (line | more).items() if part is not None}


def github(kind: str, **payload: Any) -> dict[str, Any]:
    message = {"jsonrpc": "2.0", **payload} if payload else None
    line = {"timestamp": NOW, "type": kind, "server_id": "tickets", "payload": message}
    return {name: part for name, part in line.items() if part is not None}


LINES: dict[str, tuple[dict[str, Any], list[str] | None]] = {
    "kong: answered": (kong(rpc()), RUN),
    "kong: denied by its list": (kong(rpc(), audit=[DENY]), REFUSED),
    "kong: denied before it became a call": (kong(audit=[DENY]), REFUSED),
    "kong: another tool denied": (kong(rpc(), audit=[DENY | {"primitive_name": "rm"}]), RUN),
    "kong: the tool is allowed": (kong(rpc(), audit=[DENY | {"action": "allow"}]), RUN),
    "kong: 403": (kong(rpc(), status=403), REFUSED),
    "kong: an error": (kong(rpc(error="Internal")), OPEN),
    "kong: a list": (kong(rpc(None, "tools/list")), NONE),
    "kong: no consumer": (kong(rpc(), consumer=None), NONE),
    "kong: a request that is none of this": (kong(ai=None), NONE),
    "toolhive: HTTP was fine": (toolhive("success"), ASKED),
    "toolhive: denied": (toolhive("denied"), REFUSED),
    "toolhive: no such tool": (toolhive("application_error", jsonrpc_error_code=-32602), REFUSED),
    "toolhive: went wrong inside": (toolhive("application_error", jsonrpc_error_code=-32603), OPEN),
    "toolhive: 404": (toolhive("failure"), OPEN),
    "toolhive: 500": (toolhive("error"), OPEN),
    "toolhive: a list": (toolhive("success", "mcp_tools_list", "tools/list"), NONE),
    "toolhive: a session": (toolhive("success", "mcp_initialize", "initialize"), NONE),
    "toolhive: a connection": (toolhive("success", "sse_connection", "GET"), NONE),
    "toolhive: a request": (toolhive("denied", "http_request", "GET"), NONE),
    "registry: answered": (registry("success"), RUN),
    "registry: no such tool": (registry("error", error_code=-32602), REFUSED),
    "registry: went wrong inside": (registry("error", error_code=-32603), OPEN),
    "registry: 403": (registry("error", error_code=403), REFUSED),
    "registry: 401": (registry("error", error_code=401), REFUSED),
    "registry: no answer in time": (registry("timeout"), ASKED),
    "registry: as its database exports it": (registry("success") | {"timestamp": {"$date": NOW}}, RUN),
    "registry: a list": (registry("success", method="tools/list"), NONE),
    "registry: its own interface": (registry("success", "registry_api_access"), NONE),
    "registry: a token made": (registry("success", "token_mint"), NONE),
    "agentgateway: HTTP was fine": (agentgateway(200), ASKED),
    "agentgateway: 403": (agentgateway(403), REFUSED),
    "agentgateway: 401": (agentgateway(401), REFUSED),
    "agentgateway: the tool by its older name": (
        agentgateway(403, **{"gen_ai.tool.name": None, "mcp.resource.name": "drop"}), REFUSED,
    ),
    "agentgateway: a list": (agentgateway(200, **{"mcp.method.name": "tools/list"}), NONE),
    "agentgateway: nobody": (agentgateway(200, **{"jwt.sub": None}), NONE),
    "agentgateway: a request that is none of this": (agentgateway(401, **{"mcp.method.name": None}), NONE),
    "agentgateway: a model is asked": (
        agentgateway(200, **{"mcp.method.name": None, "gen_ai.operation.name": "chat"}), NONE,
    ),
    "github: a call by nobody": (github("REQUEST", method="tools/call", params={"name": "drop"}), NONE),
    "github: an answer": (github("RESPONSE", id=2, result={"content": []}), NONE),
    "github: filtered": (github("DIFC_FILTERED"), NONE),
}  # fmt: skip


@pytest.mark.parametrize("name", LINES)
def test_a_gateways_line_is_worth_what_it_says(name: str) -> None:
    line, worth = LINES[name]
    body = json.dumps(line).encode()
    assert detect(body) == "mcp"
    found = mcp.read(body, CONTEXT)
    assert not found.rejects and len(found.activities) + found.passed >= 1
    agents = {key: how for key, how in ended(found.activities).items() if key[0].endswith("/ada")}
    assert agents == ({} if worth is None else {(next(iter(agents))[0], "drop"): worth})


# Amazon Bedrock AgentCore

CLAIMS = {"sub": "ada", "iss": "https://idp.example.com", "jti": "j-1", "client_id": "c"}
NOBODY = {"type": "AWSAccount", "principalId": "", "accountId": "anonymous"}
ISSUER = {"type": "Role", "arn": "arn:aws:iam::111122223333:role/triage", "userName": "triage"}
ROLE = {
    "type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/triage/s",
    "accountId": "111122223333", "accessKeyId": "ASIAEXAMPLE0000000X",
    "sessionContext": {"sessionIssuer": ISSUER},
}  # fmt: skip


def agentcore(body: Any, status: int = 200, who: Any = None, tool: str = "tickets___drop") -> dict[str, Any]:
    asked = {"id": 7, "jsonrpc": "2.0", "method": "tools/call", "params": {"name": tool}}
    return {
        "eventVersion": "1.11", "userIdentity": who or NOBODY, "eventTime": NOW,
        "eventID": f"{status} {body}",
        "eventSource": "bedrock-agentcore.amazonaws.com", "eventName": "InvokeGateway",
        "sourceIPAddress": "198.51.100.7", "requestParameters": {"body": asked},
        "responseElements": {"statusCode": status, "body": body}, "eventType": "AwsApiCall",
        "recipientAccountId": "111122223333", "eventCategory": "Data",
        "additionalEventData": None if who else {"jwt": {"claims": CLAIMS}},
    }  # fmt: skip


def answered(**more: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 7, **more}


DONE = answered(result={"isError": False, "content": []})
DENIED = "AuthorizeActionException - Tool Execution Denied: Tool call not allowed due to policy enforcement"


@pytest.mark.parametrize(
    ("event", "worth"),
    [
        pytest.param(agentcore(DONE), RUN, id="answered"),
        pytest.param(agentcore(json.dumps(DONE)), RUN, id="its body as text"),
        pytest.param(agentcore(None), ASKED, id="no answer"),
        pytest.param(agentcore(answered(error={"code": -32602})), REFUSED, id="no such tool"),
        pytest.param(agentcore(answered(error={"code": -32603})), OPEN, id="went wrong inside"),
        pytest.param(agentcore(answered(error={"code": -32002}), 403), REFUSED, id="403"),
        pytest.param(
            agentcore(answered(result={"isError": True, "content": [{"type": "text", "text": DENIED}]})),
            REFUSED, id="denied by its policy",
        ),
        pytest.param(
            agentcore(answered(result={"isError": True, "content": [{"type": "text", "text": "disk full"}]})),
            RUN, id="the tool failed",
        ),
        pytest.param(agentcore(DONE, tool="drop"), RUN, id="a tool without a target"),
    ],
)  # fmt: skip
def test_a_call_through_agentcore_ends_as_its_answer_says(event: dict[str, Any], worth: list[str]) -> None:
    found = cloudtrail.read(json.dumps(event).encode(), CONTEXT)
    assert ended(found.activities) == {("agent:bedrock-agentcore/ada", "drop"): worth}


def loud(*many: Activity, **record: Any) -> list[Verdict]:
    document = {"gapwatch": "inventory/v1", "recorded": "2026-11-01T00:00:00Z", "identities": [
        {"id": "agent:desk/triage", "owner": "t", "kind": "agent", "tools": [{"name": "search"}], **record},
    ]}  # fmt: skip
    declared = inventory.read(json.dumps(document).encode(), CONTEXT).activities
    return [v for v in verdicts("tool_outside_catalog", [*declared, *many]) if v.severity]


def test_who_signs_with_a_role_is_the_agent_that_holds_the_role() -> None:
    (activity,) = cloudtrail.read(json.dumps(agentcore(DONE, who=ROLE)).encode(), CONTEXT).activities
    assert (activity.identity, activity.credential) == (
        "aws:111122223333:role/triage", "aws:key/ASIAEXAMPLE0000000X",
    )  # fmt: skip
    (verdict,) = loud(activity, aliases=["aws:111122223333:role/triage"])
    assert verdict.identity == "agent:desk/triage" and "executed drop" in verdict.title
    assert loud(activity, aliases=["aws:111122223333:role/other"]) == []

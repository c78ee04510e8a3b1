"""TokenReviews: a token that was shown to somebody else, who asked the API server about it.

The body holds the token itself; of it only its own id is read. That the server says whether it is valid
makes this a use of that token, by whoever showed it: where from is not known.
"""

from __future__ import annotations

from collections.abc import Iterator

from schemas.activity import Activity
from schemas.sources.kubernetes.call import Call
from schemas.sources.kubernetes.jwt import jti_of
from schemas.sources.kubernetes.who import NOBODY, Who, credential_key, who_of

AUTHENTICATION = "authentication.k8s.io"


def reviewed(call: Call, uid: str) -> Iterator[Activity]:
    """Yields the use of the token that was asked about; nothing where the line has no bodies."""
    if not call.is_on("tokenreviews", group=AUTHENTICATION) or not call.succeeded:
        return
    status = call.answered.status
    if status is None or (not status.authenticated and call.event.stage != "ResponseComplete"):
        return
    spec = call.asked.spec or call.answered.spec
    jti = jti_of(spec.token) if spec else ""
    holder: Who = who_of(status.user, call.prefix, None) if status.authenticated and status.user else NOBODY
    credential = holder.credential or (credential_key(f"JTI={jti}", call.prefix) if jti else "")
    if not credential and not holder.identity:
        return
    yield Activity(
        uid=uid,
        time=call.time,
        source="kubernetes",
        instance=call.instance,
        identity=holder.identity,
        actor_name=holder.name,
        credential=credential,
        operation="shown to another, who had it reviewed",
        service=AUTHENTICATION,
        outcome="succeeded" if status.authenticated else "unauthenticated",
        target=call.who.identity,
        resource="tokenreviews",
        incarnation=holder.incarnation,
        arrived=call.context.arrived,
        processed=call.context.processed,
    )

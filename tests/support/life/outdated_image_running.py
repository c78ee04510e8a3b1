"""Ordinary life around ``outdated_image_running``: how images roll out."""

from __future__ import annotations

from typing import Any

from schemas.activity import Activity, Released
from schemas.claims import UNSAID
from tests.support.life import DAY, HOUR, Life, account, at, cluster, ref

WEB = "k8s:c1:shop/web"
BOT, BOT_KEY = account("release", namespace="ci"), "k8s:c1:ci/release"
SUPPORT = account("support")
ADA = {"username": "ada@example.com", "groups": ["devs"]}
NODE = {"username": "system:node:a", "groups": ["system:nodes"]}
SCALER = {"username": "system:serviceaccount:kube-system:horizontal-pod-autoscaler"}
LATE = 3 * HOUR


def spec(*images: str, **more: Any) -> dict[str, Any]:
    return {"containers": [{"name": f"c{n}", "image": image} for n, image in enumerate(images)], **more}


def written(when: float, *images: str, by: Any = BOT) -> Activity:
    """The deployment is written."""
    body = {"kind": "Deployment", "metadata": {"name": "web"}, "spec": {"template": {"spec": spec(*images)}}}
    return cluster(
        when, "patch", "deployments", "web", user=by, requestObject=body, responseObject=body,
        objectRef=ref("deployments", "web", apiGroup="apps"),
    )  # fmt: skip


def ran(when: float, *images: str, pod: str = "a") -> Activity:
    """The kubelet says what a pod runs."""
    name = f"web-6d4cf56db6-{pod * 5}"
    shown = [{"name": f"c{n}", "image": image} for n, image in enumerate(images)]
    owner = {"kind": "ReplicaSet", "name": "web-6d4cf56db6", "controller": True}
    body = {
        "kind": "Pod", "metadata": {"name": name, "ownerReferences": [owner]},
        "status": {"phase": "Running", "containerStatuses": shown},
    }  # fmt: skip
    return cluster(
        when, "patch", "pods", name, user=NODE, requestObject=body, responseObject=body,
        objectRef=ref("pods", name, subresource="status"), auditID=f"ran {pod} {when}",
    )  # fmt: skip


def scaled(when: float) -> Activity:
    body = {"kind": "Scale", "spec": {"replicas": 9}}
    return cluster(
        when, "update", "deployments", "web", user=SCALER, requestObject=body,
        objectRef=ref("deployments", "web", subresource="scale", apiGroup="apps"),
    )  # fmt: skip


def debugged(when: float, image: str = "busybox:1", by: Any = ADA) -> Activity:
    """``kubectl debug``: a container beside those of a pod."""
    name = "web-6d4cf56db6-aaaaa"
    owner = {"kind": "ReplicaSet", "name": "web-6d4cf56db6", "controller": True}
    meta = {"name": name, "ownerReferences": [owner]}
    asked = {"kind": "Pod", "metadata": meta, "spec": {"ephemeralContainers": [{"image": image}]}}
    answered = {"kind": "Pod", "metadata": meta, "spec": spec("shop/web:2") | {
        "ephemeralContainers": [{"image": image}],
    }}  # fmt: skip
    return cluster(
        when, "patch", "pods", name, user=by, requestObject=asked, responseObject=answered,
        objectRef=ref("pods", name, subresource="ephemeralcontainers"), auditID=f"debug {when}",
    )  # fmt: skip


def released(when: float, image: str, **more: Any) -> Activity:
    effect = Released(WEB, f"release {image} {when}", image, at(when), **({"window": UNSAID} | more))
    return Activity(effect.id, at(when), "inventory", effects=(effect,))


TWO = released(0, "shop/web:2", by=BOT_KEY)
ROLLED = [TWO, written(60, "shop/web:2"), ran(120, "shop/web:2")]

LIVES = [
    Life(
        "a rolling update: old pods end while the new ones start",
        "an old one runs hours later",
        [TWO, written(60, "shop/web:2"), ran(120, "shop/web:1", pod="b"), ran(200, "shop/web:2")],
        [TWO, written(60, "shop/web:2"), ran(200, "shop/web:2"), ran(LATE, "shop/web:1", pod="b")],
    ),
    Life(
        "a canary of the next release, which is declared for tomorrow",
        "a canary of one that nobody declared",
        [*ROLLED, released(DAY, "shop/web:3"), ran(LATE, "shop/web:3", pod="b")],
        [*ROLLED, released(DAY, "shop/web:3"), ran(LATE, "shop/web:4", pod="b")],
    ),
    Life(
        "the pipeline rolls back to the image of before",
        "support does",
        [*ROLLED, written(LATE, "shop/web:1"), ran(LATE + 60, "shop/web:1")],
        [*ROLLED, written(LATE, "shop/web:1", by=SUPPORT), ran(LATE + 60, "shop/web:1")],
    ),
    Life(
        "the scaler adds pods of the released image at noon",
        "the new pods run another one",
        [*ROLLED, scaled(LATE), *(ran(LATE + n, "shop/web:2", pod=p) for n, p in enumerate("bcd"))],
        [*ROLLED, scaled(LATE), *(ran(LATE + n, "fork/web:2", pod=p) for n, p in enumerate("bcd"))],
    ),
    Life(
        "an injector puts a side-car beside it, and another version of that a week later",
        "the side-car stands beside an old image",
        [*ROLLED, ran(LATE, "shop/web:2", "envoy:1"), ran(7 * DAY, "shop/web:2", "envoy:2")],
        [*ROLLED, ran(LATE, "shop/web:2", "envoy:1"), ran(7 * DAY, "shop/web:1", "envoy:2", pod="b")],
    ),
    Life(
        "one image for two platforms, pulled by digest through a mirror",
        "the same tag with a digest of nobody's",
        [released(0, "shop/web:2", digests=("sha256:a", "sha256:b")),
         ran(LATE, "mirror.example.com/shop/web@sha256:a"), ran(LATE, "shop/web:2@sha256:b", pod="b")],
        [released(0, "shop/web:2", digests=("sha256:a", "sha256:b")),
         ran(LATE, "shop/web:2@sha256:c", pod="b")],
    ),
    Life(
        "a person on call debugs a pod with a container beside the others",
        "an account of the site's own puts one there",
        [*ROLLED, debugged(LATE)],
        [*ROLLED, debugged(LATE, by=SUPPORT)],
    ),
    Life(
        "a hot fix at night: its release is recorded the next morning",
        "the record names another image",
        [*ROLLED, written(LATE, "shop/web:2.1"), ran(LATE + 60, "shop/web:2.1"),
         released(LATE, "shop/web:2.1", by=BOT_KEY)],
        [*ROLLED, written(LATE, "shop/web:2.1", by=SUPPORT), ran(LATE + 60, "shop/web:2.1"),
         released(LATE, "shop/web:2.2", by=BOT_KEY)],
    ),
    Life(
        "releases that no record declares: the pipeline sets one image after the other",
        "an account that never did sets one",
        [written(0, "shop/web:1"), written(DAY, "shop/web:2"), written(2 * DAY, "shop/web:3"),
         ran(2 * DAY + 60, "shop/web:3")],
        [written(0, "shop/web:1"), written(DAY, "shop/web:2"), written(2 * DAY, "fork/web:3", by=SUPPORT)],
    ),
]  # fmt: skip

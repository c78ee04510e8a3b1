"""Ordinary life around ``access_outlived_removal``: bindings that come and go, and what stands open then."""

from __future__ import annotations

from typing import Any

from schemas.activity import Activity
from tests.support.bindings import OTHER
from tests.support.declared import approved
from tests.support.kubernetes import ACCOUNT
from tests.support.life import DAY, HOUR, Life, bound, cluster, ref, unbound

HELD = bound(0, "mailer-reader", "reader")


def used(when: float, by: str = "mailer-reader", wide: bool = False) -> Activity:
    return cluster(when, by=by, wide=wide)


def shell(when: float, took: float, what: str = "exec", uid: str = "shell") -> list[Activity]:
    """Both lines of a session; ``took`` 0: it stands yet."""
    watch = what == "watch"
    more: dict[str, Any] = {
        "by": "mailer-reader", "code": 200 if watch else 101, "auditID": uid,
        "objectRef": ref("pods") if watch else ref("pods", "web-1", subresource=what),
    }  # fmt: skip
    verb = "watch" if watch else "create"
    begun = cluster(when, verb, stage="ResponseStarted", **more)
    return [begun] if not took else [begun, cluster(when, verb, took=took, **more)]


def jit(*more: Activity, end: float = HOUR) -> list[Activity]:
    """A role lent for an hour, with its approval."""
    approval = approved(ACCOUNT, 0, end, "rolebinding/shop/night")
    return [approval, bound(10, "night", "admin"), used(60, "night"), unbound(HOUR, "night"), *more]


LIVES = [
    Life(
        "Helm renames a binding in an upgrade: the new one first, then the old one goes",
        "somebody else had made the other one before",
        [HELD, used(10), bound(50, "reader-v2", "reader"), unbound(52, "mailer-reader"),
         used(90, "reader-v2")],
        [HELD, used(10), bound(50, "reader-v2", "reader", OTHER), unbound(52, "mailer-reader"),
         used(90, "reader-v2")],
    ),
    Life(
        "Argo CD replaces a binding: it is gone for a second, while a shell stands open",
        "it is gone for good",
        [HELD, used(10), *shell(20, 600), unbound(60, "mailer-reader"), bound(61, "mailer-reader", "reader"),
         used(90)],
        [HELD, used(10), *shell(20, 600), unbound(60, "mailer-reader")],
    ),
    Life(
        "the end of a shift: the shell was left before the binding went",
        "the shell stands open an hour longer",
        [HELD, used(10), *shell(20, 600), unbound(700, "mailer-reader")],
        [HELD, used(10), *shell(20, HOUR), unbound(700, "mailer-reader")],
    ),
    Life(
        "an informer renews its watches every few minutes: the last ended before",
        "a port-forward stands",
        [HELD, *shell(0, 300, "watch", "w1"), *shell(301, 300, "watch", "w2"), unbound(610, "mailer-reader")],
        [HELD, *shell(0, 300, "watch", "w1"), *shell(301, 0, "portforward", "p1"),
         unbound(610, "mailer-reader")],
    ),
    Life(
        "an update leaves the account in the binding and takes another out",
        "it takes this one out, and its shell stands",
        [bound(0, "mailer-reader", "reader", to=("mailer", "web")), *shell(20, 600),
         bound(60, "mailer-reader", "reader", verb="update")],
        [bound(0, "mailer-reader", "reader", to=("mailer", "web")), *shell(20, 600),
         bound(60, "mailer-reader", "reader", verb="update", to=("web",))],
    ),
    Life(
        "a role that was approved for an hour goes, the account works on by its own",
        "by one that was given beside it meanwhile",
        jit(used(2 * HOUR)),
        jit(bound(30 * 60, "mailer-reader", "reader", OTHER), used(2 * HOUR)),
    ),
    Life(
        "blue and green: the binding of blue goes, and blue is refused",
        "blue goes on by a wider one",
        [HELD, used(10), unbound(60, "mailer-reader"), cluster(90, code=403)],
        [bound(-60, "everybody", "view", wide=True), HELD, used(10), unbound(60, "mailer-reader"),
         used(90, "everybody", wide=True)],
    ),
    Life(
        "a binding is given anew on Monday by the next on call, after it was taken on Friday",
        "the account went on over the week-end by another one",
        [HELD, used(10), unbound(60, "mailer-reader"), bound(3 * DAY, "mailer-reader", "reader", OTHER),
         used(3 * DAY + 60)],
        [bound(-60, "everybody", "view", wide=True), HELD, used(10), unbound(60, "mailer-reader"),
         used(DAY, "everybody", wide=True), bound(3 * DAY, "mailer-reader", "reader", OTHER)],
    ),
]  # fmt: skip

"""Names: what people call an identity or a credential, on screens and in titles."""

from __future__ import annotations

from datetime import timedelta

import pytest

from correlators.kernel.knowledge.join import CALLED_MAX, join
from correlators.kernel.views.view import View
from correlators.kernel.views.wording import called, ended, named
from schemas.activity import Activity, Known
from schemas.dossier import Called, Dossier, Turn
from schemas.evidence import Evidence, micros
from schemas.fact import facts_of
from schemas.naming import bare_name, held, spoken
from schemas.provider import Provider
from schemas.providers import PROVIDERS, is_credential
from schemas.sources.vault.naming import name_of
from schemas.sources.vault.wire import Auth

ENTITY = "vault:prod:entity/2631531a-6033-a028-949c-c8ca52dbfe5c"
TOKEN = "vault:prod:accessor/hmac-sha256:" + "44ad45f5" * 8
DAY = micros(timedelta(days=1))


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("aws:111122223333:user/report-mailer", "AWS user report-mailer (111122223333)"),
        ("aws:111122223333:root", "AWS root user (111122223333)"),
        ("aws:key/ASIAEXAMPLE", "AWS session key ASIAEXAMPLE"),
        ("k8s:c1:shop/mailer", "Kubernetes service account shop/mailer (c1)"),
        ("k8s:c1:user/jo", "Kubernetes user jo (c1)"),
        (
            "gcp:p1:ci@p1.iam.gserviceaccount.com",
            "Google Cloud service account ci@p1.iam.gserviceaccount.com (p1)",
        ),
        ("agent:desk/triage", "agent triage (desk)"),
        (ENTITY, "Vault entity 2631531a… (prod)"),
        (TOKEN, "Vault token 44ad45f5… (prod)"),
        ("vault:default:entity/e1", "Vault entity e1"),
        ("a key of nobody", "a key of nobody"),
    ],
)
def test_a_key_is_said_with_kind_name_and_installation(key: str, said: str) -> None:
    assert spoken(key) == said


def test_a_learned_name_stands_in_for_an_id_and_no_id_of_a_secret_is_shown_with_its_holder() -> None:
    assert spoken(ENTITY, "payments") == "Vault entity payments (prod)"
    assert bare_name(ENTITY, "payments") == "payments"
    assert held(TOKEN) == "its token" and held("aws:key/AKIAEXAMPLE") == "access key AKIAEXAMPLE"


@pytest.mark.parametrize("page", PROVIDERS.values(), ids=lambda page: page.name)
def test_every_page_says_what_its_credentials_are_called(page: Provider) -> None:
    for word in page.words:
        for start in page.credentials:
            key = f"{word}:site{page.installed}{start}x1" if page.installed else f"{word}:{start}x1"
            assert not is_credential(key) or held(key).split()[0] != "credential" or page.sorts, key


def use(day: int, name: str, uid: str = "u") -> Activity:
    return Activity(
        f"{uid}{day}{name}",
        day * DAY,
        "vault",
        "prod",
        identity=ENTITY,
        credential=TOKEN,
        outcome="succeeded",
        actor_name=name,
    )


def dossier(*activities: Activity) -> Dossier:
    known = Dossier()
    for activity in activities:
        for key, fact in facts_of(activity):
            known = join(known, fact) if key == ENTITY else known
    return known


def test_the_name_of_the_latest_day_is_kept_whatever_came_first() -> None:
    first, last = use(1, "billing"), use(2, "payments")
    for many in ((first, last), (last, first), (last, first, last)):
        view = View(ENTITY, dossier(*many))
        assert named(view) == "Vault entity payments (prod)" and called(view, TOKEN) == "its token"
    assert called(View(TOKEN, dossier(first)), TOKEN) == "it"


def test_what_a_caller_chose_gives_way_to_what_the_log_calls_it() -> None:
    assert named(View(ENTITY, dossier(use(1, "payments"), use(9, "token-admin")))).startswith(
        "Vault entity payments"
    )
    assert named(View(ENTITY, dossier(use(1, "token-admin")))) == "Vault entity token-admin (prod)"


def test_a_credential_has_the_name_that_its_record_gives_it() -> None:
    known = Activity("k", DAY, "vault", "prod", effects=(Known(TOKEN, ENTITY, called="nightly"),))
    assert called(View(ENTITY, dossier(known)), TOKEN) == "token nightly"


def test_a_name_that_is_in_the_key_is_not_carried() -> None:
    plain = Activity("u", DAY, "cloudtrail", identity="aws:1:user/a", outcome="succeeded", actor_name="a")
    assert all(not fact.called for _, fact in facts_of(plain))


def test_names_of_one_dossier_are_bounded_in_any_order() -> None:
    many = [Dossier(called={f"k{n:03}": Called(True, n, "x")}) for n in range(CALLED_MAX + 5)]
    one, other = Dossier(), Dossier()
    for fact in many:
        one = join(one, fact)
    for fact in reversed(many):
        other = join(other, fact)
    assert one == other and len(one.called) == CALLED_MAX


@pytest.mark.parametrize(
    ("auth", "name"),
    [
        (Auth(display_name="approle", metadata={"role_name": "svc-search"}), "svc-search"),
        (Auth(display_name="userpass-jo", metadata={"username": "jo"}), "jo"),
        (
            Auth(
                display_name="kubernetes-x",
                metadata={"role": "r", "service_account_name": "api", "service_account_namespace": "shop"},
            ),
            "shop/api",
        ),
        (Auth(display_name="token-x", metadata={"role_name": "chosen by its maker"}), "token-x"),
        (Auth(display_name="root"), "root"),
        (Auth(), ""),
    ],
)
def test_vault_names_who_logged_in_and_not_what_a_token_was_given(auth: Auth, name: str) -> None:
    assert name_of(auth) == name


def test_ends_are_said_in_words() -> None:
    def said(source: str, how: str, kind: str, about: str = TOKEN, of: str = TOKEN) -> str:
        return ended(Turn(1, False, how, Evidence(1, "e", source), kind, about=about), of)  # type: ignore[arg-type]

    assert said("vault", "auth/token/revoke-accessor", "revoked") == "it was revoked by accessor"
    assert said("vault", "auth/approle/role/search deleted", "group") == "its role search was deleted"
    assert said("cloudtrail", "DeleteAccessKey", "deleted") == "it was deleted"
    assert said("cloudtrail", "DeleteUser", "deleted", "aws:1:user/a") == "its user was deleted"
    assert said("inventory", "declared revoked", "declared") == "it was declared revoked"
    assert said("cloudtrail", "expiry", "exhausted") == "it expired"
    assert (
        said("kubernetes", "delete rolebindings/x", "removed") == "it was taken away (delete rolebindings/x)"
    )

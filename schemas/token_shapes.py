"""Shapes of secrets: how tokens look whose issuers write down how they look.

Issuers give their tokens a beginning of their own, so that scanners know them wherever they turn up. Each row
says how such a token begins and goes on; the page of the issuer that says so stands above it. A test holds
the table to the rules of a kept scanner (detect-secrets).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple


class Shape(NamedTuple):
    """A token of ``issuer`` begins with one of ``begins`` and ``goes_on`` as a regular expression says.
    ``alone``: its beginning is so short that it counts only where no word goes on with it.
    """

    issuer: str
    begins: tuple[str, ...]
    goes_on: str
    alone: bool = False


NAMESPACE = r"(?:\.[A-Za-z0-9]{1,16}(?![\w-]))?"
"""The id of a namespace, which Vault and OpenBao put after a token."""

JFROG_PASSWORDS = tuple(f"AP{sign}" for sign in "0123456789ABCDEF")
PEM = r"[A-Z0-9 ]*PRIVATE KEY(?:[^-]|-(?!----END))*(?:-----END [A-Z0-9 ]*-----)?"

SHAPES = (
    # https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/
    Shape("github", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"\w{30,}"),
    Shape("github", ("github_pat_",), r"\w{36,}"),
    # https://docs.gitlab.com/security/tokens/ (token prefixes)
    Shape("gitlab", ("glpat-", "gloas-", "gldt-", "glrt-", "glrtr-", "glcbt-"), r"[\w.-]{16,}"),
    Shape("gitlab", ("glptt-", "glft-", "glimt-", "glagent-", "glsoat-", "glffct-"), r"[\w.-]{16,}"),
    Shape("gitlab", ("glwt-", "GR1348941"), r"[\w.-]{16,}"),
    # https://support.atlassian.com/atlassian-account/docs/manage-api-tokens-for-your-atlassian-account/
    Shape("atlassian", ("ATATT3", "ATCTT3", "ATBB", "ATSTT3"), r"[\w=-]{20,}"),
    # https://developer.hashicorp.com/vault/docs/concepts/tokens (token prefixes)
    Shape("vault", ("hvs.", "hvb.", "hvr."), r"[\w-]{20,}" + NAMESPACE),
    Shape("vault", ("s.",), r"[A-Za-z0-9]{24}(?![\w-])" + NAMESPACE, alone=True),
    Shape("vault", ("b.AAAA", "r."), r"[\w-]{40,}" + NAMESPACE, alone=True),
    # https://developer.hashicorp.com/terraform/cloud-docs/users-teams-organizations/api-tokens
    Shape("terraform", ("atlasv1.",), r"[A-Za-z0-9]{40,}"),
    # https://docs.slack.dev/authentication/tokens and …/messaging/sending-messages-using-incoming-webhooks
    Shape("slack", ("xoxa-", "xoxb-", "xoxc-", "xoxd-", "xoxe-", "xoxe."), r"[\w.%-]{8,}"),
    Shape("slack", ("xoxo-", "xoxp-", "xoxr-", "xoxs-", "xapp-"), r"[\w.%-]{8,}"),
    Shape("slack", ("hooks.slack.com/",), r"(?:services|workflows|triggers)/[\w/]{20,}"),
    # https://docs.stripe.com/keys, https://docs.stripe.com/webhooks
    Shape("stripe", ("sk_live_", "sk_test_", "rk_live_", "rk_test_", "whsec_"), r"[A-Za-z0-9+/=]{10,}"),
    # https://docs.claude.com/en/api/admin-api, https://platform.openai.com/docs/api-reference/authentication
    Shape("anthropic", ("sk-ant-",), r"[\w-]{16,}"),
    Shape("openai", ("sk-",), r"(?:[A-Za-z0-9]{1,12}-){0,2}[\w-]*[A-Za-z0-9]{20}[\w-]*", alone=True),
    Shape("openai", ("sk-proj-", "sk-svcacct-", "sk-admin-", "sess-"), r"[\w-]{20,}", alone=True),
    # https://console.groq.com/docs, https://docs.x.ai, https://replicate.com/docs, https://docs.perplexity.ai
    Shape("groq", ("gsk_",), r"[A-Za-z0-9]{40,}"),
    Shape("xai", ("xai-",), r"[A-Za-z0-9]{60,}"),
    Shape("replicate", ("r8_",), r"[A-Za-z0-9]{32,}"),
    Shape("perplexity", ("pplx-",), r"[A-Za-z0-9]{40,}"),
    # https://huggingface.co/docs/hub/security-tokens, https://docs.nvidia.com/nim
    Shape("huggingface", ("hf_", "api_org_"), r"[A-Za-z0-9]{30,}"),
    Shape("nvidia", ("nvapi-",), r"[\w-]{40,}"),
    # https://docs.npmjs.com/about-access-tokens, https://docs.pypi.org/api/secrets,
    # https://guides.rubygems.org/api-key-scopes/, https://docs.docker.com/security/access-tokens/
    Shape("npm", ("npm_",), r"[A-Za-z0-9]{30,}"),
    Shape("pypi", ("pypi-Ag",), r"[\w-]{50,}"),
    Shape("rubygems", ("rubygems_",), r"[a-f0-9]{40,}"),
    Shape("docker", ("dckr_pat_", "dckr_oat_"), r"[\w-]{20,}"),
    Shape("clojars", ("CLOJARS_",), r"[a-fA-F0-9]{50,}"),
    # https://cloud.google.com/docs/authentication/api-keys, …/docs/authentication/token-types
    Shape("google", ("AIza",), r"[\w-]{35}"),
    Shape("google", ("ya29.",), r"[\w.-]{20,}"),
    Shape("google", ("GOCSPX-", "GOOG1E"), r"[\w-]{20,}"),
    Shape("google", ("1//0",), r"[\w-]{30,}", alone=True),
    # How the session tokens of STS begin (their first bytes name the service), and
    # https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html
    Shape("aws", ("IQoJb3JpZ2lu", "FwoGZXIvYXdz", "FQoGZXIvYXdz", "AQoDYXdz"), r"[\w+/=%-]{20,}"),
    Shape("aws", ("ABSK",), r"[A-Za-z0-9+/=]{60,}"),
    Shape("aws", ("bedrock-api-key-",), r"[A-Za-z0-9+/=]{20,}"),
    # https://docs.databricks.com/dev-tools/auth/pat, https://docs.dynatrace.com/docs/manage/identity-access-management,
    # https://docs.digitalocean.com/reference/api, https://docs.doppler.com/docs/api-token-formats
    Shape("databricks", ("dapi", "dose", "dkea"), r"[a-f0-9]{32}(?:-\d+)?(?![a-f0-9])"),
    Shape("dynatrace", ("dt0c01.", "dt0s01.", "dt0s02.", "dt0s16."), r"[A-Z0-9]{8,}\.[A-Z0-9]{40,}"),
    Shape("digitalocean", ("dop_v1_", "doo_v1_", "dor_v1_"), r"[a-f0-9]{40,}"),
    Shape("doppler", ("dp.pt.", "dp.st.", "dp.ct.", "dp.sa.", "dp.scim.", "dp.audit."), r"[\w.-]{30,}"),
    # https://shopify.dev/docs/apps/build/authentication-authorization, https://developer.squareup.com/docs/build-basics
    Shape("shopify", ("shpat_", "shpca_", "shppa_", "shpss_", "shprt_"), r"[a-fA-F0-9]{32,}"),
    Shape("square", ("sq0atp-", "sq0csp-", "sq0idp-"), r"[\w\\-]{20,}"),
    Shape("square", ("EAAA",), r"[\w-]{56,}", alone=True),
    # https://www.twilio.com/docs/iam/api-keys, https://www.twilio.com/docs/sendgrid/for-developers,
    # https://developers.brevo.com, https://learning.postman.com/docs/developer/postman-api
    Shape("twilio", ("SK",), r"[a-z0-9]{32}(?![a-z0-9])", alone=True),
    Shape("sendgrid", ("SG.",), r"[\w-]{16,}\.[\w-]{16,}"),
    Shape("brevo", ("xkeysib-",), r"[a-f0-9]{60,}(?:-\w+)?"),
    Shape("postman", ("PMAK-",), r"[a-f0-9]{24}-[a-f0-9]{30,}"),
    # https://docs.newrelic.com/docs/apis/intro-apis/new-relic-api-keys, https://grafana.com/docs/grafana/latest/administration,
    # https://docs.sentry.io/account/auth-tokens, https://docs.honeycomb.io/configure/environments/manage-api-keys
    Shape("newrelic", ("NRAK-", "NRII-", "NRRA-", "NRJS-", "NRAA-"), r"[\w-]{18,}"),
    Shape("grafana", ("glc_", "glsa_"), r"[\w+/=-]{30,}"),
    Shape("sentry", ("sntrys_", "sntryu_", "sntryi_"), r"[\w+/=.-]{40,}"),
    Shape("honeycomb", ("hcaik_", "hcbik_", "hcxik_"), r"[a-z0-9]{50,}"),
    # https://linear.app/developers, https://developers.notion.com, https://www.figma.com/developers/api,
    # https://airtable.com/developers/web/api/authentication
    Shape("linear", ("lin_api_", "lin_oauth_"), r"[A-Za-z0-9]{30,}"),
    Shape("notion", ("ntn_", "secret_"), r"[A-Za-z0-9]{40,}"),
    Shape("figma", ("figd_", "figo_", "figu_"), r"[\w-]{36,}"),
    Shape("airtable", ("pat",), r"[A-Za-z0-9]{14}\.[a-f0-9]{64}"),
    # https://www.pulumi.com/docs/pulumi-cloud/access-management, https://fly.io/docs/security/tokens,
    # https://supabase.com/docs/guides/api/api-keys, https://planetscale.com/docs/api
    Shape("pulumi", ("pul-",), r"[a-f0-9]{40}"),
    Shape("fly", ("fo1_", "fm1r_", "fm1a_", "fm2_"), r"[\w+/=,-]{40,}"),
    Shape("supabase", ("sbp_", "sb_secret_"), r"[\w-]{20,}"),
    Shape("planetscale", ("pscale_tkn_", "pscale_pw_", "pscale_oauth_"), r"[\w=.-]{30,}"),
    # https://tailscale.com/kb/1085/auth-keys, https://docs.snyk.io/snyk-api, https://docs.sonarsource.com,
    # https://circleci.com/docs/managing-api-tokens, https://buildkite.com/docs/apis/managing-api-tokens,
    # https://docs.readme.com, https://developers.cloudflare.com/fundamentals/api, https://clickhouse.com/docs/cloud
    Shape("tailscale", ("tskey-",), r"[\w-]{16,}"),
    Shape("snyk", ("snyk_uat.", "snyk_sat."), r"[\w.-]{20,}"),
    Shape("sonar", ("squ_", "sqa_", "sqp_"), r"[a-f0-9]{40}"),
    Shape("circleci", ("CCIPAT_", "CCIPRJ_"), r"\w{20,}"),
    Shape("buildkite", ("bkua_", "bkct_", "bkpat_"), r"[a-zA-Z0-9]{30,}"),
    Shape("readme", ("rdme_",), r"[a-z0-9]{60,}"),
    Shape("cloudflare", ("v1.0-",), r"[a-f0-9]{24}-[a-f0-9]{100,}"),
    Shape("clickhouse", ("4b1d",), r"[A-Za-z0-9]{38}(?![A-Za-z0-9])", alone=True),
    # https://jfrog.com/help (API keys, encrypted passwords, reference tokens)
    Shape("jfrog", ("AKC",), r"[a-z][A-Za-z0-9]{24,}", alone=True),
    Shape("jfrog", JFROG_PASSWORDS, r"(?=[A-Z0-9]*[a-z])[A-Za-z0-9]{16,}", alone=True),
    Shape("jfrog", ("cmVmd",), r"[A-Za-z0-9]{40,}"),
    # https://support.1password.com/secret-key-security, https://github.com/FiloSottile/age
    Shape("1password", ("ops_eyJ",), r"[\w+/=-]{60,}"),
    Shape("1password", ("A3-",), r"[A-Z0-9]{6}-[A-Z0-9-]{24,}", alone=True),
    Shape("age", ("AGE-SECRET-KEY-1",), r"[A-Z0-9]{40,}"),
    # https://docs.openshift.com (OAuth tokens are named by a hash, and are sha256~ and 43 letters)
    Shape("openshift", ("sha256~",), r"[\w-]{40,}"),
    # JSON Web Tokens (RFC 7519), encrypted ones too; keys as text (RFC 7468, OpenSSH, OpenPGP, PuTTY)
    Shape("jwt", ("eyJ",), r"[\w=-]{8,}\.[\w=-]{4,}(?:\.[\w=-]*){0,3}"),
    Shape("private_key", ("-----BEGIN ", "BEGIN "), PEM),
    Shape("private_key", ("PuTTY-User-Key-File-",), r"[^\0]*"),
)  # fmt: skip

ODD_SHAPES = (
    # https://learn.microsoft.com/purview/sit-defn-client-secret-api-key and its neighbours in that list
    ("microsoft", "Q~", r"(?<![\w~.-])[\w~.-]{3}\dQ~[\w~.-]{31,34}"),
    ("microsoft", "AZDO", r"[A-Za-z0-9]{70,80}AZDO[A-Za-z0-9]{4}"),
    # Keys of storage accounts, event hubs, Cosmos DB: 64 bytes in Base64
    ("microsoft", "==", r"[A-Za-z0-9+/]{86}==(?!=)"),
    # https://mailchimp.com/developer/marketing/guides/quick-start, https://core.telegram.org/bots/api,
    # https://discord.com/developers/docs/reference
    ("mailchimp", "-us", r"(?<![0-9a-z])[0-9a-z]{32}-us\d{1,2}(?!\d)"),
    ("telegram", ":", r"(?<!\d)\d{8,10}:[\w-]{35}(?![\w-])"),
    ("discord", ".", r"(?<![\w-])[MNO][\w-]{23,25}\.[\w-]{6}\.[\w-]{27,}"),
)
"""Tokens without a beginning of their own: the issuer, a sign that every one of them holds, and its form."""


def _one(shape: Shape, begin: str) -> str:
    first = re.escape(begin[0])
    guard = f"(?<![A-Za-z0-9_-]{first})" if shape.alone else ""
    return f"{guard}{re.escape(begin[1:])}{shape.goes_on}"


def _by_letter(forms: Iterable[tuple[str, str]]) -> re.Pattern[str]:
    """One pattern; its branches begin with a letter each, so that most letters are passed at once."""
    branches: dict[str, list[str]] = {}
    for letter, form in forms:
        branches.setdefault(letter, []).append(form)
    return re.compile("|".join(f"{re.escape(a)}(?:{'|'.join(b)})" for a, b in sorted(branches.items())))


_BEGINS = sorted(((begin, shape) for shape in SHAPES for begin in shape.begins), key=lambda row: -len(row[0]))

TOKEN = _by_letter((begin[0], _one(shape, begin)) for begin, shape in _BEGINS)
"""Any token of ``SHAPES``."""

CUT = _by_letter(
    (begin[0], rf"{re.escape(begin[1:])}[\w.+/=-]*…?\Z") for begin, shape in _BEGINS if not shape.alone
)
"""The beginning of a token at the end of a text that was cut."""

ODD = tuple((sign, re.compile(form)) for _, sign, form in ODD_SHAPES)
"""A sign that a text must hold, and the form to look for then."""


def beginnings() -> tuple[str, str]:
    """Returns the beginnings as alternatives of a plain regular expression: those that count anywhere, and
    those that count alone."""
    anywhere, alone = (
        "|".join(sorted(_literal(begin) for begin, shape in _BEGINS if shape.alone == which))
        for which in (False, True)
    )
    return anywhere, alone


def _literal(text: str) -> str:
    return re.sub(r"([.+*?()|^$\[\]{}\\])", r"\\\1", text)


def issuer_of(secret: str) -> str:
    """Returns whose token a secret is by its shape alone; "" for one that says nothing of it."""
    if TOKEN.match(secret):
        return next(shape.issuer for begin, shape in _BEGINS if secret.startswith(begin))
    return next((issuer for issuer, _, form in ODD_SHAPES if re.match(form, secret)), "")

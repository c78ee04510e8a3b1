"""The estate of the story: two accounts of one company, their non-human identities and three
administrators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from infra.simulator.chance import Chance

PROD, DATA = "111122223333", "444455556666"
HOME = "us-east-1"

Kind = Literal["user", "role", "service"]


@dataclass(frozen=True)
class Holder:
    """An identity and the credential it acts with: a user and its key, or a role and one session.

    ``handle`` names it in the story. ``made``: when the session began, as CloudTrail writes it.
    """

    handle: str
    kind: Kind
    name: str
    account: str
    place: str
    agent: str
    region: str = HOME
    owner: str = ""
    environment: str = "prod"
    routine: str = ""
    principal: str = ""
    key: str = ""
    session: str = ""
    made: str = ""

    @property
    def identity(self) -> str:
        """The identity's key, as gapwatch names it."""
        return f"aws:{self.account}:{self.kind}/{self.name}"

    @property
    def credential(self) -> str:
        """The key of the holder's access key, as findings name it."""
        return f"aws:key/{self.key}"

    @property
    def arn(self) -> str:
        """The ARN of the holder itself, not of a session."""
        return f"arn:aws:iam::{self.account}:{self.kind}/{self.name}"


BOTO = "Boto3/1.35.36 md/Botocore#1.35.36 ua/2.0 os/linux#6.1.0 md/arch#x86_64 lang/python#3.12.3"
GO = "aws-sdk-go-v2/1.32.3 os/linux lang/go#1.23.1 md/GOOS#linux md/GOARCH#amd64"
JAVA = "aws-sdk-java/2.28.16 Linux/5.10 OpenJDK_64-Bit_Server_VM/21.0.4 Java/21.0.4"
CLI = "aws-cli/2.18.5 md/awscrt#0.22.0 ua/2.0 os/linux#6.8.0 md/arch#x86_64 lang/python#3.12.6"
TERRAFORM = "APN/1.0 HashiCorp/1.0 Terraform/1.9.8 (+https://www.terraform.io) terraform-provider-aws/5.72.1"

_USERS = """
admin-jo            111122223333 203.0.113.10   cli        team-platform   people
admin-mika          111122223333 203.0.113.11   cli        team-platform   people
admin-data          444455556666 203.0.113.12   cli        team-data       people
ci-deployer         111122223333 198.51.100.20  terraform  team-platform   deploy
terraform-runner    111122223333 198.51.100.21  terraform  team-platform   deploy
terraform-old       111122223333 198.51.100.22  terraform  team-platform   deploy
backup-agent        111122223333 198.51.100.30  go         team-storage    objects
report-mailer       111122223333 198.51.100.31  boto       team-finance    objects
log-shipper         111122223333 198.51.100.32  go         team-platform   objects
invoice-export      111122223333 198.51.100.33  java       team-finance    objects
price-feed          111122223333 198.51.100.34  boto       team-shop       objects
license-checker     111122223333 198.51.100.35  boto       team-it         small
legacy-erp          111122223333 198.51.100.36  java       team-finance    objects
partner-sync        111122223333 198.51.100.37  java       team-partners   objects
contractor-bot      111122223333 198.51.100.38  boto       team-shop       small
seasonal-import     111122223333 198.51.100.39  boto       team-shop       objects
catalog-crawler     111122223333 198.51.100.40  boto       team-shop       small
pager-bridge        111122223333 198.51.100.41  go         team-platform   small
cdn-purger          111122223333 198.51.100.42  go         team-shop       small
feed-mirror         111122223333 198.51.100.43  boto       team-shop       small
shadow-ops          111122223333 198.51.100.22  terraform  nobody          none
etl-launcher        444455556666 198.51.100.50  boto       team-data       objects
notebook-runner     444455556666 198.51.100.51  boto       team-data       objects
metrics-puller      444455556666 198.51.100.52  go         team-data       small
"""

_ROLES = """
payments-api        111122223333 10.20.1.11     java       team-payments   service
orders-api          111122223333 10.20.1.12     java       team-shop       service
cart-api            111122223333 10.20.1.13     go         team-shop       service
search-indexer      111122223333 10.20.2.21     java       team-shop       objects
image-resizer       111122223333 10.20.2.22     boto       team-shop       objects
fraud-scorer        111122223333 10.20.2.23     boto       team-payments   service
mail-worker         111122223333 10.20.2.24     boto       team-crm        service
session-cleaner     111122223333 10.20.2.25     go         team-shop       small
audit-collector     111122223333 10.20.3.31     go         team-platform   small
release-role        111122223333 198.51.100.21  terraform  team-platform   deploy
break-glass         111122223333 203.0.113.10   cli        team-platform   none
warehouse-loader    444455556666 10.40.1.11     java       team-data       objects
feature-store       444455556666 10.40.1.12     boto       team-data       service
model-trainer       444455556666 10.40.1.13     boto       team-data       objects
dashboard-api       444455556666 10.40.1.14     go         team-data       service
archive-mover       444455556666 10.40.1.15     boto       team-data       objects
partner-export      444455556666 198.51.100.37  java       team-partners   none
old-dashboards      444455556666 10.40.1.16     java       team-data       small
"""

AGENTS = {"boto": BOTO, "go": GO, "java": JAVA, "cli": CLI, "terraform": TERRAFORM}
_REGIONS = {PROD: "eu-central-1", DATA: "eu-west-1"}


def estate(chance: Chance) -> dict[str, Holder]:
    """Returns everybody by handle; roles have no session yet."""
    holders: dict[str, Holder] = {}
    for kind, table in (("user", _USERS), ("role", _ROLES)):
        for row in table.split("\n"):
            if row.strip():
                holder = _holder("user" if kind == "user" else "role", row, chance)
                holders[holder.handle] = holder
    return holders


def _holder(kind: Kind, row: str, chance: Chance) -> Holder:
    name, account, place, agent, owner, routine = row.split()
    return Holder(
        handle=name,
        kind=kind,
        name=name,
        account=account,
        place=place,
        agent=AGENTS[agent],
        region=_REGIONS[account],
        owner=owner,
        routine=routine,
        principal=chance.unique_id("AIDA" if kind == "user" else "AROA", 17),
        key=chance.unique_id("AKIA") if kind == "user" else "",
    )

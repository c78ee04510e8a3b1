"""The cases of a simulated year as data, source by source: the story's own, and those of the other sources.

Each is played by identities of its own, again and again over the year, at a day of its own. In the clean year
every step that contradicts a record is left out; what the records claim stays.
"""

from __future__ import annotations

from infra.simulator.year_case import YearCase
from infra.simulator.year_cases_agents import AGENTS
from infra.simulator.year_cases_aws import AWS
from infra.simulator.year_cases_kubernetes import KUBERNETES
from infra.simulator.year_cases_vault import VAULT
from infra.simulator.year_ordinary_aws import ORDINARY_AWS
from infra.simulator.year_scenes_access import ACCESS, LOGS
from infra.simulator.year_scenes_agents import CODERS, GATEWAYS
from infra.simulator.year_scenes_balancer import BALANCERS
from infra.simulator.year_scenes_clouds import AZURE, GCP
from infra.simulator.year_scenes_frameworks import FRAMEWORKS

CATALOGUE: dict[str, tuple[YearCase, ...]] = {
    "cloudtrail": AWS + ORDINARY_AWS + LOGS,
    "vault": VAULT,
    "kubernetes": KUBERNETES + BALANCERS + ACCESS,
    "otel": AGENTS + CODERS + FRAMEWORKS,
    "mcp": GATEWAYS,
    "gcp": GCP,
    "azure": AZURE,
}

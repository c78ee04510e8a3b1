"""Known faults of what requirements.lock names, from the advisories of pypi.org by pip-audit.

`python -m infra.known_faults PIP_AUDIT` runs that program and says what came of it. pip-audit itself says "no
known vulnerabilities" also where it could ask nobody; here that is said, and fails.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from infra.licences import LOCK

ASK = ("--require-hashes", "--disable-pip", "--format", "json", "--progress-spinner", "off", "--requirement")


def summed_up(report: dict[str, Any]) -> tuple[list[str], bool]:
    """Returns what pip-audit's report comes to, as lines, and whether nothing has to be done."""
    packages = report["dependencies"]
    unasked = [package["name"] for package in packages if "skip_reason" in package]
    faults = [(package, fault) for package in packages for fault in package.get("vulns", ())]
    lines = [
        f"{package['name']} {package['version']}: {fault['id']}, mended in "
        f"{', '.join(fault.get('fix_versions', ())) or 'no version yet'}"
        for package, fault in faults
    ]
    if len(unasked) == len(packages):
        lines.append(
            f"Of none of {len(packages)} packages advisories could be had: nothing is known of faults. "
            "Ask again where pypi.org's JSON API answers."
        )
    elif unasked:
        lines.append(f"Of {len(unasked)} of {len(packages)} nothing is known: {', '.join(unasked)}")
    if not unasked and not faults:
        lines.append(f"{len(packages)} packages, no known faults")
    return lines, not unasked and not faults


def main() -> int:
    """Returns 0 where every package was asked about and none has a known fault."""
    done = subprocess.run([sys.argv[1], *ASK, str(LOCK)], capture_output=True, text=True, check=False)
    try:
        report = json.loads(done.stdout)
    except ValueError:
        print(f"pip-audit gave no report: {(done.stderr.strip().splitlines() or ['no words'])[-1][:300]}")
        return 1
    lines, fine = summed_up(report)
    print("\n".join(lines))
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())

"""What the README shows is run."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

README = Path(__file__).parents[2] / "README.md"


def test_the_subscriber_of_the_readme_prints_the_open_findings_of_high_severity(embedded_broker: str) -> None:
    code = re.search(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert code and len(code[1].strip().splitlines()) <= 12
    AdminClient({"bootstrap.servers": embedded_broker}).create_topics([NewTopic("findings", 1, 1)])["findings"].result(30)
    producer = Producer({"bootstrap.servers": embedded_broker})
    for title, severity, status in (("open", "high", 1), ("closed", "high", 4), ("small", "low", 1)):
        finding = {"status_id": status, "finding_info": {"title": title, "related_events": [{"uid": "e1"}]}}
        headers = [("control", b"revoked_credential_used"), ("severity", severity.encode())]
        producer.produce("findings", json.dumps(finding), title, headers=headers)
    assert producer.flush(30) == 0
    program = code[1].replace("127.0.0.1:19092", embedded_broker)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=90, check=True)
    assert done.stdout == "open ['e1']\n"


def test_every_command_of_the_readme_exists() -> None:
    shown = set(re.findall(r"gapwatch (\w+)", "".join(re.findall(r"```sh\n(.*?)```", README.read_text(), re.DOTALL))))
    told = subprocess.run([sys.executable, "-m", "streams.cli", "--help"], capture_output=True, text=True, timeout=60, check=True)
    assert {command for command in shown if not re.search(rf"^\W*{command}\b", told.stdout, re.MULTILINE)} == set()

"""What the README shows is run."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import uuid
from pathlib import Path
from threading import Timer

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

README = Path(__file__).parents[2] / "README.md"


def test_the_subscriber_of_the_readme_prints_the_findings_of_high_severity(embedded_broker: str) -> None:
    code = re.search(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert code and len(code[1].split("\n\n", 1)[1].strip().splitlines()) <= 10
    admin = AdminClient({"bootstrap.servers": embedded_broker})
    # The broker is shared with tests that make the topic of that name.
    topic = f"findings-{uuid.uuid4().hex}"
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(30)
    producer = Producer({"bootstrap.servers": embedded_broker})
    for title, severity in (("small", 2), ("grave", 4)):
        finding = {
            "status": "New",
            "severity_id": severity,
            "finding_info": {"title": title},
            "resources": [{"uid": "aws:1:user/a"}],
        }
        producer.produce(topic, json.dumps(finding), title, headers=[("control", b"x")])
    assert producer.flush(30) == 0
    program = code[1].replace("127.0.0.1:19092", embedded_broker).replace('["findings"]', f'["{topic}"]')
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as subscriber:
        too_late = Timer(90, subscriber.kill)
        too_late.start()
        assert subscriber.stdout
        line = subscriber.stdout.readline()
        too_late.cancel()
        subscriber.kill()
    assert line == "New grave aws:1:user/a\n"


def test_every_command_of_the_readme_exists() -> None:
    shown = set(
        re.findall(r"gapwatch (\w+)", "".join(re.findall(r"```sh\n(.*?)```", README.read_text(), re.DOTALL)))
    )
    help_text = subprocess.run(
        [sys.executable, "-m", "streams.command.cli", "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert {
        command for command in shown if not re.search(rf"^\W*{command}\b", help_text.stdout, re.MULTILINE)
    } == set()

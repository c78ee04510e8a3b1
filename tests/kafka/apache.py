"""A real Apache Kafka for tests: one KRaft broker on loopback, its jars from Maven, kept in the user's
cache."""

from __future__ import annotations

import base64
import os
import shutil
import socket
import subprocess
import time
import uuid
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from xml.sax.saxutils import escape

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from tests.support.certificates import Authority

VERSION = "4.1.0"
POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>gapwatch</groupId><artifactId>kafka-for-tests</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{version}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>{version}</version>
    </dependency>
  </dependencies>
</project>
"""
PROPERTIES = """process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={logs}
offsets.topic.replication.factor={copies}
offsets.topic.num.partitions=4
min.insync.replicas={in_sync}
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
"""
SECURED = """listeners=PLAIN://127.0.0.1:{port},SCRAM://127.0.0.1:{scram},OAUTH://127.0.0.1:{oauth},\
MUTUAL://127.0.0.1:{mutual},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAIN://127.0.0.1:{port},SCRAM://127.0.0.1:{scram},OAUTH://127.0.0.1:{oauth},\
MUTUAL://127.0.0.1:{mutual}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAIN:SASL_PLAINTEXT,SCRAM:SASL_SSL,OAUTH:SASL_SSL,MUTUAL:SSL
inter.broker.listener.name=PLAIN
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512,OAUTHBEARER
sasl.mechanism.inter.broker.protocol=PLAIN
listener.name.plain.sasl.enabled.mechanisms=PLAIN
listener.name.scram.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.oauth.sasl.enabled.mechanisms=OAUTHBEARER
listener.name.plain.plain.sasl.jaas.config={jaas};
listener.name.scram.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.oauth.oauthbearer.sasl.jaas.config=\
org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required \\
unsecuredLoginStringClaim_sub="x";
listener.name.oauth.oauthbearer.sasl.server.callback.handler.class=\
org.apache.kafka.common.security.oauthbearer.internals.unsecured.OAuthBearerUnsecuredValidatorCallbackHandler
listener.name.oauth.connections.max.reauth.ms=3600000
listener.name.mutual.ssl.client.auth=required
ssl.keystore.type=PEM
ssl.keystore.location={keys}
ssl.truststore.type=PEM
ssl.truststore.location={authority}
ssl.principal.mapping.rules=RULE:^CN=(.*)$/$1/
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:{admin};User:ANONYMOUS
"""
"""Properties beside the others of a broker that asks who calls, at each of four doors in another way, and
lets each do what was granted alone. A connection with a token ends with the token."""
PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"
ADMIN = "admin"
MAVEN_SECONDS = 300
START_SECONDS = 120
JVM = ("-Xmx512m", "-Xms256m", "-XX:TieredStopAtLevel=1")
"""A broker that lives for a minute: compiling it as for one that lives for years took two thirds of its time,
27 of 47 µs an event of the benchmark."""


class MissingError(Exception):
    """Java or Maven is not there, or Maven got nothing: the reason to skip."""


def libraries() -> Path:
    """The folder of jars, fetched once. Raises MissingError."""
    if shutil.which("java") is None:
        raise MissingError("a real Kafka needs Java 17 or later (java is not on the path)")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gapwatch-tests"
    folder = cache / f"kafka-{VERSION}"
    if folder.is_dir():
        return folder
    if shutil.which("mvn") is None:
        raise MissingError("a real Kafka is fetched with Maven (mvn is not on the path)")
    draft = cache / f"kafka-{VERSION}.{os.getpid()}"
    draft.mkdir(parents=True)
    try:
        _fetch(draft)
        draft.rename(folder)
    except OSError:
        # Another run was faster.
        if not folder.is_dir():
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def _fetch(folder: Path) -> None:
    pom = folder / "pom.xml"
    pom.write_text(POM.format(version=escape(VERSION)))
    goal = ["dependency:copy-dependencies", f"-DoutputDirectory={folder}", "-DincludeScope=runtime"]
    done = subprocess.run(
        ["mvn", "--batch-mode", "--quiet", "--file", str(pom), *goal],
        capture_output=True,
        text=True,
        timeout=MAVEN_SECONDS,
        check=False,
    )
    if done.returncode:
        lines = (done.stdout + done.stderr).strip().splitlines() or ["no output"]
        raise MissingError(f"Maven could not fetch Kafka {VERSION}: {lines[0][:200]}")


@dataclass
class Kafka:
    """A broker over one folder; it may be killed and started again over the same data. With ``users`` it asks
    who calls: each has its name for a password, and the admin may do everything."""

    folder: Path
    port: int
    controller: int
    process: subprocess.Popen[bytes] | None = None
    users: tuple[str, ...] = ()
    doors: dict[str, int] = field(default_factory=dict)
    """The ports of a broker with users, beside that for user and password in clear."""
    node: int = 1
    voters: str = ""
    """Of a cluster: every node's controller."""

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def format(self, cluster: str = "") -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        nodes = self.voters.count("@") or 1
        text = PROPERTIES.format(
            port=self.port,
            controller=self.controller,
            logs=self.folder / "logs",
            node=self.node,
            voters=self.voters or f"1@127.0.0.1:{self.controller}",
            copies=nodes,
            in_sync=nodes // 2 + 1,
        )
        if self.users:
            every = " ".join(f'user_{user}="{user}"' for user in (ADMIN, *self.users))
            jaas = f'{PLAIN} username="{ADMIN}" password="{ADMIN}" {every}'
            ports = {"port": self.port, "controller": self.controller} | self.doors
            keys = self.authority.issue_together("kafka")
            files = {"keys": keys, "authority": self.authority.file}
            more = SECURED.format(jaas=jaas, admin=ADMIN, **ports, **files)
            named = {line.partition("=")[0] for line in more.splitlines()}
            kept = [line for line in text.splitlines() if line.partition("=")[0] not in named]
            text = "\n".join(kept) + "\n" + more
        self._properties.write_text(text)
        cluster = cluster or cluster_id()
        scram = [
            word
            for user in self.users
            for word in ("--add-scram", f"SCRAM-SHA-512=[name={user},password={user}]")
        ]
        self._tool("format", "--cluster-id", cluster, "--config", str(self._properties), *scram)

    def start(self, wait: bool = True) -> None:
        """Returns when it answers; without waiting, when it is started."""
        out = (self.folder / "kafka.out").open("ab")
        command = ["java", *JVM, "-cp", f"{libraries()}/*", "kafka.Kafka"]
        self.process = subprocess.Popen(
            [*command, str(self._properties)], stdout=out, stderr=out, cwd=self.folder
        )
        out.close()
        if wait:
            self.wait_until_it_answers()

    def wait_until_it_answers(self) -> None:
        assert self.process is not None
        quiet: dict[str, str | int | float | bool] = {"log_level": 0, "reconnect.backoff.max.ms": 200}
        admin = AdminClient(
            {"bootstrap.servers": self.address} | quiet | (self.login(ADMIN) if self.users else {})
        )
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            assert self.process.poll() is None, f"Kafka ended at its start: {self._last_words()}"
            try:
                if admin.list_topics(timeout=0.5).brokers:
                    return
            except KafkaException:
                continue
        raise AssertionError(f"Kafka did not answer within {START_SECONDS} s: {self._last_words()}")

    def login(self, user: str) -> dict[str, str | int | float | bool]:
        """What a client of this user is configured with."""
        return {
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "PLAIN",
            "sasl.username": user,
            "sasl.password": user,
        }

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    @cached_property
    def authority(self) -> Authority:
        """Who signs the certificates of this broker and of its clients."""
        return Authority(self.folder, "authority")

    @property
    def _properties(self) -> Path:
        return self.folder / "server.properties"

    def _tool(self, *arguments: str) -> str:
        command = ["java", "-cp", f"{libraries()}/*", "kafka.tools.StorageTool", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=self.folder)
        assert done.returncode == 0, f"kafka.tools.StorageTool {arguments[0]}: {done.stderr[-500:]}"
        return done.stdout

    def _last_words(self) -> str:
        lines = (self.folder / "kafka.out").read_text(errors="replace").splitlines()
        return " | ".join(line for line in lines[-30:] if "ERROR" in line or "Exception" in line)[:600]


def cluster_id() -> str:
    """As Kafka writes ids: 16 bytes in the base64 of URLs, and no dash in front."""
    return base64.urlsafe_b64encode(b"\0" + uuid.uuid4().bytes[1:]).decode().rstrip("=")


def cluster(folder: Path, nodes: int = 3) -> list[Kafka]:
    """Formatted brokers that are controllers too and keep each topic on all of them; none is started."""
    ports = free_ports(2 * nodes)
    pairs = list(zip(ports[::2], ports[1::2], strict=True))
    voters = ",".join(f"{node}@127.0.0.1:{controller}" for node, (_, controller) in enumerate(pairs, 1))
    name = cluster_id()
    brokers = [
        Kafka(folder / f"broker-{node}", port, controller, node=node, voters=voters)
        for node, (port, controller) in enumerate(pairs, 1)
    ]
    for broker in brokers:
        broker.format(name)
    return brokers


def new(folder: Path, users: tuple[str, ...] = ()) -> Kafka:
    """A formatted broker on free ports, not started."""
    port, controller, *others = free_ports(5)
    doors = dict(zip(("scram", "oauth", "mutual"), others, strict=True)) if users else {}
    kafka = Kafka(folder, port, controller, users=users, doors=doors)
    kafka.format()
    return kafka


def free_ports(many: int) -> list[int]:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(many)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]

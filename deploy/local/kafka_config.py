"""What the embedded Kafka is told: its ports, its settings, its logging and its Java.

All paths are relative to the broker's home, which is its working directory: a home may be moved, and may have
any letters in its path.
"""

from __future__ import annotations

import json
import random
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

HOST = "127.0.0.1"
"""The embedded broker is reachable from this machine only."""

SERVER_PROPERTIES = "server.properties"
LOG4J_PROPERTIES = "log4j2.properties"
DATA = "data"
_PORTS = "ports.json"

JVM_FLAGS = (
    "-Xms64m",
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:-UsePerfData",
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:ErrorFile=java-crash.log",
    "-Djava.awt.headless=true",
    "-Djava.io.tmpdir=tmp",  # compression libraries unpack themselves there; /tmp may be noexec
    f"-Dlog4j2.configurationFile={LOG4J_PROPERTIES}",
    "-Dlog4j2.disable.jmx=true",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
)
"""A small, quickly started Java: 170 MB resident when idle."""

_LOG4J = """\
status = error
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = kafka.log
appender.file.filePattern = kafka.log.%i
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{ISO8601} %-5p %c{1}: %m%n
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 10MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 3
rootLogger.level = info
rootLogger.appenderRef.file.ref = file
"""

_SERVER = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller}
listeners=BROKER://{host}:{broker},CONTROLLER://{host}:{controller}
advertised.listeners=BROKER://{host}:{broker}
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=BROKER
controller.listener.names=CONTROLLER
log.dirs={data}

# One node: every message is flushed to disk before it is acknowledged, since no replica holds a second copy.
log.flush.interval.messages=1
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=8

# The project's rules: topics are made on purpose, time is the broker's, a stalled transaction blocks nobody long.
auto.create.topics.enable=false
log.message.timestamp.type=LogAppendTime
message.max.bytes=4194304
replica.fetch.max.bytes=4194304
transaction.max.timeout.ms=120000
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
# A machine that was off for weeks must not forget what its consumers have read.
offsets.retention.minutes=525600

# After kill -9 the node waits until its former self has timed out: 2 s instead of 9 s.
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500

# Small: two cores, one machine.
num.network.threads=2
num.io.threads=4
background.threads=2
log.cleaner.dedupe.buffer.size=16777216
"""


class PortTaken(Exception):
    """Another program listens on the port that was asked for."""

    def __init__(self, port: int) -> None:
        super().__init__(f"port {port} on {HOST} is in use by another program: end it or choose another port")


@dataclass(frozen=True, slots=True)
class Ports:
    """Where clients connect, and where the node's own controller listens."""

    broker: int
    controller: int


def choose_ports(home: Path, broker: int) -> Ports:
    """Ports of the broker of `home`: those of its last start if still free, else new ones, remembered.

    `broker` 0 means any; another number is used or refused with `PortTaken`.
    """
    before = _remembered(home)
    if broker == 0:
        broker = before.broker if before and is_free(before.broker) else _free_port()
    elif not is_free(broker):
        raise PortTaken(broker)
    controller = before.controller if before else 0
    while controller in (0, broker) or not is_free(controller):
        controller = _free_port()
    ports = Ports(broker, controller)
    if ports != before:
        (home / _PORTS).write_text(json.dumps(asdict(ports)), encoding="ascii")
    return ports


def is_free(port: int) -> bool:
    """Whether nothing listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def write_config(home: Path, ports: Ports, data: str = DATA, name: str = SERVER_PROPERTIES) -> None:
    """Write the settings of the broker and of its logging into `home`."""
    server = _SERVER.format(host=HOST, broker=ports.broker, controller=ports.controller, data=data)
    (home / name).write_text(server, encoding="ascii")
    (home / LOG4J_PROPERTIES).write_text(_LOG4J, encoding="ascii")


def _remembered(home: Path) -> Ports | None:
    try:
        return Ports(**json.loads((home / _PORTS).read_bytes()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _free_port() -> int:
    # Below the range from which systems give ports to outgoing connections, which could take it while Kafka is down.
    candidates = (port for port in random.sample(range(20000, 30000), 200) if is_free(port))
    return next(candidates)

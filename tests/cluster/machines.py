"""What a cluster is made of, each part a process or two of this machine that can be killed and started again."""

from __future__ import annotations

import importlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import httpx
from tests import postgres
from tests.postgres import free_port

ROOT = Path(__file__).resolve().parents[2]
MUNDAP = "import sys; from mundap.cli import main; sys.argv[0] = 'mundap'; main()"
UP_SECONDS = 90.0
_CHECKED = "500ms"  # by the balancer, between two looks at a replica


def until(true: Callable[[], bool], what: str, seconds: float = UP_SECONDS) -> None:
    """Wait for something. Raises TimeoutError, which says what it was."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(0.1)


class Part:
    """A process with its children, in a group of its own; its output is in `log`."""

    def __init__(self, name: str, command: list[str], log: Path, environment: Mapping[str, str] = {}) -> None:
        self.name = name
        self.log = log
        self._command = command
        self._environment = {**os.environ, **environment}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it need not be ready yet."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                cwd=ROOT,
                start_new_session=True,
            )

    @property
    def number(self) -> int:
        """The id of its process; 0 while it does not run."""
        return self._process.pid if self._process is not None else 0

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """End it and all that it started as a power cut would."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def said(self) -> str:
        """The end of its output."""
        return self.log.read_text("utf-8", "replace")[-2000:] if self.log.exists() else ""


def mundap(name: str, folder: Path, *arguments: str, environment: Mapping[str, str] = {}) -> Part:
    """`mundap` with these arguments."""
    return Part(name, [sys.executable, "-c", MUNDAP, *arguments], folder / f"{name}.log", environment)


class Replica:
    """`mundap serve` over a folder of its own."""

    def __init__(self, name: str, folder: Path, config: str, environment: Mapping[str, str]) -> None:
        self.root = folder / name
        (self.root / "docs").mkdir(parents=True)
        self.name = name
        self.configure(config)
        self.port = free_port()
        where = ("--host", "127.0.0.1", "--port", str(self.port), "--workspace", str(self.root))
        self.part = mundap(name, folder, "serve", *where, environment=environment)

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def configure(self, config: str) -> None:
        """Write its settings."""
        (self.root / "mundap.toml").write_text(config, "utf-8")

    def ready(self) -> bool:
        """Whether it says so."""
        try:
            return httpx.get(f"{self.address}/readyz", timeout=10).status_code == 200
        except httpx.HTTPError:
            return False


class Listening(Protocol):
    """What listens on a port of loopback."""

    name: str
    port: int


class Pair:
    """PostgreSQL: a primary, and a standby without which it acknowledges nothing."""

    def __init__(self, stack: ExitStack) -> None:
        self.primary, self.standby = (postgres.Cluster(stack.enter_context(postgres.folder())) for _ in range(2))
        self._stack = stack

    def start(self) -> None:
        """Make and start both."""
        self.primary.make("wal_level = replica", "max_wal_senders = 8", "hot_standby = on", "max_connections = 200")
        self._stack.callback(self.primary.stop)
        self._stack.callback(self.standby.stop)
        self.primary.start()
        self._follow()

    def url(self, database: str) -> str:
        """The address of a database at whichever is the primary."""
        user = self.primary.url().partition("@")[0]
        both = ",".join(f"127.0.0.1:{port}" for port in sorted((self.primary.port, self.standby.port)))
        return f"{user}@{both}/{database}?target_session_attrs=read-write"

    def fail_over(self) -> float:
        """Kill the primary, promote the standby, and have the dead one follow it; seconds until the promotion."""
        began = time.monotonic()
        self.primary.kill()
        self.standby.run("pg_ctl", "promote", "-w", "-D", str(self.standby.data))
        took = time.monotonic() - began
        self.primary, self.standby = self.standby, self.primary
        shutil.rmtree(self.standby.data)
        self._follow()
        return took

    def _follow(self) -> None:
        """Make the standby of what the primary has, and have the primary wait for it."""
        primary, standby = self.primary, self.standby
        source = f"{primary.url().rpartition('/')[0]}/?application_name=standby"
        primary.run("pg_basebackup", "-d", source, "-D", str(standby.data), "-R", "-X", "stream", "-c", "fast")
        alone = "synchronous_standby_names = ''"  # once it is promoted, until another follows it
        standby.configure(f"unix_socket_directories = '{standby.folder}'", alone)
        standby.start()
        primary.configure("synchronous_standby_names = 'standby'")
        primary.sql("SELECT pg_reload_conf()")
        until(lambda: primary.sql("SELECT sync_state FROM pg_stat_replication") == "sync", "a synchronous standby")


def balancer(folder: Path, replicas: Sequence[Listening]) -> tuple[Part, str] | None:
    """HAProxy, or else nginx, before the replicas, and its address; None where neither is installed."""
    port = free_port()
    path = f"/usr/sbin{os.pathsep}{os.environ['PATH']}"
    if program := shutil.which("haproxy", path=path):
        servers = "\n".join(
            f"  server {one.name} 127.0.0.1:{one.port} check inter {_CHECKED} fall 1 rise 1" for one in replicas
        )
        settings = folder / "haproxy.cfg"
        settings.write_text(_HAPROXY.format(port=port, servers=servers), "utf-8")
        return Part(
            "balancer", [program, "-db", "-f", str(settings)], folder / "balancer.log"
        ), f"http://127.0.0.1:{port}"
    if program := shutil.which("nginx", path=path):
        servers = "\n".join(f"    server 127.0.0.1:{one.port} max_fails=1 fail_timeout=1s;" for one in replicas)
        settings = folder / "nginx.conf"
        settings.write_text(_NGINX.format(folder=folder, port=port, servers=servers), "utf-8")
        command = [program, "-p", str(folder), "-c", str(settings), "-e", str(folder / "balancer.log")]
        return Part("balancer", command, folder / "balancer.log"), f"http://127.0.0.1:{port}"
    return None


def listens(port: int, host: str = "127.0.0.1") -> bool:
    """Whether somebody does on this port of loopback."""
    with socket.socket() as tried:
        tried.settimeout(1)
        return tried.connect_ex((host, port)) == 0


# Ray takes 127.0.0.1 for the address of the machine in its network: these are of loopback for it, too.
_HEAD, _NODE = "--node-ip-address=127.0.0.2", "--node-ip-address=127.0.0.3"
_RAY_PORTS = ("dashboard-agent-grpc", "dashboard-agent-listen", "metrics-export", "runtime-env-agent")
_RAY_SECONDS = 300.0
# For a busy machine: how long parts of Ray wait for each other until they take the other for dead.
_RAY_PATIENCE = {
    "RAY_raylet_start_wait_time_s": "300",
    "RAY_agent_register_timeout_ms": "300000",
    "RAY_gcs_server_request_timeout_seconds": "120",
    "RAY_gcs_rpc_server_connect_timeout_s": "120",
    "RAY_worker_register_timeout_seconds": "300",
    "RAY_health_check_timeout_ms": "60000",  # of one that does not answer: one that ended is noticed all the same
}
# `ray start` tells a raylet of all ports of its agents but one, for which the raylet waits 15 seconds: on a busy machine the
# agent has not begun by then, the raylet ends, and nobody says so. So it is told of that one, too.
_RAY = """
import sys
from ray._private import services
from ray.scripts.scripts import main
start = services.start_ray_process
def told(command, *arguments, **named):
    if command[0] == services.RAYLET_EXECUTABLE:
        command = [*command, *(one for one in sys.argv if one.startswith("--dashboard-agent-listen-port="))]
    return start(command, *arguments, **named)
services.start_ray_process = told
main()
"""


class RayNodes:
    """Ray: a head and one node more, on loopback."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        path = os.pathsep.join([str(ROOT), str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
        own = {**_RAY_PATIENCE, "RAY_USAGE_STATS_ENABLED": "0", "RAY_TMPDIR": str(folder), "PYTHONPATH": path}
        spared = ("--disable-usage-stats", "--include-log-monitor=false")  # processes that nobody needs here
        common = ("--num-cpus=1", "--object-store-memory=80000000", "--block", *spared)
        ports = [[f"--{kind}-port={free_port()}" for kind in _RAY_PORTS] for _ in range(2)]
        run = [sys.executable, "-c", _RAY, "start"]
        begun = ("--head", "--include-dashboard=false", "--no-monitor", f"--ray-client-server-port={free_port()}")
        head = (*begun, f"--port={self.port}", f"--temp-dir={folder}", _HEAD)
        self.head = Part("ray-head", [*run, *head, *common, *ports[0]], folder / "ray-head.log", own)
        more = (f"--address={self.address}", _NODE)
        self.node = Part("ray-node", [*run, *more, *common, *ports[1]], folder / "ray-node.log", own)

    @staticmethod
    def installed() -> bool:
        """Whether Ray is."""
        return find_spec("ray") is not None

    @property
    def address(self) -> str:
        """For [jobs] address."""
        return f"127.0.0.2:{self.port}"

    def start(self) -> None:
        """Start both, and wait until they work together. Raises TimeoutError, RuntimeError for one that ends."""
        for part, count in ((self.head, 1), (self.node, 2)):
            part.start()

            def there(part: Part = part, count: int = count) -> bool:
                if not part.running:
                    raise RuntimeError(f"{part.name} ended: {part.said()}")
                return self._alive() >= count

            until(there, part.name, _RAY_SECONDS)

    def _alive(self) -> int:
        """How many nodes the head knows to live."""
        if not listens(self.port, "127.0.0.2"):
            return 0
        GcsClient = importlib.import_module("ray._raylet").GcsClient  # noqa: N806

        try:
            known = GcsClient(address=self.address).get_all_node_info(timeout=10)
        except Exception:  # it begins
            return 0
        return sum(one.state == 0 for one in known.values())  # ALIVE

    def kill(self) -> None:
        """End both."""
        self.node.kill()
        self.head.kill()


_HAPROXY = """
defaults
  mode http
  timeout connect 1s
  timeout check 3s
  timeout client 120s
  timeout server 120s
  option redispatch
  retries 2
  retry-on conn-failure
  option httpchk GET /readyz
frontend door
  bind 127.0.0.1:{port}
  default_backend replicas
backend replicas
  balance roundrobin
{servers}
"""
_NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_body_temp_path {folder};
  proxy_temp_path {folder};
  fastcgi_temp_path {folder};
  uwsgi_temp_path {folder};
  scgi_temp_path {folder};
  upstream replicas {{
{servers}
  }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://replicas;
      proxy_buffering off;
      proxy_read_timeout 120s;
      proxy_next_upstream error;
    }}
  }}
}}
"""

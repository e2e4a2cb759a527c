"""The servers: one table of what each is, how it is started, and what it speaks."""
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Optional

import calls
from process import DIE_WITH_US, PATIENCE_S, Failed, Process, Skipped, free_port, run

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
PEERS = BUILD / "bench"
BARE = BUILD / "tests/bench/bare"
SOURCES = Path(__file__).parent / "peers"
ORDINALD = BUILD / "src/daemon/ordinald"
BODY = '{"id":"120076638149935104"}'  # as long as what ordinald answers

OURS, LIMIT, PEER = "ours", "limit", "peer"


@dataclass(frozen=True)
class Server:
    key: str
    label: str
    kind: str  # OURS, LIMIT: what the machine or a library can do at best, PEER
    speaks: tuple  # protocols, each on a port of its own
    command: Callable  # (folder, *ports) → the command
    program: Optional[Path] = None  # has to be there
    env: Callable = lambda folder: {}
    prepare: Callable = lambda folder: None
    before: Callable = lambda: ()  # what starts the command
    stop: int = signal.SIGTERM
    note: str = ""  # how it is set, and how it makes an ID
    fixed: bool = False  # always answers the same


@dataclass
class Running:
    """A server that listens."""

    server: Server
    process: Process
    ports: dict = field(default_factory=dict)
    folder: Path = None

    @property
    def pid(self):
        return self.process.pid


def require(server):
    """A limit need not be there; all else should have been built."""
    if server.program and not server.program.exists():
        problem = Skipped if server.kind == LIMIT else Failed
        raise problem(f"{server.program.relative_to(ROOT)} is not there")


def start(server, folder):
    """Starts it in a folder of its own, and waits until it listens."""
    require(server)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    server.prepare(folder)
    ports = {protocol: free_port() for protocol in server.speaks}
    process = Process(
        server.command(folder, *ports.values()),
        folder / "log",
        env=server.env(folder),
        before=(*DIE_WITH_US, *server.before()),
        stop=server.stop,
    )
    try:
        for port in ports.values():
            process.wait_for_port(port)
    except BaseException:
        process.stop()
        raise
    return Running(server, process, ports, folder)


def ordinald(*options):
    return lambda folder, grpc, http: [
        *(ORDINALD, "--grpc-listen", f"127.0.0.1:{grpc}", "--http-listen", f"127.0.0.1:{http}", *options)
    ]


def ordinald_env(folder):
    """State in a folder on a disk; where that is an overlay, as in a container, it will do for a benchmark."""
    return {"ORDINAL_STATE_DIR": str(folder / "state"), "ORDINAL_UNSAFE_STATE_DIR": "true"}


NGINX = """
daemon off;
worker_processes {workers};
pid {folder}/nginx.pid;
error_log stderr;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        default_type application/json;
        location / {{ return 200 '{body}'; }}
    }}
}}
"""


def nginx(workers):
    def command(folder, port):
        conf = folder / "nginx.conf"
        conf.write_text(NGINX.format(workers=workers, folder=folder, port=port, body=BODY))
        return ["nginx", "-e", "stderr", "-c", conf]

    return command


def postgres_program(name):
    """Debian keeps them out of the path, by version."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    return found[-1] if found else Path("/usr/lib/postgresql") / name


def postgres_user():
    """Postgres does not run as root."""
    return "postgres" if os.geteuid() == 0 else None


def as_postgres():
    user = postgres_user()
    return ("setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", *DIE_WITH_US[1:]) if user else ()


def prepare_postgres(folder):
    data = folder / "data"
    if not (data / "PG_VERSION").exists():
        data.mkdir(exist_ok=True)
        if postgres_user():
            shutil.chown(data, postgres_user(), postgres_user())
        initdb = postgres_program("initdb")
        run([*as_postgres(), initdb, "-U", "postgres", "-A", "trust", "-D", data], 60)


def postgres(folder, port):
    return [
        *(postgres_program("postgres"), "-D", folder / "data", "-p", port, "-k", folder / "data"),
        *("-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200"),
    ]


COUNTER = "an atomic counter that begins at the time of the start"

TABLE = [
    Server("ordinald", "**ordinald**", OURS, ("grpc", "http"), ordinald(), ORDINALD, ordinald_env,
           note="its defaults, but for the ports and the state directory, which is on a disk"),
    Server("ordinald-memory", "ordinald `--state memory`", OURS, ("grpc", "http"), ordinald("--state", "memory"),
           ORDINALD, ordinald_env, note="the same without durability, which no one should run"),
    Server("ordinald-wide", "ordinald, wide layout", OURS, ("grpc", "http"),
           ordinald("--layout", "tick:41,node:2,sequence:20"), ORDINALD, ordinald_env,
           note="a layout with room for 1,048,576,000 IDs a second instead of 4,096,000"),
    Server("h2-epoll", "raw epoll, HTTP/2", LIMIT, ("grpc",), lambda folder, port: [BARE / "h2_epoll", port],
           BARE / "h2_epoll", fixed=True, note="one thread that answers each request with the same bytes"),
    Server("core-tuned", "bare C core, tuned", LIMIT, ("grpc",),
           lambda folder, port: [BARE / "grpc_core", port, "tuned"], BARE / "grpc_core",
           fixed=True, note="grpc's C core, set as in ordinald, with one fixed reply"),
    Server("core-default", "bare C core, default", LIMIT, ("grpc",),
           lambda folder, port: [BARE / "grpc_core", port, "default"], BARE / "grpc_core",
           fixed=True, note="the same without any setting"),
    Server("grpc-go", "grpc-go", PEER, ("grpc",), lambda folder, port: [PEERS / "grpc_go", port],
           PEERS / "grpc_go", lambda folder: {"GOGC": "400"},
           note=f"a worker for each core, `GOGC=400`, which is faster than its default; {COUNTER}"),
    Server("grpc-go-default", "grpc-go, default GC", PEER, ("grpc",), lambda folder, port: [PEERS / "grpc_go", port],
           PEERS / "grpc_go", note="the same without `GOGC`"),
    Server("cpp-async", "gRPC C++, async", PEER, ("grpc",), lambda folder, port: [PEERS / "grpc_async", port, 1],
           PEERS / "grpc_async", note=f"one completion queue and thread, which is faster than two; {COUNTER}"),
    Server("cpp-callback", "gRPC C++, callback", PEER, ("grpc",),
           lambda folder, port: [PEERS / "grpc_callback", port], PEERS / "grpc_callback",
           note=f"its defaults; {COUNTER}"),
    Server("grpc-python", "python3-grpcio", PEER, ("grpc",),
           lambda folder, port: ["/usr/bin/python3", SOURCES / "grpc_python.py", port],
           env=lambda folder: {"PYTHONPATH": str(calls.GENERATED)},
           note="asyncio, which is faster than its threads; a counter that begins at the time of the start"),
    Server("http-epoll", "raw epoll, HTTP/1.1", LIMIT, ("http",), lambda folder, port: [BARE / "http_epoll", port],
           BARE / "http_epoll", fixed=True, note="one thread that answers each request with the same bytes"),
    Server("civetweb", "bare civetweb", LIMIT, ("http",), lambda folder, port: [BARE / "civetweb_bare", port],
           BARE / "civetweb_bare", fixed=True, note="civetweb, set as in ordinald, with one fixed reply"),
    Server("nginx", "nginx `return 200`", PEER, ("http",), nginx("1"),
           fixed=True,
           note="one worker, which is faster than two here, no access log; makes no ID, answers with fixed text of "
                "the same length"),
    Server("http-go", "Go net/http", PEER, ("http",), lambda folder, port: [PEERS / "http_go", port],
           PEERS / "http_go", lambda folder: {"GOGC": "400"}, note=f"`GOGC=400`; {COUNTER}"),
    Server("http-node", "Node.js http", PEER, ("http",),
           lambda folder, port: ["node", SOURCES / "http_node.js", port],
           note="one process; a counter that begins at the time of the start"),
    Server("redis", "Redis INCR", PEER, ("redis",),
           lambda folder, port: ["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "",
                                 "--appendonly", "no", "--dir", folder],
           note="without persistence, so that a restart repeats its numbers"),
    Server("redis-always", "Redis INCR, `appendfsync always`", PEER, ("redis",),
           lambda folder, port: ["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "",
                                 "--appendonly", "yes", "--appendfsync", "always", "--dir", folder],
           note="each change flushed to its log before the answer; calls of one turn of its loop share a flush"),
    Server("postgres", "Postgres nextval", PEER, ("postgres",), postgres, prepare=prepare_postgres,
           before=as_postgres, stop=signal.SIGINT,
           note="a cluster of its own with Debian's defaults; a sequence without cache, prepared statements"),
]
SERVERS = {server.key: server for server in TABLE}


def check_grpc(running):
    calls.check_grpc(running.ports["grpc"], running.server.fixed)


def check_http(running):
    calls.check_http(running.ports["http"], running.server.fixed)


def check_redis(running):
    command = ["redis-cli", "-p", running.ports["redis"], "incr", "check"]
    calls.check_ids(lambda: int(run(command, PATIENCE_S)))


def psql(running, statement):
    command = ["-h", "127.0.0.1", "-p", running.ports["postgres"], "-U", "postgres", "-qAt", "-c", statement]
    return run([postgres_program("psql"), *command, "postgres"], PATIENCE_S)


def check_postgres(running):
    """It listens for a while before it takes calls."""
    ready = [postgres_program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", running.ports["postgres"]]
    deadline = time.monotonic() + PATIENCE_S
    while subprocess.run(list(map(str, ready)), timeout=PATIENCE_S).returncode != 0:
        if time.monotonic() > deadline:
            raise Failed(f"Postgres takes no calls after {PATIENCE_S} s")
        time.sleep(0.05)
    psql(running, "CREATE SEQUENCE ids")
    calls.check_ids(lambda: int(psql(running, "SELECT nextval('ids')")))


CHECKS = {"grpc": check_grpc, "http": check_http, "redis": check_redis, "postgres": check_postgres}


def check(running, protocol):
    """Real calls, before anything is measured."""
    CHECKS[protocol](running)


def check_refusals(running):
    """h2load takes a gRPC call that was refused for a good one, so ordinald is asked."""
    if running.server.kind == OURS:
        refused = calls.refusals(running.ports["http"])
        if refused:
            raise Failed("calls were refused: " + ", ".join(f"{code} {n:,}" for code, n in refused.items()))

"""A real Envoy on one core, on ports that the kernel gives, and what it has used of the CPU."""

import ctypes
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = ROOT / ".tools" / "envoy" / "envoy"
ENVOY_CORE, CLIENT_CORE = 0, 1
DEADLINE_SECONDS = 60

HTTP = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
LOCAL = {"socket_address": {"address": "127.0.0.1", "port_value": 0}}


class Envoy:
    """Starts at once; `ready` waits for it. To be stopped with `stop`."""

    def __init__(self, folder, bootstrap, workers=1, core=ENVOY_CORE):
        folder.mkdir(parents=True)
        self.address, self.log = folder / "admin", folder / "envoy.log"
        config = folder / "envoy.json"
        config.write_text(json.dumps(bootstrap))
        command = [BINARY, "--config-path", config, "--concurrency", str(workers), "--disable-hot-restart",
                   "--log-level", "warning", "--admin-address-path", self.address]
        with open(self.log, "w") as log:
            self.process = start([str(part) for part in command], core, stdout=log, stderr=log)

    def ready(self):
        """Waits until it takes traffic, and learns its port."""
        self.admin = poll("Envoy starts", lambda: self.alive() and self.address.exists() and self.address.read_text().strip())
        self.port = poll("Envoy takes traffic", lambda: self.alive() and "LIVE" in self.ask("ready") and self.listener())
        return self

    def alive(self):
        if self.process.poll() is not None:
            sys.exit(f"bench: Envoy ended; its log says:\n{self.log.read_text()[-4000:]}")
        return True

    def listener(self):
        listeners = json.loads(self.ask("listeners?format=json")).get("listener_statuses")
        return listeners and listeners[0]["local_address"]["socket_address"]["port_value"]

    def ask(self, path):
        """What its admin page answers, whatever the status."""
        try:
            with urllib.request.urlopen(f"http://{self.admin}/{path}", timeout=DEADLINE_SECONDS) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.read().decode()

    def cpu_ns(self):
        """What all of its threads have used so far."""
        tasks = pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks)

    def resident_mb(self):
        return resident_mb(self.process.pid)

    def stop(self):
        # Nothing of it is needed any more, and a drain takes time.
        self.process.kill()
        self.process.wait()


def resident_mb(process):
    status = pathlib.Path(f"/proc/{process}/status").read_text()
    [kilobytes] = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(kilobytes) / 1024


def bootstrap(filters, virtual_host, clusters=()):
    """A listener with these filters and a router."""
    manager = {
        "@type": HTTP, "stat_prefix": "bench", "codec_type": "AUTO",
        "route_config": {"virtual_hosts": [{"name": "bench", "domains": ["*"], **virtual_host}]},
        "http_filters": [*filters, {"name": "router", "typed_config": {"@type": ROUTER}}],
    }
    chain = {"filters": [{"name": "http", "typed_config": manager}]}
    listener = {"name": "bench", "address": LOCAL, "filter_chains": [chain]}
    return {"admin": {"address": LOCAL}, "static_resources": {"listeners": [listener], "clusters": list(clusters)}}


def start(command, core, **options):
    """A child on one core that ends when this process ends, however that comes (PR_SET_PDEATHSIG of Linux)."""
    libc = ctypes.CDLL(None)

    def prepare():
        libc.prctl(1, signal.SIGKILL)
        os.sched_setaffinity(0, {core})

    return subprocess.Popen(command, preexec_fn=prepare, **options)


def poll(what, condition, pause_seconds=0.01):
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(pause_seconds)
    sys.exit(f"bench: waited {DEADLINE_SECONDS} s in vain until {what}")

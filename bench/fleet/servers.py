"""The two servers that do the same job, the first of them by two services, and what the kernel says that they use."""

import dataclasses
import json
import subprocess
import sys
import time

from envoy import ENVOY_CORE, resident_mb, start


@dataclasses.dataclass(frozen=True)
class Kind:
    name: str
    command: tuple
    # The file whose renaming is a push, and what is in it for a policy.
    file: str
    text: object
    # The service by which its clients ask for the filter.
    service: str = "ads"


def all(target):
    module = target / "weir.wasm"
    weir = (target / "release" / "weir", "serve", "--policy", "policy.json", "--attach", "attach.yaml", "--listen", "127.0.0.1:0")
    peer = (target / "bench" / "fleet-peer", "-envelope", "envelope.json", "-module", module)
    return [
        Kind("weir", weir, "policy.json", json.dumps),
        Kind("ecds", weir, "policy.json", json.dumps, "ecds"),
        Kind("peer", peer, "envelope.json", envelope),
        Kind("tuned", (*peer, "-tuned"), "envelope.json", envelope),
    ]


def envelope(policy):
    return json.dumps({"weir": 1, "name": "bench", "trace": "all", "policy": policy})


class Server:
    """Runs until `stop`."""

    def __init__(self, kind, folder, module, policy):
        self.kind, self.folder = kind, folder / "served"
        self.folder.mkdir()
        # Not among the files that are watched.
        self.log = folder / "server.log"
        (self.folder / "attach.yaml").write_text(f"weir: 1\nname: bench\ntrace: all\nwasm: {{file: '{module}'}}\n")
        self.push(policy)
        command = [str(part) for part in kind.command]
        # go-control-plane's is told the whole path, since that is what its watcher reports.
        command = [str(self.folder / part) if part == "envelope.json" else part for part in command]
        with open(self.log, "w") as log:
            self.process = start(command, ENVOY_CORE, cwd=self.folder, stdout=subprocess.PIPE, stderr=log, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("listening on "):
            sys.exit(f"bench-fleet: {kind.name} did not start; it says:\n{self.log.read_text()[-4000:]}")
        self.address = line.split()[-1]

    def push(self, policy):
        """When it was pushed, in nanoseconds since 1970."""
        new = self.folder / "new"
        new.write_text(self.kind.text(policy))
        began = time.time_ns()
        new.replace(self.folder / self.kind.file)
        return began

    def cpu_ms(self):
        return cpu_ms(self.process)

    def resident_kb(self):
        return resident_mb(self.process.pid) * 1024

    def stop(self):
        self.process.kill()
        self.process.wait()


def cpu_ms(process):
    """By its CPU-time clock (clock_getcpuclockid of Linux), which counts threads that have ended too."""
    return time.clock_gettime((~process.pid << 3) | 2) * 1000

"""From a policy file that is replaced, through `weir serve` and xDS, to the first request that is decided by it."""

import contextlib
import http.client
import json
import pathlib
import subprocess
import sys
import tempfile
import time
from statistics import median

import load
import policies
from envoy import CLIENT_CORE, Envoy, bootstrap, poll, resident_mb, start
from variants import HTTP_OPTIONS, WASM, answer, cluster

RBAC = "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC"
NODE = {"id": "bench", "cluster": "weir"}


def measure(weir, module, sizes, pushes, progress):
    """By size: bytes of the policy, milliseconds until it is active, milliseconds of Envoy's CPU that it took."""
    found = []
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
            found.append(push_size(weir, module, size, pushes, pathlib.Path(folder)))
        progress(f"pushes: a policy of {found[-1]['bytes']:,} bytes")
    return found


def largest(weir, module, pushes, progress):
    """By role: what the largest policy takes until it is active, and how long a worker answers nobody meanwhile."""
    found = []
    for role in ("edge", "mesh"):
        with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
            found.append({"role": role, **push_largest(weir, module, role, pushes, pathlib.Path(folder))})
        progress(f"pushes: the largest policy, role {role}")
    return found


def push_largest(weir, module, role, pushes, folder):
    texts = [text(policies.largest(), share) for share in ("50%", "40%")]
    revisions = [revision(weir, content, folder) for content in texts]
    with contextlib.ExitStack() as stack:
        envoy, server = served(weir, module, text(policies.of_size(1000), "30%"), folder, stack, role)
        connection = stack.enter_context(contextlib.closing(http.client.HTTPConnection("127.0.0.1", envoy.port, timeout=60)))
        before = envoy.resident_mb()
        taken = [push(envoy, connection, folder, texts[turn % 2], revisions[turn % 2]) for turn in range(pushes)]
        memory = {"envoy_mb": envoy.resident_mb() - before, "serve_mb": resident_mb(server.pid)}
    return {"bytes": len(texts[0]), **memory, **{key: median(one[key] for one in taken) for key in taken[0]}}


def push_size(weir, module, size, pushes, folder):
    policy = policies.of_size(size)
    texts = [text(policy, share) for share in ("50%", "40%")]
    revisions = [revision(weir, content, folder) for content in texts]
    with contextlib.ExitStack() as stack:
        envoy, _ = served(weir, module, texts[0], folder, stack)
        connection = stack.enter_context(contextlib.closing(http.client.HTTPConnection("127.0.0.1", envoy.port, timeout=60)))
        await_revision(connection, revisions[0])
        taken = [push(envoy, connection, folder, texts[turn % 2], revisions[turn % 2]) for turn in range(1, pushes + 1)]
    return {"bytes": len(texts[0]), **{key: median(one[key] for one in taken) for key in taken[0]}}


def text(policy, share):
    """The policy with other shares in its first experiment, so that it is another revision."""
    for variant in policy["layers"][0]["experiments"][0]["variants"]:
        variant["share"] = share
    return json.dumps(policy)


def revision(weir, content, folder):
    copy = folder / "checked.json"
    copy.write_text(content)
    checked = subprocess.run([weir, "check", "--json", copy], capture_output=True, text=True)
    if checked.returncode != 0:
        sys.exit(f"bench: the policy of this size is refused: {checked.stdout[:2000]}{checked.stderr[:2000]}")
    return json.loads(checked.stdout)["revision"]


def served(weir, module, content, folder, stack, role="edge"):
    """An Envoy that has its filter from a `weir serve` of its own."""
    (folder / "policy.json").write_text(content)
    (folder / "attach.yaml").write_text(f"weir: 1\nname: bench\nrole: {role}\ntrace: all\nwasm: {{file: '{module}'}}\n")
    command = [weir, "serve", "--policy", folder / "policy.json", "--attach", folder / "attach.yaml", "--listen", "127.0.0.1:0"]
    log = stack.enter_context(open(folder / "serve.log", "w"))
    server = start([str(part) for part in command], CLIENT_CORE, stdout=subprocess.PIPE, stderr=log, text=True)
    stack.callback(server.wait)
    stack.callback(server.kill)
    line = server.stdout.readline()
    if not line.startswith("listening on "):
        sys.exit(f"bench: weir serve did not start; it says:\n{(folder / 'serve.log').read_text()}")
    envoy = Envoy(folder / "envoy", xds_bootstrap(int(line.rpartition(":")[2])))
    stack.callback(envoy.stop)
    return envoy.ready(), server


def xds_bootstrap(xds_port):
    """By ADS."""
    return {**filter_from({"ads": {}}, xds_port), "dynamic_resources": {"ads_config": api()}}


def ecds_bootstrap(xds_port):
    """By ExtensionConfigDiscoveryService, as an Envoy does that has its listeners from elsewhere."""
    return filter_from({"api_config_source": api()}, xds_port)


def filter_from(source, xds_port):
    source = {**source, "resource_api_version": "V3"}
    discovery = {"config_source": source, "default_config": {"@type": RBAC}, "type_urls": [WASM, RBAC]}
    shown = {"header": {"key": "x-weir-decision", "value": "%FILTER_STATE(wasm.weir:PLAIN)%"}}
    host = {"routes": [answer("stable")], "response_headers_to_add": [shown]}
    config = bootstrap([{"name": "weir.bench", "config_discovery": discovery}], host, [cluster("weir-xds", xds_port)])
    return {**config, "node": NODE}


def api():
    return {"api_type": "DELTA_GRPC", "transport_api_version": "V3", "grpc_services": [{"envoy_grpc": {"cluster_name": "weir-xds"}}]}


def push(envoy, connection, folder, content, wanted):
    new = folder / "policy.new"
    new.write_text(content)
    used, began = envoy.cpu_ns(), time.monotonic()
    new.replace(folder / "policy.json")
    longest = await_revision(connection, wanted)
    taken = time.monotonic() - began
    poll("Envoy is idle again", lambda: idle(envoy))
    return {"ms": taken * 1000, "cpu_ms": (envoy.cpu_ns() - used) / 1e6, "stall_ms": longest * 1000}


def await_revision(connection, wanted):
    """There is one worker: once it decides by the new policy, everybody does. Asking costs Envoy less than a hundredth.

    Returns how long the slowest answer took."""
    began, took = time.monotonic(), []

    def active():
        time.sleep((time.monotonic() - began) / 100)
        asked = time.monotonic()
        connection.request("GET", "/", headers={"cookie": f"uid={load.UNIT}"})
        response = connection.getresponse()
        response.read()
        took.append(time.monotonic() - asked)
        return (response.getheader("x-weir-decision") or "").split(";")[1:2] == [wanted]

    poll(f"revision {wanted} is active", active, 0.002)
    return max(took)


def idle(envoy):
    used = envoy.cpu_ns()
    time.sleep(0.05)
    return envoy.cpu_ns() - used < 1_000_000

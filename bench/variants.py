"""What is compared: each variant is what stands in front of Envoy's router, or the routes that do without a filter."""

import dataclasses
import json
import pathlib

import policies
from envoy import bootstrap

HERE = pathlib.Path(__file__).parent
# Parts of the filter that are measured one by one.
PARTS = ["exposure", "numbers", "cookies"]
WASM = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm"
LUA = "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua"
HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


@dataclasses.dataclass(frozen=True)
class Variant:
    name: str
    title: str
    filters: tuple = ()
    routes: str = "tagged"
    # How many tags the measured requests must get; with any, they must take the canary's route.
    tags: int = 0
    # The variant without what is measured here.
    base: str = "none"

    def canary(self):
        return self.tags > 0 or self.routes == "header"

    def bootstrap(self, upstream_port, shows_tag=False):
        host = {"routes": ROUTES[self.routes]}
        if shows_tag:
            host["response_headers_to_add"] = [{"header": {"key": "x-tag-seen", "value": "%REQ(X-ENV-TAG)%"}}]
        clusters = [cluster(name, upstream_port) for name in ("stable", "canary")] if self.proxied() else []
        return bootstrap(self.filters, host, clusters)

    def proxied(self):
        return self.routes in ("cluster", "weighted")


def variants(modules):
    """All whose costs are compared; `modules` is the folder that holds the built ones."""
    def ours(name, title, module, policy, tags):
        return Variant(name, title, (wasm(modules / module, policy),), tags=tags)

    one, large, nothing = policies.ONE, policies.large(), policies.NOTHING
    return [
        Variant("none", "no filter"),
        Variant("null", "no filter, a second time: the noise"),
        Variant("header-route", "native: a route that matches a header", routes="header"),
        Variant("cluster", "no filter, proxied to a cluster", routes="cluster", base="cluster"),
        Variant("weighted", "native: `weighted_clusters`, beside a route to one cluster", routes="weighted", base="cluster"),
        Variant("noop", "wasm that does nothing", (wasm(modules / "noop.wasm"),)),
        Variant("floor", "**the floor**: raw wasm, one cookie read, one hash, one header written", (wasm(modules / "floor.wasm"),), tags=1),
        Variant("all-headers", "the same, but all headers read, so that a forged `x-weir-*` is seen", (wasm(modules / "all_headers.wasm"),), tags=1),
        Variant("everything", "the calls to Envoy that the filter as shipped makes, and none of its work", (wasm(modules / "everything.wasm"),), tags=1),
        Variant("lua-floor", "Lua doing the floor's job", (lua("floor.lua"),), tags=1),
        Variant("lua-decide", "Lua doing the whole decision for one experiment", (lua("decide.lua"),), tags=1),
        Variant("lua-whole", "the same, but a forged `x-weir-*` is dropped", (lua("decide.lua", "guard.lua"),), tags=1),
        ours("lean-one", "one experiment", "weir-only.wasm", one, 1),
        ours("lean-large", "10 layers, 100 experiments, 50 rules", "weir-only.wasm", large, 10),
        ours("lean-nothing", "nothing to write", "weir-only.wasm", nothing, 0),
        ours("exposure-one", "one experiment, with exposure", "weir-only-exposure.wasm", one, 1),
        ours("numbers-one", "one experiment, with metrics", "weir-only-numbers.wasm", one, 1),
        ours("cookies-one", "one experiment, with cookies", "weir-only-cookies.wasm", one, 1),
        ours("weir-one", "one experiment", "weir.wasm", one, 1),
        ours("weir-large", "10 layers, 100 experiments, 50 rules", "weir.wasm", large, 10),
        ours("weir-nothing", "nothing to write", "weir.wasm", nothing, 0),
    ]


def evidence(modules):
    """As shipped: what being counted as evidence adds."""
    def ours(name, title, policy):
        return Variant(name, title, (wasm(modules / "weir.wasm", policy),), tags=1, base="weir-one")

    return [
        ours("weir-one", "one experiment", policies.ONE),
        ours("again-one", "one experiment, a second time: the noise", policies.ONE),
        ours("pool-one", "one experiment on the line of a pool", policies.POOL),
    ]


def names():
    return [variant.name for variant in variants(pathlib.Path())]


def chosen(variants, only):
    """All, or those that are named and what they are compared with."""
    named = {"none", "floor", *only}
    bases = {variant.base for variant in variants if variant.name in named}
    return [variant for variant in variants if not only or variant.name in named | bases]


def wasm(module, policy=None):
    config = {"name": "weir", "root_id": "weir", "vm_config": {
        "vm_id": "bench", "runtime": "envoy.wasm.runtime.v8", "code": {"local": {"filename": str(module)}}}}
    if policy is not None:
        envelope = json.dumps({"weir": 1, "name": "bench", "policy": policy})
        config["configuration"] = {"@type": "type.googleapis.com/google.protobuf.StringValue", "value": envelope}
    return {"name": "weir", "typed_config": {"@type": WASM, "config": config}}


def lua(*scripts):
    source = "".join((HERE / "lua" / script).read_text() for script in scripts)
    return {"name": "lua", "typed_config": {"@type": LUA, "default_source_code": {"inline_string": source}}}


def cluster(name, port):
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    return {
        "name": name, "type": "STATIC", "connect_timeout": "1s",
        "typed_extension_protocol_options": {HTTP_OPTIONS: {
            "@type": f"type.googleapis.com/{HTTP_OPTIONS}", "explicit_http_config": {"http2_protocol_options": {}}}},
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}]},
    }


def answer(name, headers=()):
    """A route that Envoy answers itself: the two bodies are equally long."""
    return {"match": {"prefix": "/", "headers": list(headers)},
            "direct_response": {"status": 200, "body": {"inline_string": name}}}


def weights(**parts):
    return [{"match": {"prefix": "/"}, "route": {"weighted_clusters": {
        "clusters": [{"name": name, "weight": weight} for name, weight in parts.items()]}}}]


TAG = {"name": "x-env-tag", "string_match": {"safe_regex": {"regex": "(.*,)?owl-v21(,.*)?"}}}
SENT = {"name": "x-client-version", "string_match": {"exact": "5.14.2"}}
ROUTES = {
    "tagged": [answer("canary", [TAG]), answer("stable")],
    "header": [answer("canary", [SENT]), answer("stable")],
    "cluster": [{"match": {"prefix": "/"}, "route": {"cluster": "stable"}}],
    "weighted": weights(stable=50, canary=50),
}

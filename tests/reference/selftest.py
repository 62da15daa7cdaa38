"""Runs every `weir explain` of the documentation against the reference, and compares what both say."""

import re
import shlex
import sys
from pathlib import Path

import reference
import yaml_subset
from conditions import number_of, version_of
from hashing import h, part, slot
from policies import Policy
from travel import baggage_lines, cookie_lines
from units import json_member

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = ["policy.md", "filter.md", "cli.md"]


def run():
    _check_hash()
    _check_json()
    _check_values()
    _check_baggage()
    _check_cookies()
    _check_decisions()
    ran = sum(_run_page((DOCS / page).read_text()) for page in PAGES)
    print(f"good: {ran} examples")


def _check_hash():
    assert f"{h(b'L:checkout:0:user-1'):016x}" == "6ae335409fec02af"
    assert f"{h('L:checkout:0:用户1'.encode()):016x}" == "98dc543df4bf95ee"
    assert slot("E", "banner", 0, b"user-1") == 229072
    assert slot("L", "checkout", 1, b"user-1") == 142987
    assert part("E", "banner", 0, b"user-1") == 10


def _check_json():
    assert json_member(b'{"a": {"u": 1}, "u": "x", "u": "y"}', "u") == b"x"
    assert json_member(rb' {"\u0075": -1.50e2} ', "u") == b"-1.50e2"
    assert json_member(rb'{"u": "\ud83d\ude00"}', "u") == "😀".encode()
    assert json_member(rb'{"u": "x", "v": ["\ud83d"]}', "u") == b"x"
    assert json_member(b'{"u": "x"} 1', "u") is None
    assert json_member(b'{"u": 01}', "u") is None
    assert json_member(b'{"u": "x", "v": ' + b"[" * 63 + b"]" * 63 + b"}", "u") == b"x"
    assert json_member(b'{"u": "x", "v": ' + b"[" * 64 + b"]" * 64 + b"}", "u") is None


def _check_values():
    assert number_of(b"007.50") == number_of(b"7.5") and number_of(b"1.") is None
    order = ["1.0.0-1", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-beta", "v1", "1.0.0.1", "1.2.3-2", "1.2.3-10", "1.2.3+5"]
    versions = [version_of(each.encode()) for each in order]
    assert versions == sorted(versions)


def _check_baggage():
    def lines(*given, tags=(), edge=False):
        return [line.decode() for line in baggage_lines([line.encode() for line in given], "lane", list(tags), edge)]

    assert lines("lane=old;p=1,a=1", tags=["x", "y"]) == ["lane=x%2Cy,a=1"]
    assert lines("a=1", "b=2", tags=["x"]) == ["a=1", "b=2,lane=x"]
    assert lines("", tags=["x"]) == lines(tags=["x"]) == ["lane=x"]
    assert lines("lane=1, a=1, lane=2, b=2 ,lane=3", "lane=4") == ["a=1, b=2"]
    assert lines("lane,LANE=1", tags=["x"]) == ["lane,LANE=1,lane=x"]
    many = ",".join(["a=1"] * 64 + ["lane=1"])
    assert lines(many, tags=["x"]) == [many] and lines(many, tags=["x"], edge=True) == []


def _check_cookies():
    def lines(*given, **wanted):
        wanted = {name: value and value.encode() for name, value in wanted.items()}
        return [line.decode() for line in cookie_lines([line.encode() for line in given], wanted)]

    assert lines("a=1; id = x ; b=2", "id=y; c=3", id="z") == ["a=1; id=z; b=2", "c=3"]
    assert lines("a=1; b=2;id=x; id=y", "id=z", "d", id="z") == ["a=1; b=2;id=z", "d"]
    assert lines("a=1; id", "b=2", id="z", lane="t") == ["a=1; id", "b=2; id=z; lane=t"]
    assert lines("a=1", "", id="z") == ["a=1", "id=z"] and lines(id="z") == ["id=z"]
    assert lines("lane=x", lane=None) == [] and lines("lane=x;", "a", lane=None) == ["a"]
    assert lines(" lane = x ;a", lane="x") == [" lane = x ;a"]


SERVICE = "podinfo.test.svc.cluster.local"
OTHER = "podinfo-canary.test.svc.cluster.local"
ARMED = {
    "version": 1,
    "units": {"user": [{"header": "x-user-id"}, {"cookie": "id", "issue": {"max_age_seconds": 60, "path": "/shop"}}]},
    "conditions": {"bots": {"header": {"name": "user-agent", "contains": "bot"}}},
    "targeting": {"not": {"condition": "bots"}},
    "env_tag": {"cookie": {"name": "lane", "max_age_seconds": 9, "same_site": "none", "partitioned": True}},
    "layers": [{"id": "l", "unit": "user", "experiments": [{
        "id": "e",
        "slots": "all",
        "variants": [{"id": "canary", "routes": {SERVICE: {"service": OTHER}}}, {"id": "control"}],
        "audiences": [{"id": "all", "when": {"method": {"exact": "GET"}}, "shares": {"canary": "100%"}}],
    }]}],
}


def _check_decisions():
    ada = {"x-user-id": "ada"}
    routed = _decided(ARMED, {"steer": "cluster"}, {**ada, ":scheme": "https"}, f"outbound|81|v0|{SERVICE}")
    assert routed["edits"] == [["x-env-tag", ["e.canary"]], ["x-weir-cluster", [f"outbound|81||{OTHER}"]]]
    assert routed["set_cookies"] == ["lane=e.canary; Path=/; SameSite=None; Max-Age=9; Secure; Partitioned"]
    assert routed["state"].endswith(";l=e/canary/assigned/all")
    reached = _decided(ARMED, {"steer": "subset"}, ada, OTHER)
    assert ["x-weir-subset", [OTHER]] in reached["edits"] and not reached["set_cookies"]
    bot = _decided(ARMED, {}, {":scheme": "https", "user-agent": "a bot", "cookie": "lane=x%2Ce.control"})
    assert bot["layers"] == [["l", None, None, None, "stable", "not_targeted", None]] and not bot["edits"]
    assert bot["set_cookies"] == ["lane=e.control; Path=/; SameSite=None; Max-Age=9; Secure; Partitioned"]
    empty = _decided(ARMED, {}, {":scheme": "https", "user-agent": "a bot", "cookie": "lane = e.control%2cx"})
    assert empty["set_cookies"] == ["lane=; Path=/; SameSite=None; Max-Age=0; Secure; Partitioned"]
    forged = [["x-weir-z", "1"], ["x-env-tag", "a"], ["x-dice", "1"], ["x-weir-a", "1"]]
    sticky = [{"id": "w", "unit": "user", "header": header} for header in ("x-z", "x-dice")]
    weighed = {"steer": "cluster", "sticky": sticky}
    written = _decided(ARMED, weighed, {**ada, **dict(forged)}, f"a|81|v0|{OTHER}|b")["edits"]
    names = [name for name, _ in written]
    assert names == ["x-weir-z", "x-weir-a", "x-env-tag", "x-weir-cluster", "x-z", "x-dice"], written
    assert written[3][1] == [f"outbound|81||{OTHER}"]
    assert _decided(ARMED, {}, {":path": "/shopping"})["layers"][0][5] == "no_unit"
    made = _decided(ARMED, {}, {":path": "/shop/a", "cookie": "id=no"})
    assert made["set_cookies"] == ["id=" + "A" * 22 + "; Path=/shop; SameSite=Lax; Max-Age=60; HttpOnly"]
    asked = {":path": "/shop", ":method": "OPTIONS", "access-control-request-method": ""}
    preflight = _decided(ARMED, {}, {**ada, **asked})
    assert preflight["layers"][0][5] == "no_variant" and not preflight["counted"]


def _decided(document, attachment, headers, destination=None):
    headers = {":method": "GET", ":scheme": "http", ":authority": "a", ":path": "/", **headers}
    return reference.decide(Policy(document), attachment, list(headers.items()), [bytes(16)], destination).document()


def _run_page(text):
    files, ran = {}, 0
    for kind, name, body in re.findall(r"^```(yaml|console)(?: file=(\S+))?\n(.*?)^```$", text, re.M | re.S):
        if kind == "yaml":
            files[name] = body
        else:
            ran += sum(_run_example(files, command, told) for command, told in _commands(body))
    return ran


def _commands(body):
    parts = re.split(r"^\$ (weir explain .*)\n", "\n" + body, flags=re.M)
    pairs = zip(parts[1::2], parts[2::2])
    return [(command, told.split("\n$ ")[0].rstrip("\n").split("\n")) for command, told in pairs]


def _run_example(files, command, told):
    """Whether the example is one to run; stops where the reference says otherwise."""
    is_other = any(each in command for each in ("--joined", "--requests", "| sed")) or told[0].startswith("weir: ")
    if "--json" in command and "grep" not in command or is_other:
        return False
    arguments = shlex.split(command.split(" | ")[0])[2:]
    pairs = list(zip(*[iter([each for each in arguments if each != "--json"])] * 2))
    policy = Policy(yaml_subset.parse(files[dict(pairs)["--policy"]]))
    attachment = _attachment(files, dict(pairs))
    decision = reference.decide(
        policy, attachment, _headers(pairs), [bytes.fromhex(each) for name, each in pairs if name == "--random"],
        dict(pairs).get("--destination"),
    )
    mine = [f'"state":"{decision.state}"'] if "grep" in command else _explained(policy, attachment, decision)
    if mine != _outcome(told):
        sys.exit("\n".join([f"$ {command}", "the documentation:", *told, "the reference:", *mine]))
    return True


def _outcome(told):
    """What is told of the outcome, blanks made one, and of the steps that led there the slots."""
    lines = [" ".join(line.split()) for line in told]
    blanks = [place for place, line in enumerate(lines) if not line]
    steps = lines[blanks[2]:] if len(blanks) > 2 else []
    slots = [" ".join(line.split()[:2]) for line in steps if re.match(r"slot \d+ on line ", line)]
    return lines[:len(lines) - len(steps)] + slots


def _attachment(files, options):
    attachment = yaml_subset.parse(files[options["--attach"]]) if "--attach" in options else {}
    said = {name: options[f"--{name}"] for name in ("role", "steer") if f"--{name}" in options}
    return {"role": "edge", "steer": "tag", **attachment, **said}


def _headers(pairs):
    options = dict(pairs)
    pseudo = [
        [":method", options.get("--method", "GET")], [":scheme", "http"],
        [":authority", options.get("--host", "localhost")], [":path", options.get("--path", "/")],
    ]
    return pseudo + [[each.strip() for each in header.split(":", 1)] for name, header in pairs if name == "--header"]


def _explained(policy, attachment, decision):
    """What `weir explain` prints of the outcome, blanks made one, and the slots of layers that have one."""
    lines = [f"revision {policy.revision}, role {attachment['role']}, steer {attachment['steer']}", ""]
    layers = decision.document()["layers"]
    has_some = [attachment["role"] == "edge" and each.experiment and each.experiment.audiences for each in decision.outcomes]
    audiences = [(each.audience or "-") if some else "" for each, some in zip(decision.outcomes, has_some)]
    wide = any(audiences)
    lines += ["LAYER EXPERIMENT VARIANT REASON" + (" AUDIENCE" if wide else "")]
    for (layer, _, experiment, _, variant, reason, _), audience in zip(layers, audiences):
        lines.append(" ".join([layer, experiment or "-", variant, reason] + ([audience] if wide else [])).strip())
    changes = [
        f"set {name}: {line.decode()}" if lines_ else f"remove {name}"
        for name, lines_ in decision.edits for line in lines_ or [b""]
    ]
    answers = [f"answer set-cookie: {each}" for each in decision.set_cookies]
    slots = [f"slot {slot_}" for _, slot_, *_ in layers if slot_ is not None]
    return lines + [""] + (changes or ["the request's headers stay as they are"]) + answers + slots

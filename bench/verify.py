"""Before anything is measured: each variant does what its row says, and those that decide the same agree."""

import contextlib
import hashlib
import http.client
import sys

import load
from stage import Stage

UNITS = [hashlib.md5(str(number).encode()).hexdigest()[: 1 + number % 32] for number in range(400)]


def verify(variants):
    """Ends the benchmark with what was found if one does not."""
    with Stage(variants, shows_tag=True) as stage:
        for variant in variants:
            for size, lines in load.REQUESTS.items():
                check(variant, size, *ask(stage.envoys[variant.name].port, [lines])[0])
        agree(stage, [name for name in ("floor", "lua-floor") if name in stage.envoys])
        deciding = [variant.name for variant in variants if variant.name in ("lua-decide", "lua-whole") or variant.name.endswith("-one")]
        agree(stage, deciding)


def check(variant, size, body, tag):
    tags = tag.split(",") if tag else []
    expected = "canary" if variant.canary() else "stable"
    if body != expected or len(tags) != variant.tags or (tags and tags[0] != "owl-v21"):
        sys.exit(f"bench: {variant.name} does not do its job: the {size} request took the route {body!r} with the tag {tag!r}; "
                 f"expected {expected!r} and {variant.tags} tags, the first owl-v21")


def agree(stage, names):
    """400 units of 1 to 32 bytes, which makes a tail of any length for the hash, get the same tags from all of them."""
    answers = {}
    for name in names:
        requests = [[("cookie", f"theme=dark; uid={unit}; lang=en")] for unit in UNITS]
        answers[name] = [tag for _, tag in ask(stage.envoys[name].port, requests)]
        first = answers[names[0]]
        if answers[name] != first:
            unit, (found, expected) = next((u, pair) for u, *pair in zip(UNITS, answers[name], first) if pair[0] != pair[1])
            sys.exit(f"bench: {name} gives the unit {unit} the tag {found!r}, {names[0]} gives it {expected!r}")
        if set(first) != {"owl-v21", "owl-v21.control"}:
            sys.exit(f"bench: {name} gives {len(UNITS)} units only the tags {sorted(map(str, set(first)))}")


def ask(port, requests):
    """Body and tag of each, over one connection."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        return [ask_on(connection, lines) for lines in requests]


def ask_on(connection, lines):
    connection.request("GET", "/", headers=dict(lines))
    response = connection.getresponse()
    return response.read().decode(), response.getheader("x-tag-seen")

"""What a client waits for an answer, at a rate that leaves Envoy's core mostly idle."""

from statistics import median, quantiles

import load
from stage import Stage

NAMES = ["none", "floor", "lua-decide", "lean-one", "weir-one", "weir-large"]
RATE = 5000


def measure(variants, rounds, seconds, progress):
    """Medians over the rounds of p50 and p99, in microseconds, by variant."""
    variants = [variant for variant in variants if variant.name in NAMES]
    found = {variant.name: [] for variant in variants}
    with Stage(variants) as stage:
        for turn in range(rounds):
            for variant in variants:
                found[variant.name].append(percentiles(stage.envoys[variant.name].port, seconds, stage.folder / "requests"))
            progress(f"latency: round {turn + 1} of {rounds}")
    return {name: {"p50": median(p50 for p50, _ in rounds), "p99": median(p99 for _, p99 in rounds)} for name, rounds in found.items()}


def percentiles(port, seconds, log):
    requests = RATE * seconds
    log.unlink(missing_ok=True)
    load.send(load.command(port, load.REQUESTS["small"], requests, "--rps", str(RATE), "--log-file", str(log)), requests)
    times = [int(line.split("\t")[2]) for line in log.read_text().splitlines()]
    cuts = quantiles(times, n=100)
    return cuts[49], cuts[98]

"""What a client waits for an answer, at a rate at which each request has Envoy for itself."""

from statistics import median, quantiles

import load
from stage import Stage

NAMES = ["none", "floor", "lua-decide", "lean-one", "weir-one", "weir-large"]
# A timing script is kept to the request up to here; h2load's --rps sends what belongs to 10 ms in one burst.
RATE = 800


def measure(variants, rounds, seconds, progress):
    """Medians over the rounds, by variant: p50 and p99 in microseconds, and the rate that was reached."""
    variants = [variant for variant in variants if variant.name in NAMES]
    found = {variant.name: [] for variant in variants}
    with Stage(variants) as stage:
        for turn in range(rounds):
            for variant in variants:
                found[variant.name].append(one_round(stage.envoys[variant.name].port, RATE * seconds, stage.folder))
            progress(f"latency: round {turn + 1} of {rounds}")
    return {name: {key: median(one[key] for one in rounds) for key in rounds[0]} for name, rounds in found.items()}


def one_round(port, requests, folder):
    script, log = folder / "script", folder / "log"
    script.write_text("".join(f"{number * 1000 / RATE:.3f}\thttp://127.0.0.1:{port}/\n" for number in range(requests)))
    log.unlink(missing_ok=True)
    # The addresses are in the script.
    command = load.command(port, load.REQUESTS["small"], requests, "--timing-script-file", str(script), "--log-file", str(log))
    load.send(command[:-1], requests)
    rows = [[int(cell) for cell in line.split("\t")] for line in log.read_text().splitlines()]
    began = [start for start, _status, _taken in rows]
    cuts = quantiles([taken for _start, _status, taken in rows], n=100)
    return {"p50": cuts[49], "p99": cuts[98], "rate": (requests - 1) / (max(began) - min(began)) * 1e6}

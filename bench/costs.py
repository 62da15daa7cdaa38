"""CPU of a request: rounds over all variants in shuffled order, in several starts of all Envoys."""

import random
import time

import load
from stage import Stage

WARM_UP_REQUESTS = 2000


def measure(variants, starts, rounds, requests, progress):
    """Microseconds a request: by size, by variant, a list of rounds for each start."""
    shuffle = random.Random(20261121).shuffle
    samples = {size: {variant.name: [] for variant in variants} for size in load.REQUESTS}
    cells = [(variant.name, size) for variant in variants for size in load.REQUESTS]
    total, done, began = starts * rounds * len(cells), 0, time.monotonic()
    for start in range(starts):
        with Stage(variants) as stage:
            for name, size in cells:
                load.cost(stage.envoys[name], load.REQUESTS[size], WARM_UP_REQUESTS)
                samples[size][name].append([])
            for turn in range(rounds):
                shuffle(cells)
                for name, size in cells:
                    samples[size][name][start].append(load.cost(stage.envoys[name], load.REQUESTS[size], requests))
                    done += 1
                left = (time.monotonic() - began) * (total - done) / done
                progress(f"start {start + 1} of {starts}, round {turn + 1} of {rounds}, about {left:.0f} s left")
    return samples

"""Resident memory of Envoy after some traffic, with 1 and with 3 workers."""

import pathlib
import tempfile
from statistics import median

import load
from envoy import Envoy

NAMES = ["none", "noop", "weir-one", "weir-large"]
WORKERS = (1, 3)
REQUESTS = 5000


def measure(variants, starts, progress):
    """Megabytes by variant and number of workers."""
    found = {}
    for variant in (variant for variant in variants if variant.name in NAMES):
        found[variant.name] = {workers: median(resident(variant, workers) for _ in range(starts)) for workers in WORKERS}
        progress(f"memory: {variant.name}")
    return found


def resident(variant, workers):
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
        envoy = Envoy(pathlib.Path(folder) / "envoy", variant.bootstrap(None), workers)
        try:
            envoy.ready()
            # Connections enough that each worker has some.
            load.send(load.command(envoy.port, load.REQUESTS["small"], REQUESTS, "-c", "24"), REQUESTS)
            return envoy.resident_mb()
        finally:
            envoy.stop()

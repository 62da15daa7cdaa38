"""Prints random cases of releases and what the reference expects of them, one JSON line a case.

    python3 -m releases.cases --seed 1 --count 5000 [--kind placement] [--first 0]

The format is described in the package (`python3 -c 'import releases; help(releases)'`).
"""

import argparse
import json
import random
import sys

from .drive import verdicts
from .placing import placement
from .standing import standing

MAKERS = {"placement": placement, "effective": standing, "verdict": verdicts}


def main():
    options = _options()
    if options.self_test:
        from .selftest import run

        return run()
    for index in range(options.first, options.first + options.count):
        print(json.dumps(case(options.seed, index, options.kind), ensure_ascii=False, separators=(",", ":")))


def case(seed, index, kind=None):
    """The case of a number under a seed: kinds take turns where none is asked for."""
    kind = kind or list(MAKERS)[index % len(MAKERS)]
    return {"case": f"{seed}:{index}:{kind}", **MAKERS[kind](random.Random(f"{seed}:{index}:{kind}"))}


def _options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--first", type=int, default=0, help="the number of the first case under the seed")
    parser.add_argument("--kind", choices=list(MAKERS))
    parser.add_argument("--self-test", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        sys.stderr.close()

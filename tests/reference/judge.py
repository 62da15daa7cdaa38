"""Prints random policies with requests and what the reference decides on them, one JSON line a policy.

    python3 tests/reference/judge.py --policies 2000 --requests 25 --seed 1

Whoever implements the policy compares its own decisions with these. Each line has all that a decision needs: the
attachment, the policy, and for each request its headers, the random bytes for ids in order, and its destination.
"""

import argparse
import json
import random
import sys

from generate import made
from policies import Policy
from reference import decide
from traffic import Traffic


def main():
    options = _options()
    for index in range(options.first, options.first + options.policies):
        print(json.dumps(_judged(options.seed, index, options.requests), ensure_ascii=False, separators=(",", ":")))


def _options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--policies", type=int, default=100)
    parser.add_argument("--requests", type=int, default=25)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="the number of the first policy under the seed")
    return parser.parse_args()


def _judged(seed, index, requests):
    document, attachment = made(seed, index)
    policy = Policy(document)
    traffic = Traffic(random.Random(f"{seed}:{index}:requests"), document, attachment, policy)
    return {
        "attachment": attachment,
        "policy": document,
        "revision": policy.revision,
        "requests": [_request(traffic, policy, attachment) for _ in range(requests)],
    }


def _request(traffic, policy, attachment):
    request = _expected(policy, attachment, traffic.request())
    if traffic.likely(0.3):
        request = _expected(policy, attachment, traffic.echoed(request, request["expect"]))
    return request


def _expected(policy, attachment, request):
    random_bytes = [bytes.fromhex(each) for each in request["random"]]
    decision = decide(policy, attachment, request["headers"], random_bytes, request["destination"])
    return {**request, "expect": decision.document()}


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        sys.stderr.close()

"""Medians, and how sure they are: samples of starts are drawn again and again (bootstrap), 95% of the answers are the interval."""

import random
from statistics import median

DRAWS = 2000


def cost_rows(variants, samples):
    """For each variant at one size: what it adds to its base, and that in floors, each as (value, low, high)."""
    of_start = {name: [median(rounds) for rounds in starts] for name, starts in samples.items()}
    floor = differences(of_start, "floor", "none")
    rows = {}
    for variant in variants:
        if variant.name not in samples or variant.name == variant.base:
            continue
        added = differences(of_start, variant.name, variant.base)
        rows[variant.name] = {"added": interval(lambda draw: median(draw(added)), len(added))}
        rows[variant.name]["ratio"] = interval(lambda draw: median(draw(added)) / median(draw(floor)), len(added))
    return rows


def differences(of_start, name, base):
    """In pairs, start by start: both Envoys met the same state of the machine."""
    return [one - other for one, other in zip(of_start[name], of_start[base])]


def interval(figure, starts):
    """`figure` takes a draw of starts; the same one for all that it compares."""
    dice = random.Random(1)
    value = figure(lambda values: values)
    draws = []
    for _ in range(DRAWS):
        drawn = dice.choices(range(starts), k=starts)
        draws.append(figure(lambda values: [values[index] for index in drawn]))
    draws.sort()
    return value, draws[DRAWS * 25 // 1000], draws[DRAWS * 975 // 1000 - 1]

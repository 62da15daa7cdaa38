"""Medians, and how sure they are: samples of starts are drawn again and again (bootstrap), 95% of the answers are the interval."""

import random
from statistics import median

DRAWS = 2000


def added_rows(variants, samples):
    """For each variant at one size: what it adds to its base, as (value, low, high)."""
    of_start = medians(samples)
    others = [variant for variant in variants if variant.name != variant.base]
    added = {variant.name: differences(of_start, variant.name, variant.base) for variant in others}
    return {name: interval(lambda draw: median(draw(one)), len(one)) for name, one in added.items()}


def cost_rows(variants, samples):
    """For each variant at one size: what it adds to its base, and that in floors, each as (value, low, high)."""
    of_start = medians(samples)
    floor = differences(of_start, "floor", "none")
    rows = {}
    for variant in variants:
        if variant.name not in samples or variant.name == variant.base:
            continue
        added = differences(of_start, variant.name, variant.base)
        rows[variant.name] = {"added": interval(lambda draw: median(draw(added)), len(added))}
        rows[variant.name]["ratio"] = interval(lambda draw: median(draw(added)) / median(draw(floor)), len(added))
    return rows


def medians(samples):
    """Of the rounds of each start."""
    return {name: [median(rounds) for rounds in starts] for name, starts in samples.items()}


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

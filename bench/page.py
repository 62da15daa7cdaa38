"""The results as tables, and docs/benchmarks.md around them."""

import pathlib
import string
from statistics import median

import figures
import variants as catalogue
from memory import WORKERS

TEMPLATE = pathlib.Path(__file__).parent / "page.md"
GROUPS = [
    ("Without us", ["null", "header-route", "weighted", "noop", "floor", "all-headers", "everything", "lua-floor", "lua-decide", "lua-whole"]),
    ("The decision alone: built without cookies, exposure and metrics", ["lean-one", "lean-large", "lean-nothing"]),
    ("And one of them", ["exposure-one", "numbers-one", "cookies-one"]),
    ("As shipped, with all of them", ["weir-one", "weir-large", "weir-nothing"]),
]


def page(results, variants):
    """The whole page; every part must have been measured."""
    tables = {part: render(results, variants) for part, render in TABLES.items()}
    rate = median(one["rate"] for one in results["latency"].values())
    method = results["method"] | {"requests": f"{results['method']['requests']:,}", "rate": f"{rate:.0f}"}
    return string.Template(TEMPLATE.read_text()).substitute(tables | method | base(results) | results["machine"])


def costs(results, variants):
    titles = {variant.name: variant.title for variant in variants}
    rows = {size: figures.cost_rows(variants, samples) for size, samples in results["costs"].items()}
    sizes = list(rows)
    head = ["", *(f"{size}, µs" for size in sizes), *(f"{size}, floors" for size in sizes)]
    lines = []
    for group, names in GROUPS:
        shown = [name for name in names if name in rows[sizes[0]]]
        if shown:
            lines.append([f"*{group}*", *[""] * (len(head) - 1)])
        for name in shown:
            cells = [rows[size][name] for size in sizes]
            lines.append([titles[name], *(added(cell["added"]) for cell in cells), *(ratio(cell["ratio"]) for cell in cells)])
    return table(head, lines)


def added(figure):
    value, low, high = figure
    return f"{value:+.2f} ({low:+.2f} to {high:+.2f})"


def ratio(figure):
    value, low, high = figure
    return f"{value:.2f} ({low:.2f} to {high:.2f})"


def evidence(results, _variants):
    variants = catalogue.evidence(pathlib.Path())
    rows = {size: figures.added_rows(variants, samples) for size, samples in results["evidence"].items()}
    titles = {variant.name: variant.title for variant in variants}
    lines = [[titles[name], *(added(of_size[name]) for of_size in rows.values())] for name in next(iter(rows.values()))]
    return table(["", *(f"{size}, µs" for size in rows)], lines)


def latency(results, variants):
    titles = {variant.name: variant.title for variant in variants}
    names = {"lean-one": "one experiment, the decision alone", "weir-one": "one experiment, as shipped",
             "weir-large": "10 layers, 100 experiments, 50 rules, as shipped"}
    rows = [[names.get(name, titles[name]), f"{one['p50']:.0f}", f"{one['p99']:.0f}"] for name, one in results["latency"].items()]
    return table(["", "p50, µs", "p99, µs"], rows)


def memory(results, variants):
    titles = {variant.name: variant.title for variant in variants}
    few, many = WORKERS
    rows = []
    for name, workers in results["memory"].items():
        each = (workers[many] - workers[few]) / (many - few)
        rows.append([titles[name], f"{workers[few]:.0f}", f"{workers[many]:.0f}", f"{each:.1f}"])
    return table(["", f"{few} worker, MB", f"{many} workers, MB", "one more worker, MB"], rows)


def pushes(results, _variants):
    rows = [[f"{one['bytes'] / 1000:,.1f}", f"{one['ms']:,.0f}", f"{one['cpu_ms']:,.0f}"] for one in results["pushes"]]
    return table(["policy, kB", "until it is active, ms", "CPU of Envoy, ms"], rows)


def largest(results, _variants):
    rows = []
    for one in results["largest"]:
        figures = [one["ms"], one["cpu_ms"], one["stall_ms"], one["envoy_mb"], one["serve_mb"]]
        rows.append([f"`{one['role']}`", f"{one['bytes'] / 2**20:.1f}", *(f"{figure:,.0f}" for figure in figures)])
    return table(["role", "policy, MiB", "until it is active, ms", "CPU of Envoy, ms", "a worker answers nobody, ms", "Envoy grows by, MB", "`weir serve`, MB"], rows)


def base(results):
    """What a request costs without a filter, for the text."""
    return {f"base_{size}": f"{median(map(median, samples['none'])):.1f}" for size, samples in results["costs"].items()}


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


TABLES = {"costs": costs, "evidence": evidence, "latency": latency, "memory": memory, "pushes": pushes, "largest": largest}

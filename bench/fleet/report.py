"""The results as a table, and docs/fleet-benchmarks.md around it."""

import pathlib
import string

import machine
from page import table as rows_to_table

from fleet.fleet import ENVOYS

TEMPLATE = pathlib.Path(__file__).parent / "page.md"
NAMES = {"weir": "`weir serve`", "peer": "go-control-plane"}


def page(found, arguments):
    text = string.Template(TEMPLATE.read_text())
    return text.substitute(machine.facts(), table=table(found), envoys=ENVOYS, rounds=arguments.rounds, pushes=arguments.pushes)


def table(found):
    head = ["clients", "server", "push to all acked, ms", "its CPU, ms", "kB a client, connected", "kB a client, after the pushes"]
    rows = []
    for clients, by_kind in found.items():
        for name, one in by_kind.items():
            figures = [f"{one['ms']:.0f}", f"{one['cpu_ms']:.0f}", f"{one['kb_connected']:.1f}", f"{one['kb_pushed']:.1f}"]
            rows.append([f"{clients:,}", NAMES[name], *figures])
        ratio = {key: by_kind["weir"][key] / by_kind["peer"][key] for key in by_kind["weir"]}
        rows.append([f"{clients:,}", "*ours to theirs*", *(f"{ratio[key]:.2f}" for key in ("ms", "cpu_ms", "kb_connected", "kb_pushed"))])
    return rows_to_table(head, rows)

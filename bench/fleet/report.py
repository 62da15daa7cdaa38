"""The results as a table, and docs/fleet-benchmarks.md around it."""

import pathlib
import string

import machine
from page import table as rows_to_table

from fleet.fleet import ENVOYS

TEMPLATE = pathlib.Path(__file__).parent / "page.md"
NAMES = {"weir": "`weir serve`", "peer": "go-control-plane", "tuned": "go-control-plane, tuned"}
COLUMNS = [
    ("acked_ms", "push to the last ACK written, ms", "{:.0f}"),
    ("taken_ms", "to the last ACK taken, ms", "{:.0f}"),
    ("cpu_ms", "the server's CPU, ms", "{:.0f}"),
    ("kb_connected", "kB a client, connected", "{:.1f}"),
    ("kb_pushed", "kB a client, after the pushes", "{:.1f}"),
    ("active_ms", "active in the Envoys, ms", "{:.0f}"),
    ("clients_cpu_ms", "the clients' CPU, ms", "{:.0f}"),
]


def page(found, arguments):
    text = string.Template(TEMPLATE.read_text())
    return text.substitute(machine.facts(), table=table(found), envoys=ENVOYS, rounds=arguments.rounds, pushes=arguments.pushes)


def table(found):
    rows = []
    for clients, by_kind in found.items():
        for name, one in by_kind.items():
            rows.append([f"{clients:,}", NAMES[name], *(form.format(one[key]) for key, _, form in COLUMNS)])
        for name, title in [("peer", "*ours to theirs*"), ("tuned", "*ours to theirs, tuned*")]:
            ratios = (f"{by_kind['weir'][key] / by_kind[name][key]:.2f}" for key, _, _ in COLUMNS)
            rows.append([f"{clients:,}", title, *ratios])
    return rows_to_table(["clients", "server", *(title for _, title, _ in COLUMNS)], rows)

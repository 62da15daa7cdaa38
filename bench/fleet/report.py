"""The results as a table, and docs/fleet-benchmarks.md around it."""

import pathlib
import string

import machine
from page import table as rows_to_table

from fleet.fleet import ENVOYS

TEMPLATE = pathlib.Path(__file__).parent / "page.md"
SERVERS = {"weir": "`weir serve`", "peer": "go-control-plane", "tuned": "go-control-plane, tuned"}
SERVICES = {"weir": "ADS", "ecds": "filters alone"}
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
    return text.substitute(machine.facts(), servers=servers(found), services=services(found), envoys=ENVOYS, rounds=arguments.rounds, pushes=arguments.pushes)


def servers(found):
    ratios = {("weir", "peer"): "*ours to theirs*", ("weir", "tuned"): "*ours to theirs, tuned*"}
    return table(found, "server", SERVERS, ratios)


def services(found):
    return table(found, "service", SERVICES, {("ecds", "weir"): "*alone to ADS*"})


def table(found, what, names, ratios):
    rows = []
    for clients, by_kind in found.items():
        for name in names:
            one = by_kind[name]
            rows.append([f"{clients:,}", names[name], *(form.format(one[key]) for key, _, form in COLUMNS)])
        for (one, other), title in ratios.items():
            to = (f"{by_kind[one][key] / by_kind[other][key]:.2f}" for key, _, _ in COLUMNS)
            rows.append([f"{clients:,}", title, *to])
    return rows_to_table(["clients", what, *(title for _, title, _ in COLUMNS)], rows)

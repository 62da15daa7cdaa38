"""Where the figures come from: what must be known to compare them with others'."""

import datetime
import os
import platform
import re
import subprocess

from envoy import BINARY


def facts():
    envoy = subprocess.run([BINARY, "--version"], capture_output=True, text=True, check=True).stdout
    h2load = subprocess.run(["h2load", "--version"], capture_output=True, text=True, check=True).stdout
    return {
        "date": datetime.date.today().isoformat(),
        "cpu": first(r"model name\s*: (.*)", "/proc/cpuinfo", platform.machine()),
        "cores": os.cpu_count(),
        "memory_gib": round(int(first(r"MemTotal:\s*(\d+)", "/proc/meminfo", "0")) / 1024 / 1024),
        "kernel": platform.release().partition("-")[0],
        "envoy": re.search(r"/(\d+\.\d+\.\d+)/", envoy).group(1),
        "h2load": h2load.split("/")[-1].strip(),
    }


def first(pattern, path, otherwise):
    with open(path) as file:
        found = re.search(pattern, file.read())
    return found.group(1) if found else otherwise

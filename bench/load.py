"""The two requests that are measured, and h2load that sends them."""

import re
import subprocess
import sys

from envoy import CLIENT_CORE, start

# Where this unit has its slots: policies.py.
UNIT = "c4ca4238a0b92382"


def request(headers, cookie_bytes):
    """Header lines that make, with what h2load sends by itself, this many headers and cookies of this size."""
    sent_by_h2load = 5  # :method, :path, :scheme, :authority, user-agent
    lines = [("cookie", cookie(cookie_bytes)), ("accept", "text/html,application/json"), ("accept-language", "en-US,en;q=0.9"),
             ("x-forwarded-for", "203.0.113.7"), ("referer", "https://shop.example/cart"), ("x-client-version", "5.14.2")]
    while len(lines) + sent_by_h2load < headers:
        lines.append((f"x-shop-field-{len(lines)}", f"value-of-field-{len(lines):04}"))
    assert len(lines) + sent_by_h2load == headers
    return lines


def cookie(size):
    """Crumbs as shops have them; the unit comes last, so that a search sees all of it."""
    end = f"uid={UNIT}"
    crumbs = "; ".join(f"_ga{number}=GA1.2.{number * 7919:012}" for number in range(size // 16))
    return crumbs[: size - len(end) - 2].rstrip("; ").ljust(size - len(end) - 2, "0") + "; " + end


REQUESTS = {"small": request(12, 93), "large": request(40, 1000)}


def command(port, lines, requests, *more):
    """h2load: HTTP/2, one connection, 64 streams. Two connections add about 2 us of noise."""
    headers = [part for name, value in lines for part in ("-H", f"{name}: {value}")]
    return ["h2load", "-n", str(requests), "-c", "1", "-m", "64", "-t", "1", *more, *headers, f"http://127.0.0.1:{port}/"]


def cost(envoy, lines, requests):
    """CPU of the whole Envoy process, in microseconds a request."""
    before = envoy.cpu_ns()
    send(command(envoy.port, lines, requests), requests)
    return (envoy.cpu_ns() - before) / requests / 1000


def send(command, requests):
    process = start(command, CLIENT_CORE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    output, _ = process.communicate()
    found = re.search(r"(\d+) succeeded, (\d+) failed", output)
    if not found or int(found.group(1)) != requests or not re.search(rf"status codes: {requests} 2xx", output):
        sys.exit(f"bench: {requests} requests should all be answered 200; h2load says:\n{output[-2000:]}")
    return output

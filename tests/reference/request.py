"""A request as the text of docs/policy.md sees it: lines of headers, crumbs, the query, the path, the host.

Names are text, values are bytes. Nothing here knows of policies.
"""

import re

BLANKS = b" \t"


class Request:
    """The headers of a request in order of arrival, pseudo-headers among them."""

    def __init__(self, headers):
        self.headers = headers
        self._lines = {}
        for name, value in headers:
            self._lines.setdefault(name, []).append(value)
        self._crumbs = None
        self._query = None

    @staticmethod
    def of_text(headers):
        return Request([(name, value.encode()) for name, value in headers])

    def without(self, dropped):
        """The same request without the headers whose name `dropped` says yes to."""
        return Request([(name, value) for name, value in self.headers if not dropped(name)])

    def with_cookies(self, made):
        """The same request where each cookie of `made` stands once, with its new value."""
        if not made:
            return self
        view = Request(self.headers)
        view._crumbs = [(name, value) for name, value in self.crumbs() if name not in made] + list(made.items())
        return view

    def names(self):
        return list(self._lines)

    def lines(self, name):
        return self._lines.get(name, [])

    def first(self, name):
        lines = self.lines(name)
        return lines[0] if lines else None

    def crumbs(self):
        """(name, value) of all cookie lines; what has no `=` is no crumb."""
        if self._crumbs is None:
            crumbs = [crumb_of(part) for line in self.lines("cookie") for part in line.split(b";")]
            self._crumbs = [crumb for crumb in crumbs if crumb]
        return self._crumbs

    def cookies(self, name):
        return [value for crumb, value in self.crumbs() if crumb == name]

    def cookie(self, name):
        values = self.cookies(name)
        return values[0] if values else None

    def query(self, name):
        """The first parameter of that name, decoded."""
        if self._query is None:
            self._query = _parameters(self.first(":path") or b"")
        return self._query.get(name.encode())

    def path(self):
        whole = self.first(":path")
        return None if whole is None else whole.split(b"?", 1)[0]

    def host(self):
        authority = self.first(":authority")
        if authority is None:
            return None
        host = re.sub(rb":[0-9]*\Z", b"", authority.lower())
        return host[:-1] if host.endswith(b".") else host

    def method(self):
        return self.first(":method")

    def is_https(self):
        forwarded = self.first("x-forwarded-proto")
        return (self.first(":scheme") if forwarded is None else forwarded) == b"https"

    def is_grpc(self):
        kind = self.first("content-type") or b""
        return re.match(rb"application/grpc(\Z|[+;])", kind) is not None

    def is_preflight(self):
        return self.method() == b"OPTIONS" and bool(self.lines("access-control-request-method"))


def crumb_of(part):
    """(name, value) of what stands between two `;`, blanks around both left out; None for no crumb."""
    name, equals, value = part.partition(b"=")
    return (name.strip(BLANKS).decode("latin-1"), value.strip(BLANKS)) if equals else None


def _parameters(path):
    parameters = {}
    for part in path.partition(b"?")[2].split(b"&"):
        if part:
            name, _, value = part.partition(b"=")
            parameters.setdefault(percent_decoded(name, plus=True), percent_decoded(value, plus=True))
    return parameters


def percent_decoded(data, plus=False):
    """Decoded once; a `%` without two hex digits behind it stays as it is."""
    if plus:
        data = data.replace(b"+", b" ")
    return re.sub(rb"%([0-9a-fA-F]{2})", lambda found: bytes([int(found[1], 16)]), data)

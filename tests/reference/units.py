"""Units of docs/policy.md: their sources, the ids that are made, and the member of a JSON object."""

import base64
import re

from request import percent_decoded

UNIT_BYTES = 256
JSON_BYTES = 8192
JSON_LEVELS = 64
ID = re.compile(rb"[A-Za-z0-9_-]{22}")


def unit_of(sources, request, can_make):
    """(the unit, or None; the source that would have to make it, or None).

    `can_make` says of a source whether an id can be made for this request.
    """
    for source in sources:
        if "issue" in source:
            value = request.cookie(source["cookie"])
            if value is not None and ID.fullmatch(value):
                return value, None
            if can_make(source):
                return None, source
            continue
        value = _read(source, request)
        if value:
            return (value if len(value) <= UNIT_BYTES else None), None
    return None, None


def new_id(random):
    """The id of 16 random bytes: 22 characters of base64url."""
    return base64.urlsafe_b64encode(random).rstrip(b"=")


def _read(source, request):
    if "header" in source:
        return request.first(source["header"])
    if "query" in source:
        return request.query(source["query"])
    value = request.cookie(source["cookie"])
    if value is None:
        return None
    if source.get("decode") == "percent":
        value = percent_decoded(value)
    return json_member(value, source["json"]) if "json" in source else value


def json_member(data, key):
    """The string or number under a key of a JSON object, as bytes; None where the text counts as empty."""
    try:
        if len(data) > JSON_BYTES:
            return None
        members = _Json(data.decode("utf-8")).document()
    except (UnicodeDecodeError, _Bad):
        return None
    for name, value in members:
        if name == key:
            return value.encode() if value is not None else None
    return None


class _Bad(Exception):
    """The text is not one JSON object as it is wanted."""


class _Json:
    """A reader of RFC 8259 to the letter. Of an object it keeps all members, of lists nothing."""

    NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
    PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
    SPACE = re.compile(r"[ \t\n\r]*")
    FOUR = re.compile(r"[0-9a-fA-F]{4}")
    ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}

    def __init__(self, text):
        self.text = text
        self.at = 0

    def document(self):
        self.space()
        if self.peek() != "{":
            raise _Bad
        members = self.object(1)
        self.space()
        if self.at != len(self.text):
            raise _Bad
        return members

    def value(self, level):
        """The text of a string or a number; None for all else."""
        self.space()
        head = self.peek()
        if head == '"':
            return self.string()
        if head == "{":
            self.object(level + 1)
            return None
        if head == "[":
            self.list(level + 1)
            return None
        for word in ("true", "false", "null"):
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return None
        return self.number()

    def object(self, level):
        members = []
        for _ in self.items("{", "}", level):
            if self.peek() != '"':
                raise _Bad
            name = self.string()
            self.space()
            self.take(":")
            members.append((name, self.value(level)))
        return members

    def list(self, level):
        for _ in self.items("[", "]", level):
            self.value(level)

    def items(self, opening, closing, level):
        """Yields where each item begins, and reads what stands between them."""
        if level > JSON_LEVELS:
            raise _Bad
        self.take(opening)
        self.space()
        if self.peek() == closing:
            self.at += 1
            return
        while True:
            self.space()
            yield
            self.space()
            if self.peek() == closing:
                self.at += 1
                return
            self.take(",")

    def number(self):
        found = self.NUMBER.match(self.text, self.at)
        if not found:
            raise _Bad
        self.at = found.end()
        return found[0]

    def string(self):
        """The text; None where it has half of a surrogate pair, which is no text."""
        self.take('"')
        parts = []
        while True:
            plain = self.PLAIN.match(self.text, self.at)
            parts.append(plain[0])
            self.at = plain.end()
            if self.peek() == '"':
                self.at += 1
                text = "".join(parts).encode("utf-16", "surrogatepass")
                try:
                    return text.decode("utf-16")
                except UnicodeDecodeError:
                    return None
            self.take("\\")
            parts.append(self.escape())

    def escape(self):
        letter = self.peek()
        self.at += 1
        if letter in self.ESCAPES:
            return self.ESCAPES[letter]
        if letter != "u":
            raise _Bad
        return chr(self.four())

    def four(self):
        found = self.FOUR.match(self.text, self.at)
        if not found:
            raise _Bad
        self.at = found.end()
        return int(found[0], 16)

    def space(self):
        self.at = self.SPACE.match(self.text, self.at).end()

    def peek(self):
        return self.text[self.at:self.at + 1]

    def take(self, wanted):
        if self.peek() != wanted:
            raise _Bad
        self.at += 1

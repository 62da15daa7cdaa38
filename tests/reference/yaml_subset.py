"""The little YAML that the examples of the documentation are written in, to Python values.

Block maps and lists, flow maps and lists on one line, quoted and plain scalars, comments. No more.
"""

import json
import re


def parse(text):
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    value, rest = _block(lines, _indent(lines[0]))
    assert not rest, rest
    return value


def _indent(line):
    return len(line) - len(line.lstrip(" "))


def _block(lines, indent):
    """The block that begins with the first line, and the lines behind it."""
    return _list(lines, indent) if lines[0].lstrip().startswith("- ") else _map(lines, indent)


def _list(lines, indent):
    items = []
    while lines and _indent(lines[0]) == indent and lines[0].lstrip().startswith("- "):
        text = lines[0].lstrip()[2:]
        if text[0] in "{[\"'" or not re.match(r"[^\s:]+:(\s|$)", text):
            items.append(_scalar_or_flow(text))
            lines = lines[1:]
        else:
            inner = " " * (indent + 2) + text
            item, lines = _map([inner, *lines[1:]], indent + 2)
            items.append(item)
    return items, lines


def _map(lines, indent):
    fields = {}
    while lines and _indent(lines[0]) == indent and not lines[0].lstrip().startswith("- "):
        key, rest = re.fullmatch(r"([^\s:]+):(?:\s+(.*))?", lines[0].strip()).groups()
        lines = lines[1:]
        if rest:
            fields[_plain(key)] = _scalar_or_flow(rest)
        else:
            fields[_plain(key)], lines = _block(lines, _indent(lines[0]))
    return fields, lines


def _scalar_or_flow(text):
    value, end = _flow(text, 0, "")
    assert not text[end:].strip(), text
    return value


def _flow(text, at, closing):
    """The value at a place, and where it ends; a plain scalar ends before one of `closing`."""
    at = _skip(text, at)
    if text[at] == "{":
        return _flow_map(text, at + 1)
    if text[at] == "[":
        return _flow_list(text, at + 1)
    if text[at] == '"':
        end = re.compile(r'"(?:[^"\\]|\\.)*"').match(text, at).end()
        return json.loads(text[at:end]), end
    if text[at] == "'":
        end = re.compile(r"'(?:[^']|'')*'").match(text, at).end()
        return text[at + 1:end - 1].replace("''", "'"), end
    end = at
    while end < len(text) and text[end] not in closing and not (closing and re.match(r":(\s|$)", text[end:])):
        end += 1
    return _plain(text[at:end].strip()), end


def _flow_map(text, at):
    fields = {}
    while text[at := _skip(text, at)] != "}":
        key, at = _flow(text, at, ",}")
        at = _skip(text, at)
        assert text[at] == ":", text[at:]
        fields[str(key)], at = _flow(text, at + 1, ",}")
        at = _after_item(text, at)
    return fields, at + 1


def _flow_list(text, at):
    items = []
    while text[at := _skip(text, at)] != "]":
        item, at = _flow(text, at, ",]")
        items.append(item)
        at = _after_item(text, at)
    return items, at + 1


def _after_item(text, at):
    at = _skip(text, at)
    return at + 1 if text[at] == "," else at


def _skip(text, at):
    while at < len(text) and text[at] == " ":
        at += 1
    return at


def _plain(text):
    if text in ("true", "false"):
        return text == "true"
    return int(text) if re.fullmatch(r"-?[0-9]+", text) else text

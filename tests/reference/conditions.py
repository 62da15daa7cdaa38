"""Conditions of docs/policy.md: whether one holds for a request, and the operators of its leaves."""

import re
from fractions import Fraction
from functools import lru_cache

REGEX_BYTES = 8192
NUMBER = re.compile(rb"-?[0-9]{1,18}(\.[0-9]{1,9})?")
VERSION = re.compile(rb"v?([0-9]+(?:\.[0-9]+){0,3})(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")
COMPARISONS = {
    "lt": lambda a, b: a < b, "<": lambda a, b: a < b,
    "le": lambda a, b: a <= b, "<=": lambda a, b: a <= b,
    "gt": lambda a, b: a > b, ">": lambda a, b: a > b,
    "ge": lambda a, b: a >= b, ">=": lambda a, b: a >= b,
    "=": lambda a, b: a == b,
}


def holds(condition, policy, request, unit=None):
    """Whether a condition holds; `policy` knows lists and named conditions, `unit` is the layer's, in bytes."""
    [(key, body)] = condition.items()
    if key == "all":
        return all(holds(each, policy, request, unit) for each in body)
    if key == "any":
        return any(holds(each, policy, request, unit) for each in body)
    if key == "not":
        return not holds(body, policy, request, unit)
    if key == "condition":
        return holds(policy.conditions[body], policy, request, unit)
    test = {name: value for name, value in body.items() if name not in ("name", "ignore_case")}
    [(operator, operand)] = test.items()
    values = values_of(key, body.get("name"), request, unit)
    if operator == "present":
        return bool(values) == operand
    fold = body.get("ignore_case", False)
    lower = key == "host" and operator != "regex"
    return any(meets(value, operator, operand, policy, fold, lower) for value in values)


def values_of(key, name, request, unit):
    """All values that a leaf tries, none where what it reads is absent."""
    if key == "header":
        return request.lines(name)
    if key == "cookie":
        return request.cookies(name)
    single = {
        "query": lambda: request.query(name),
        "path": request.path,
        "host": request.host,
        "method": request.method,
        "unit": lambda: unit,
    }[key]()
    return [] if single is None else [single]


def meets(value, operator, operand, policy, fold=False, lower=False):
    """Whether one value meets one operator. `lower`: the operand is put into lower case."""
    if operator == "regex":
        return _matches(value, operand)
    if operator in ("lt", "le", "gt", "ge"):
        number = number_of(value)
        return number is not None and COMPARISONS[operator](number, number_of(str(operand).encode()))
    if operator == "version":
        version = version_of(value)
        return version is not None and all(_compares(version, part) for part in operand.split(","))
    texts = policy.lists[operand["list"]] if isinstance(operand, dict) else operand
    wanted = [text.encode() for text in ([texts] if isinstance(texts, str) else texts)]
    if fold or lower:
        wanted = [text.lower() for text in wanted]
    if fold:
        value = value.lower()
    return any(_has(value, operator, text) for text in wanted)


def _has(value, operator, text):
    if operator in ("exact", "in"):
        return value == text
    if operator == "prefix":
        return value.startswith(text)
    if operator == "suffix":
        return value.endswith(text)
    if operator == "contains":
        return text in value
    raise ValueError(f"no operator {operator}")


def _matches(value, pattern):
    if len(value) > REGEX_BYTES:
        return False
    try:
        return _compiled(pattern).fullmatch(value.decode("utf-8")) is not None
    except UnicodeDecodeError:
        return False


@lru_cache(maxsize=None)
def _compiled(pattern):
    return re.compile(pattern, re.ASCII)


def number_of(value):
    """The exact number of a decimal text, or None."""
    return Fraction(value.decode()) if NUMBER.fullmatch(value) else None


def version_of(value):
    """A version as what semver's order compares, or None."""
    found = VERSION.fullmatch(value)
    if not found:
        return None
    parts = [int(part) for part in found[1].split(b".")]
    numbers = tuple(parts + [0] * (4 - len(parts)))
    if found[2] is None:
        return numbers, (1,)
    names = found[2].split(b".")
    if not all(names):
        return None
    return numbers, (0, tuple(_identifier(name) for name in names))


def _identifier(name):
    return (0, int(name), b"") if name.isdigit() else (1, 0, name)


def _compares(version, comparator):
    operator, wanted = re.fullmatch(r"\s*(>=|<=|>|<|=)\s*(\S+)\s*", comparator).groups()
    return COMPARISONS[operator](version, version_of(wanted.encode()))

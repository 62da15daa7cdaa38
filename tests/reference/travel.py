"""How tags travel, by docs/policy.md and docs/filter.md: the tag header, the member of the baggage, the cookies."""

import re

from request import BLANKS, crumb_of, percent_decoded

TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,128}")
UNKNOWN_TAGS = 16
UNKNOWN_BYTES = 1024
BAGGAGE_BYTES = 8192
BAGGAGE_MEMBERS = 64


def pieces(texts):
    """What stands between commas, trimmed; empty pieces are nothing."""
    parts = (part.strip(BLANKS) for part in b",".join(texts).split(b","))
    return [part.decode("latin-1") for part in parts if part]


def tags_of(texts):
    return [piece for piece in pieces(texts) if TAG.fullmatch(piece)]


def arrived(policy, request):
    """The tags that a hop in the mesh follows: those of the header, or of the baggage where it has none."""
    tags = tags_of(request.lines(policy.tag_header))
    if tags or policy.baggage is None:
        return tags
    lines = request.lines("baggage")
    if too_large(lines):
        return []
    value = next((value for part in _members(lines) if (value := member_value(part, policy.baggage)) is not None), b"")
    return tags_of([percent_decoded(value)])


def follow(policy, tags):
    """({layer id: the arm whose tag decides}, the tags that go on, in order)."""
    deciding, going, seen, unknown = {}, [], set(), []
    for tag in tags:
        if tag in seen:
            continue
        seen.add(tag)
        arm = policy.arms.get(tag)
        if arm is None:
            if _fits(unknown, tag):
                unknown.append(tag)
                going.append(tag)
        elif arm.experiment.layer.id not in deciding:
            deciding[arm.experiment.layer.id] = arm
            if policy.enabled and arm.experiment.in_force():
                going.append(tag)
    return deciding, going


def _fits(unknown, tag):
    return len(unknown) < UNKNOWN_TAGS and len(",".join([*unknown, tag])) <= UNKNOWN_BYTES


def too_large(lines):
    return len(b",".join(lines)) > BAGGAGE_BYTES or len(_members(lines)) > BAGGAGE_MEMBERS


def _members(lines):
    return [part for line in lines for part in line.split(b",") if part.strip(BLANKS)]


def member_value(part, key):
    """The raw value of a baggage member with this key, without properties; None where it is another's."""
    name, equals, value = part.partition(b";")[0].partition(b"=")
    return value.strip(BLANKS) if equals and name.strip(BLANKS) == key.encode() else None


def baggage_lines(lines, key, tags, edge):
    """The lines of the baggage with our member saying these tags, or without it where there are none."""
    def ours(part):
        return member_value(part, key) is not None

    if too_large(lines):
        return [] if edge and any(ours(part) for part in _members(lines)) else lines
    member = f"{key}={'%2C'.join(tags)}".encode() if tags else None
    if member is None and not any(ours(part) for part in _members(lines)):
        return lines
    result = []
    for line in lines:
        parts = line.split(b",")
        kept = []
        for part in parts:
            if not ours(part):
                kept.append(part)
            elif member is not None:
                kept.append(_in_place(part, member))
                member = None
            else:
                kept.append(None)
        result.append(_line_without(kept) if None in kept else b",".join(kept))
    result = [line for line in result if line is not None]
    if member is None:
        return result if any(line.strip(BLANKS + b",") for line in result) else []
    if result and result[-1].strip(BLANKS + b","):
        return result[:-1] + [result[-1] + b"," + member]
    return result[:-1] + [member]


def _in_place(part, new):
    """Our member where the old one stood, between the same blanks."""
    text = part.strip(BLANKS)
    start = part.index(text)
    return part[:start] + new + part[start + len(text):]


def _line_without(parts):
    """A line whose None are taken out; blanks go with a first or last member. None where nothing is left."""
    kept = [part for part in parts if part is not None]
    if not kept:
        return None
    line = b",".join(kept)
    if parts[0] is None:
        line = line.lstrip(BLANKS)
    return line.rstrip(BLANKS) if parts[-1] is None else line


def cookie_fits(cookie, request):
    """Whether a cookie with these fields is for this request at all."""
    if (cookie.get("same_site") == "none" or cookie.get("partitioned")) and not request.is_https():
        return False
    own, path = cookie.get("path", "/").encode(), request.path() or b""
    return path == own or path.startswith(own) and (own.endswith(b"/") or path[len(own):].startswith(b"/"))


def set_cookie(name, value, cookie, request, max_age=None, http_only=False):
    """A `set-cookie` line with the attributes in their order."""
    age = cookie["max_age_seconds"] if max_age is None else max_age
    parts = [
        f"{name}={value}",
        f"Path={cookie.get('path', '/')}",
        f"SameSite={cookie.get('same_site', 'lax').capitalize()}",
        f"Max-Age={age}",
    ]
    parts += [f"Domain={cookie['domain']}"] if "domain" in cookie else []
    parts += ["Secure"] if request.is_https() else []
    parts += ["Partitioned"] if cookie.get("partitioned") else []
    parts += ["HttpOnly"] if http_only else []
    return "; ".join(parts)


def cookie_lines(lines, wanted):
    """The cookie lines where each cookie of `wanted` stands once with its value, or not at all (None), one by one."""
    for name, value in wanted.items():
        lines = _with_cookie(lines, name, value)
    return lines


def _with_cookie(lines, name, value):
    crumbs = [crumb_of(part) for line in lines for part in line.split(b";")]
    if [crumb[1] for crumb in crumbs if crumb and crumb[0] == name] == ([] if value is None else [value]):
        return lines
    new = None if value is None else name.encode() + b"=" + value
    result = []
    for line in lines:
        parts, kept = line.split(b";"), []
        for part in parts:
            crumb = crumb_of(part)
            if not crumb or crumb[0] != name:
                kept.append(part)
            elif new is not None:
                kept.append(part[:len(part) - len(part.lstrip(BLANKS))] + new)
                new = None
        left = b";".join(kept) if len(kept) == len(parts) else b";".join(kept).lstrip(BLANKS)
        if left or len(kept) == len(parts):
            result.append(left)
    if new is None:
        return result
    if result and result[-1].strip(BLANKS):
        return result[:-1] + [result[-1] + b"; " + new]
    return result[:-1] + [new]


def kept_tag(layer_id, policy, request):
    """The tag that the tag cookie keeps for a layer that is not targeted: its first there whose experiment is on."""
    value = request.cookie(policy.tag_cookie["name"]) or b""
    for tag in value.split(b"%2C"):
        arm = policy.arms.get(tag.decode("latin-1"))
        if arm and arm.experiment.layer.id == layer_id and arm.experiment.enabled:
            return arm.tag
    return None

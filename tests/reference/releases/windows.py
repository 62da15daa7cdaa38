"""The hours in which steps begin."""

from datetime import datetime
from zoneinfo import ZoneInfo

DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def is_open(windows, now):
    """Whether a step may begin at a time (RFC 3339): inside one window, whose end is not part of it; or there are none."""
    return not windows or any(_holds(window, datetime.fromisoformat(now)) for window in windows)


def _holds(window, now):
    there = now.astimezone(ZoneInfo(window["zone"]))
    return DAYS[there.weekday()] in window["days"] and window["from"] <= there.strftime("%H:%M") < window["to"]

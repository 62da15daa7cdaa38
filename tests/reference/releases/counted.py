"""Counters as queries tell them, of which a sum may fall: a process started anew, or one was not asked for once."""

SETTLED_MS = 300_000


class Counted:
    """The counters of one variant, `bad` and `all`. What they grew by is known, or not yet."""

    def __init__(self):
        self.base, self.fell_at, self.lowest = None, None, None

    def grown(self, now, at):
        """(all, bad) since the last time that it was known; None where it is not known now. `at` in ms."""
        if self.base is None:
            self.base = now
            return None
        since = self.base
        if now["all"] < since["all"] or now["bad"] < since["bad"]:
            self.fell_at = at if self.fell_at is None else min(self.fell_at, at)
            self.lowest = _least(self.lowest or now, now)
            if at - self.fell_at < SETTLED_MS:
                return None
            since = _least(since, self.lowest)
        self.base, self.fell_at, self.lowest = now, None, None
        requests = now["all"] - since["all"]
        return requests, min(now["bad"] - since["bad"], requests)


def _least(one, other):
    return {name: min(one[name], other[name]) for name in ("bad", "all")}

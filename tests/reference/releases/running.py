"""A release in force, from tick to tick."""

from .tally import Tally
from .verdict import Judge


class Running:
    """A release in force: what people and the journal say of it, and its evidence."""

    def __init__(self, release):
        self.release = release
        self.tally = Tally(release)
        self.paused = self.frozen = self.unrouted = False
        self.approved, self.passed, self.problem, self.inconclusive = set(), False, None, None

    def apply(self, event):
        kind = event["event"]
        if kind == "announce":
            self.unrouted = event["unrouted"]
            self.tally.begin(None, event["push"])
        elif kind == "routes":
            self.unrouted = False
        elif kind == "step":
            self.tally.begin(event["step"], event["push"])
            self.passed, self.problem, self.inconclusive = event["why"], None, None
            self.approved = {step for step in self.approved if step > event["step"]}
        elif kind == "held_back":
            self.tally.begin(event["step"], event["push"])
            self.paused, self.passed, self.inconclusive = True, False, None
        elif kind in ("pause", "resume"):
            self.paused = kind == "pause"
        elif kind in ("freeze", "thaw"):
            self.frozen = kind == "freeze"
        elif kind == "approve":
            self.approved.add(event["step"])
        elif kind == "problem":
            self.problem = event["problem"]

    def tick(self, tick):
        """The verdict of a tick, after its events and its evidence."""
        for event in tick["events"]:
            self.apply(event)
        self.tally.observe(tick)
        return Judge(self, tick).verdict()

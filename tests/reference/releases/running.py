"""A release in force, from tick to tick."""

from .tally import Tally
from .verdict import Judge


class Running:
    """A release in force: what people and the journal say of it, and its evidence."""

    def __init__(self, release):
        self.release = release
        self.tally = Tally(release)
        self.paused = self.frozen = False
        self.approved, self.passed, self.problem, self.inconclusive = set(), None, None, None

    def apply(self, event):
        kind = event["event"]
        if kind == "step":
            self.tally.begin(event["step"], event["push"])
            self.passed = event["step"] if event["why"] else None
            self.problem = self.inconclusive = None
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

"""A policy made ready for decisions: everything looked up once that the text of docs/policy.md looks up per request."""

from functools import cached_property

from canonical import audience_ranges, revision, share_slots, slots_of, target_of, variant_ranges


class Policy:
    def __init__(self, document):
        self.document = document
        self.enabled = document.get("enabled", True)
        self.units = document.get("units", {})
        self.lists = document.get("lists", {})
        self.conditions = document.get("conditions", {})
        self.targeting = document.get("targeting")
        env_tag = document.get("env_tag", {})
        self.tag_header = env_tag.get("header", "x-env-tag")
        self.baggage = env_tag.get("baggage")
        self.tag_cookie = env_tag.get("cookie")
        self.request_cookie = env_tag.get("request_cookie")
        self.holdouts = [Holdout(each) for each in document.get("holdouts", [])]
        layers = [Layer(each, self.lists) for each in document.get("layers", [])]
        self.layers = sorted(layers, key=lambda layer: layer.id)
        experiments = [experiment for layer in layers for experiment in layer.experiments]
        self.arms = {arm.tag: arm for experiment in experiments for arm in experiment.arms.values()}

    @cached_property
    def revision(self):
        return revision(self.document)


class Holdout:
    def __init__(self, document):
        self.id = document["id"]
        self.unit = document["unit"]
        self.epoch = document.get("epoch", 0)
        self.below = share_slots(document.get("share", "0%"))
        self.layers = set(document["layers"])


class Layer:
    def __init__(self, document, lists):
        self.id = document["id"]
        self.enabled = document.get("enabled", True)
        self.unit = document["unit"]
        self.line = document.get("line", self.id)
        self.epoch = document.get("epoch", 0)
        self.targeting = document.get("targeting")
        self.experiments = [Experiment(each, self) for each in document.get("experiments", [])]
        self.forced = self._forced(document.get("overrides", []), lists)

    def _forced(self, overrides, lists):
        """(experiment or None, variant id) by unit. Overrides of an experiment that is off are passed over."""
        known = {experiment.id: experiment for experiment in self.experiments}
        named = [(known.get(each.get("experiment")), each) for each in overrides]
        named += [(experiment, each) for experiment in self.experiments for each in experiment.overrides]
        return {
            unit.encode(): (experiment, override["variant"])
            for experiment, override in named if experiment is None or experiment.enabled
            for unit in (override["units"] if "units" in override else lists[override["list"]])
        }

    def owner(self, slot):
        return next((experiment for experiment in self.experiments if within(slot, experiment.slots)), None)


class Experiment:
    def __init__(self, document, layer):
        self.id = document["id"]
        self.layer = layer
        self.enabled = document.get("enabled", True)
        self.epoch = document.get("epoch", 0)
        self.slots = slots_of(document)
        self.overrides = document.get("overrides", [])
        self.rules = document.get("rules", [])
        self.targeting = document.get("targeting")
        self.arms = {each["id"]: Arm(each, self) for each in document.get("variants", [])}
        self.ranges = variant_ranges(document.get("variants", []))
        self.audiences = [(each["id"], each["when"], audience_ranges(each)) for each in document.get("audiences", [])]

    def in_force(self):
        return self.layer.enabled and self.enabled


class Arm:
    def __init__(self, document, experiment):
        self.id = document["id"]
        self.experiment = experiment
        self.tag = document.get("env_tag", f"{experiment.id}.{self.id}")
        self.routes = {service: target_of(target) for service, target in document.get("routes", {}).items()}


def within(slot, ranges):
    return any(start <= slot < end for start, end in ranges)

"""One Envoy for each variant, all alive at the same time, and one more that answers those which proxy."""

import pathlib
import tempfile

from envoy import CLIENT_CORE, Envoy, bootstrap
from variants import answer


class Stage:
    """`envoys` by the name of the variant; all end with the stage."""

    def __init__(self, variants, shows_tag=False):
        self.variants, self.shows_tag = variants, shows_tag
        self.all, self.envoys = [], {}
        self.temporary = tempfile.TemporaryDirectory(prefix="weir-bench-")
        self.folder = pathlib.Path(self.temporary.name)

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for envoy in self.all:
            envoy.stop()
        self.temporary.cleanup()

    def start(self):
        port = None
        if any(variant.proxied() for variant in self.variants):
            port = self.envoy("upstream", bootstrap([], {"routes": [answer("stable")]}), CLIENT_CORE).ready().port
        for variant in self.variants:
            self.envoys[variant.name] = self.envoy(variant.name, variant.bootstrap(port, self.shows_tag))
        for envoy in self.envoys.values():
            envoy.ready()

    def envoy(self, name, config, *core):
        self.all.append(Envoy(self.folder / name, config, 1, *core))
        return self.all[-1]

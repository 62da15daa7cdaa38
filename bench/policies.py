"""The policies that are measured, as JSON. All of them read the unit from the cookie `uid`."""

SERVICE = "owl.shop.svc.cluster.local"


def policy(layers):
    return {"version": 1, "units": {"user": [{"cookie": "uid"}]}, "layers": layers}


def layer(name, experiments):
    return {"id": name, "unit": "user", "experiments": experiments}


def experiment(name, slots, service, share="50%"):
    """Two arms of the same size; both are tagged."""
    canary = {"id": "canary", "share": share, "env_tag": name, "routes": {service: "v21"}}
    return {"id": name, "slots": slots, "variants": [canary, {"id": "control", "share": share}]}


def tenth(number):
    return [[number * 100_000, (number + 1) * 100_000]]


# One experiment that everybody is in.
ONE = policy([layer("checkout", [experiment("owl-v21", "all", SERVICE)])])

# The same on the line of a pool: counted as evidence too.
POOL = policy([{**ONE["layers"][0], "line": "pool.user"}])

# The same, but the unit of the requests, at slot 433,800, is in no experiment.
NOTHING = policy([layer("checkout", [experiment("owl-v21", [[0, 400_000], [500_000, 1_000_000]], SERVICE)])])


def large():
    """10 layers of 10 experiments that own a tenth each, and 50 rules; no rule matches the requests that are sent."""
    conditions = [
        lambda number: {"header": {"name": "x-city", "exact": f"city-{number}"}},
        lambda number: {"path": {"prefix": f"/beta-{number}"}},
        lambda number: {"header": {"name": "x-client-version", "version": f">=9.{number}"}},
        lambda number: {"cookie": {"name": "beta", "in": [f"on-{number}", f"all-{number}"]}},
        lambda number: {"all": [{"host": {"suffix": ".example"}}, {"header": {"name": "accept-language", "prefix": f"x{number}"}}]},
    ]

    def one(number):
        name = "checkout" if number == 0 else f"layer-{number}"
        # The experiment that owns the requests' slot in the first layer is the one that the other policies have.
        names = ["owl-v21" if (number, part) == (0, 4) else f"{name}-{part}" for part in range(10)]
        service = SERVICE if number == 0 else f"service-{number}.shop.svc.cluster.local"
        experiments = [experiment(names[part], tenth(part), service) for part in range(10)]
        for part, condition in enumerate(conditions):
            experiments[part]["rules"] = [{"when": condition(number), "variant": "canary"}]
        return layer(name, experiments)

    return policy([one(number) for number in range(10)])


def largest():
    """As large as a policy may be, nearly: 1,000,000 listed units in 32 MiB."""
    whole = of_size(1000)
    whole["lists"] = {"staff": [f"user-of-the-shop-{number:011}" for number in range(1_000_000)]}
    whole["layers"][0]["overrides"] = [{"list": "staff", "experiment": "test-0", "variant": "canary"}]
    return whole


def of_size(size):
    """About this many bytes: experiments up to a megabyte, then listed users."""
    experiments = max(1, min(size, 1_000_000) // 212)
    layers = []
    for first in range(0, experiments, 100):
        own = min(100, experiments - first)
        parts = [[[part * 10_000, (part + 1) * 10_000]] for part in range(own)]
        service = f"service-{first}.shop.svc.cluster.local"
        layers.append(layer(f"layer-{first}", [experiment(f"test-{first + part}", slots, service) for part, slots in enumerate(parts)]))
    whole = policy(layers)
    users = [f"user-{number:07}" for number in range(max(0, size - 1_000_000) // 16)]
    if users:
        whole["lists"] = {"staff": users}
        layers[0]["overrides"] = [{"list": "staff", "experiment": "test-0", "variant": "canary"}]
    return whole

#!/usr/bin/env python3
"""Writes crates/stats/tests/fixtures.json: what scipy, statsmodels and numpy say to random questions, which the tests of
weir-stats compare with. CI needs none of these: run it by hand where they are,

    python3 -m pip install numpy==2.4.6 scipy==1.17.1 statsmodels==0.15.0
    python3 tests/oracles/stats.py

With --check it writes nothing, and exits with 1 where the file is not what it would write. Other versions may differ in
the last digits, so it compares numbers to 1e-12 of themselves and says which versions wrote the file.
"""

import json
import math
import pathlib
import sys

import numpy
import scipy
import statsmodels
from scipy import integrate, optimize, special, stats
from statsmodels.stats import meta_analysis, multitest, power, proportion
from statsmodels.stats.contingency_tables import StratifiedTable

OUT = pathlib.Path(__file__).resolve().parents[2] / "crates" / "stats" / "tests" / "fixtures.json"
DICE = numpy.random.default_rng(20261129)


def main():
    if sys.argv[1:] not in ([], ["--check"]):
        sys.exit(f"stats.py: knows only --check, found: {' '.join(sys.argv[1:])}")
    versions = {one.__name__: one.__version__ for one in (numpy, scipy, statsmodels)}
    fixtures = {"versions": versions} | {one.__name__: plain(one()) for one in QUESTIONS}
    if not sys.argv[1:]:
        lines = ",\n".join(f'"{name}": [\n{rows(all)}\n]' if name != "versions" else f'"versions": {json.dumps(all)}' for name, all in fixtures.items())
        OUT.write_text("{\n" + lines + "\n}\n")
        return
    try:
        written = json.loads(OUT.read_text())
    except ValueError as error:
        sys.exit(f"stats.py: {OUT} is no JSON: {error}; run: python3 tests/oracles/stats.py")
    found = [name for name in fixtures | written if name != "versions" and not alike(fixtures.get(name), written.get(name))]
    if found:
        sys.exit(f"stats.py: {OUT} is not what this script writes, in {', '.join(found)}; written by {written['versions']}, checked by {versions}; run: python3 tests/oracles/stats.py")
    print(f"stats.py: {OUT} is what this script writes")


def alike(one, other):
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, float) and isinstance(other, (int, float)):
        return math.isclose(one, other, rel_tol=1e-12)
    return one == other


def rows(all):
    return ",\n".join(json.dumps(one) for one in all)


def plain(value):
    """Numbers as JSON has them: what is not finite as text."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, numpy.ndarray)):
        return [plain(one) for one in value]
    return float(value) if not isinstance(value, str) else value


def distributions():
    found = []
    for _ in range(40):
        z, p = DICE.uniform(-9, 35), 10 ** DICE.uniform(-200, -0.4)
        found.append({"of": "normal", "z": z, "above": stats.norm.sf(z), "p": p, "quantile": stats.norm.isf(p)})
    for _ in range(20):
        p = DICE.uniform(0, 1)
        found.append({"of": "normal", "z": -abs(DICE.normal()), "above": None, "p": p, "quantile": stats.norm.isf(p)})
        found[-1]["above"] = stats.norm.sf(found[-1]["z"])
    for _ in range(60):
        df, t, alpha = 10 ** DICE.uniform(0, 9), DICE.uniform(0, 30), 10 ** DICE.uniform(-12, -0.3)
        beyond = 2 * stats.t.sf(t, df)
        if beyond > 1e-250:
            found.append({"of": "t", "t": t, "df": df, "beyond": beyond, "alpha": alpha, "quantile": stats.t.isf(alpha / 2, df)})
    for _ in range(40):
        df = float(DICE.integers(1, 200))
        x = df * DICE.uniform(0.2, 6)
        found.append({"of": "chi_squared", "x": x, "df": df, "above": stats.chi2.sf(x, df)})
        df = 10 ** DICE.uniform(0, 8)
        x = df * (1 + DICE.normal() * 4 * math.sqrt(2 / df)) if df > 100 else df * DICE.uniform(0.01, 5)
        found.append({"of": "chi_squared", "x": x, "df": df, "above": stats.chi2.sf(x, df)})
    for _ in range(60):
        a, b = 10 ** DICE.uniform(-0.3, 6, 2)
        x = float(numpy.clip(a / (a + b) * (1 + DICE.normal() * 3 / math.sqrt(min(a, b) + 1)), 1e-6, 1 - 1e-6))
        below = special.betainc(a, b, x)
        if below > 1e-200:
            found.append({"of": "beta", "x": x, "a": a, "b": b, "below": below, "ln_beta": special.betaln(a, b)})
    return found


def ranks():
    found = []
    for size in (3, 5, 8, 12, 20):
        for _ in range(4):
            control, treatment = DICE.normal(size=size), DICE.normal(0.7, size=int(DICE.integers(3, 21)))
            found.append(ranked(control, treatment, exact=True))
    for _ in range(15):
        control = DICE.poisson(2, int(DICE.integers(5, 200)))
        found.append(ranked(control, DICE.poisson(2.4, int(DICE.integers(5, 200))), exact=False))
    return found


def groups():
    """A histogram's counts, as that many values."""
    found = []
    for _ in range(10):
        bounds = int(DICE.integers(2, 12))
        control, treatment = DICE.poisson(DICE.uniform(1, 300, bounds)), DICE.poisson(DICE.uniform(1, 300, bounds))
        values = numpy.arange(bounds)
        one = ranked(numpy.repeat(values, control), numpy.repeat(values, treatment), exact=False)
        found.append(one | {"control": control, "treatment": treatment})
    return found


def ranked(control, treatment, exact):
    test = stats.mannwhitneyu(treatment, control, method="asymptotic")
    greater = stats.mannwhitneyu(treatment, control, method="asymptotic", alternative="greater")
    one = {"control": control, "treatment": treatment, "u": test.statistic, "p": test.pvalue, "p_greater": greater.pvalue}
    return one | ({"exact_p": stats.mannwhitneyu(treatment, control, method="exact").pvalue} if exact else {})


def shifts():
    """The estimate is the median of all differences."""
    found = []
    for size in range(20):
        n1, n2 = (int(n) for n in DICE.integers(4, 40, 2))
        control, treatment = (DICE.normal(size=n1), DICE.normal(0.5, size=n2)) if size % 2 else (DICE.poisson(5, n1), DICE.poisson(6, n2))
        differences = numpy.subtract.outer(treatment, control)
        found.append({"control": control, "treatment": treatment, "estimate": numpy.median(differences)})
    return found


def shares():
    found = []
    for _ in range(40):
        n1, n2 = DICE.integers(20, 100_000, 2)
        rate = 10 ** DICE.uniform(-2.5, -0.4)
        x1, x2 = DICE.binomial(n1, rate), DICE.binomial(n2, min(rate * DICE.uniform(0.7, 1.5), 0.99))
        if x1 + x2 == 0:
            continue
        z, p = proportion.proportions_ztest([x2, x1], [n2, n1])
        if p < 1e-250:
            continue
        newcombe = proportion.confint_proportions_2indep(x2, n2, x1, n1, method="newcomb")
        wilson = proportion.proportion_confint(x1, n1, method="wilson")
        exact = stats.binomtest(int(x2), int(x1 + x2), n2 / (n1 + n2)).pvalue
        found.append({"control": [x1, n1], "treatment": [x2, n2], "z": z, "p": p, "newcombe": newcombe, "wilson": wilson, "conditional_p": exact})
    return found


def means():
    found = []
    for _ in range(20):
        control = DICE.lognormal(0, 1, int(DICE.integers(3, 400)))
        treatment = DICE.lognormal(0.1, 1.3, int(DICE.integers(3, 400)))
        test = stats.ttest_ind(treatment, control, equal_var=False)
        interval = test.confidence_interval(0.99)
        found.append({"control": sums(control), "treatment": sums(treatment), "t": test.statistic, "df": test.df, "p": test.pvalue, "interval": [interval.low, interval.high]})
    return found


def sums(values):
    return [len(values), math.fsum(values), math.fsum(values * values)]


def ratios():
    """The variance of one unit by numpy's covariance matrix."""
    found = []
    for _ in range(20):
        n = int(DICE.integers(10, 3000))
        denominators = DICE.poisson(5, n) + 1.0
        numerators = DICE.binomial(denominators.astype(int), 0.3).astype(float)
        covariance = numpy.cov(numerators, denominators, ddof=1)
        mean, ratio = denominators.mean(), numerators.sum() / denominators.sum()
        variance = (covariance[0, 0] - 2 * ratio * covariance[0, 1] + ratio**2 * covariance[1, 1]) / mean**2
        products = math.fsum(numerators * denominators)
        found.append({"sums": sums(numerators) + sums(denominators)[1:] + [products], "ratio": ratio, "variance": variance})
    return found


def differences_of_ratios():
    """Welch's test of the delta method's variances, by numpy's covariances."""
    found = []
    for _ in range(15):
        arms = []
        for _ in range(2):
            n = int(DICE.integers(20, 2000))
            denominators = DICE.poisson(DICE.uniform(3, 8), n) + 1.0
            arms.append((DICE.binomial(denominators.astype(int), 0.3).astype(float), denominators))
        (r1, v1, n1), (r2, v2, n2) = ((m.sum() / d.sum(), linearised(m, d).var(ddof=1) / len(m), len(m)) for m, d in arms)
        df = (v1 + v2) ** 2 / (v1**2 / (n1 - 1) + v2**2 / (n2 - 1))
        p = 2 * stats.t.sf(abs(r2 - r1) / math.sqrt(v1 + v2), df)
        relative = math.sqrt(v2 / r1**2 + v1 * r2**2 / r1**4)
        moments = [sums(m) + sums(d)[1:] + [math.fsum(m * d)] for m, d in arms]
        found.append({"control": moments[0], "treatment": moments[1], "standard_error": math.sqrt(v1 + v2), "df": df, "p": p, "relative": relative})
    return found


def linearised(numerators, denominators):
    """Values of units whose variance is that of the ratio for one unit."""
    return (numerators - numerators.sum() / denominators.sum() * denominators) / denominators.mean()


def covariates():
    """CUPED by regression: Welch's test of what is left; the relative effect by the gradient of its formula."""
    found = []
    for _ in range(15):
        arms = []
        for _ in range(2):
            before = DICE.lognormal(0, 0.5, int(DICE.integers(20, 500)))
            arms.append((before * DICE.uniform(0.5, 2) + DICE.normal(3, size=len(before)), before))
        values, before = (numpy.concatenate([arm[i] for arm in arms]) for i in (0, 1))
        theta = numpy.polyfit(before, values, 1)[0]
        test = stats.ttest_ind(*(values - theta * before for values, before in reversed(arms)), equal_var=False)
        relative = lambda y1, x1, y2, x2: ((y2 - theta * x2) - (y1 - theta * x1)) / y1
        moments = [sums(y) + sums(x)[1:] + [math.fsum(x * y)] for y, x in arms]
        found.append({"control": moments[0], "treatment": moments[1], "theta": theta, "t": test.statistic, "df": test.df, "p": test.pvalue} | by_gradient(relative, arms))
    return found


def covariates_of_ratios():
    """The same of ratios, of what each unit adds to them."""
    found = []
    for _ in range(15):
        arms = []
        for _ in range(2):
            n = int(DICE.integers(30, 800))
            heavy, kind = DICE.lognormal(0, 0.5, n), DICE.beta(3, 9, n)
            denominators, before = DICE.poisson(8 * heavy) + 1.0, DICE.poisson(4 * heavy) + 1.0
            arms.append((denominators * kind + DICE.normal(size=n), denominators, before * kind, before))
        covariance = [numpy.cov(linearised(m, d), linearised(p, q)) for m, d, p, q in arms]
        theta = sum(one[0, 1] for one in covariance) / sum(one[1, 1] for one in covariance)
        absolute = lambda m1, d1, p1, q1, m2, d2, p2, q2: (m2 / d2 - theta * p2 / q2) - (m1 / d1 - theta * p1 / q1)
        relative = lambda m1, d1, *rest: absolute(m1, d1, *rest) / (m1 / d1)
        one = {"theta": theta, "absolute": by_gradient(absolute, arms), "relative": by_gradient(relative, arms)}
        for name, (m, d, p, q) in zip(("control", "treatment"), arms):
            ratio = lambda m, d: sums(m) + sums(d)[1:] + [math.fsum(m * d)]
            one[name] = [ratio(m, d), ratio(p, q), [math.fsum(a * b) for a, b in ((m, p), (m, q), (d, p), (d, q))]]
        found.append(one)
    return found


def by_gradient(of, arms):
    """A function of the means of all columns of both arms, and its standard error by the delta method; derivatives by a
    step into the imaginary, which loses no digits."""
    at = [column.mean() for arm in arms for column in arm]
    gradient = numpy.array([of(*(mean + (1e-20j if i == j else 0) for j, mean in enumerate(at))).imag / 1e-20 for i in range(len(at))])
    parts = numpy.split(gradient, 2)
    variance = sum(part @ (numpy.cov(arm) / len(arm[0])) @ part for part, arm in zip(parts, arms))
    return {"value": of(*at), "standard_error": math.sqrt(variance)}


def sample_ratios():
    found = []
    for _ in range(20):
        shares = DICE.uniform(1, 20, int(DICE.integers(2, 6)))
        units = DICE.multinomial(int(DICE.integers(50, 1_000_000)), shares / shares.sum()).astype(float)
        test = stats.chisquare(units, units.sum() * shares / shares.sum())
        found.append({"units": units, "shares": shares, "statistic": test.statistic, "p": test.pvalue})
    for _ in range(10):
        table = DICE.integers(5, 500, (int(DICE.integers(2, 4)), int(DICE.integers(2, 6))))
        test = stats.chi2_contingency(table, correction=False)
        found.append({"rows": table, "statistic": test.statistic, "df": test.dof, "p": test.pvalue})
    return found


def sequential_ratios():
    """ln E is the Dirichlet-multinomial chance over the multinomial one, and least over all looks."""
    found = []
    for _ in range(12):
        shares = DICE.uniform(1, 20, int(DICE.integers(2, 5)))
        parts = shares / shares.sum()
        looks, units, all = [], numpy.zeros(len(parts)), []
        for _ in range(int(DICE.integers(1, 8))):
            look = DICE.multinomial(int(DICE.integers(10, 100_000)), parts * DICE.uniform(0.98, 1.02, len(parts)) / 1.03)
            looks.append(look)
            units += look
            n = int(units.sum())
            all.append(stats.dirichlet_multinomial.logpmf(units.astype(int), 10_000 * parts, n) - stats.multinomial.logpmf(units.astype(int), n, parts))
        found.append({"shares": shares, "looks": looks, "ln_e": all[-1], "ln_e_max": max(0.0, *all)})
    return found


def designs():
    """Pearson's statistic over the parts of each arm, by its degrees of freedom."""
    found = []
    for _ in range(12):
        arms, statistic, freedom = [], 0.0, 0
        for _ in range(2):
            n = DICE.integers(100, 5000, 16)
            x = DICE.binomial(n, DICE.beta(2, 100, 16))
            test = stats.chi2_contingency(numpy.array([x, n - x]), correction=False)
            statistic, freedom = statistic + test.statistic, freedom + test.dof
            arms.append(numpy.array([x, n]).T)
        found.append({"arms": arms, "effect": statistic / freedom})
    return found


def together():
    """Effects of strata, by statsmodels' meta-analysis with fixed effects."""
    found = []
    for _ in range(10):
        count = int(DICE.integers(2, 8))
        effects, variances = DICE.normal(size=count), DICE.uniform(0.01, 2, count)
        with numpy.errstate(invalid="ignore"):
            result = meta_analysis.combine_effects(effects, variances, method_re="dl")
        found.append({"effects": effects, "errors": numpy.sqrt(variances), "difference": result.mean_effect_fe, "standard_error": result.sd_eff_w_fe})
    return found


def looks():
    """Bounds of two planned looks: the second by the integral over what went on after the first."""
    found = []
    for name, spent in (("obrien_fleming", lambda alpha, t: 2 * stats.norm.sf(stats.norm.isf(alpha / 2) / math.sqrt(t))), ("pocock", lambda alpha, t: alpha * math.log1p((math.e - 1) * t))):
        for first in [0.999, 0.99, *DICE.uniform(0.1, 0.99, 6)]:
            alpha = 10 ** DICE.uniform(-3, -1.2)
            one, rest = stats.norm.isf(spent(alpha, first)), math.sqrt(1 - first)
            crossed = lambda two: integrate.quad(lambda z: stats.norm.pdf(z) * stats.norm.sf((two - z * math.sqrt(first)) / rest), -12, one, epsabs=1e-14, epsrel=1e-12, limit=500, points=[min(one, two / math.sqrt(first))])[0]
            two = optimize.brentq(lambda two: crossed(two) - (alpha - spent(alpha, first)), 0, 8, xtol=1e-13)
            found.append({"of": name, "first": first, "alpha": alpha, "bounds": [one, two]})
    return found


def strata():
    found = []
    for _ in range(15):
        one = []
        for _ in range(int(DICE.integers(1, 6))):
            n1, n2 = DICE.integers(50, 5000, 2)
            one.append([[DICE.binomial(n1, 0.1), n1], [DICE.binomial(n2, 0.12), n2]])
        tables = [numpy.array([[t[0], t[1] - t[0]], [c[0], c[1] - c[0]]], dtype=float) for c, t in one]
        table = StratifiedTable(tables)
        test = table.test_null_odds(correction=False)
        found.append({"strata": one, "chi_squared": test.statistic, "p": stats.chi2.sf(test.statistic, 1), "rate_ratio": table.riskratio_pooled})
    return found


def many():
    found = []
    for _ in range(10):
        p = 10 ** DICE.uniform(-5, 0, int(DICE.integers(1, 12)))
        adjusted = {name: multitest.multipletests(p, method=name)[1] for name in ("holm", "fdr_bh")}
        found.append({"p": p, "holm": adjusted["holm"], "benjamini_hochberg": adjusted["fdr_bh"]})
    return found


def sizes():
    found = []
    for _ in range(10):
        effect, error, alpha = DICE.uniform(0.1, 5), DICE.uniform(0.5, 2), 10 ** DICE.uniform(-3, -1)
        found.append({"effect": effect, "standard_error": error, "alpha": alpha, "power": power.normal_power(effect / error, 1, alpha)})
    for _ in range(10):
        p, delta = DICE.uniform(0.02, 0.4), DICE.uniform(0.005, 0.1)
        angle = proportion.proportion_effectsize(p + delta, p)
        n = power.NormalIndPower().solve_power(angle, alpha=0.05, power=0.9)
        found.append({"p": p, "delta": delta, "arcsine": n})
    return found


def events():
    """The e-process by numpy, poll by poll, and its closed form by betaincc."""
    found = []
    for _ in range(15):
        margin = DICE.choice([0.0, 0.1, 0.5])
        polls = []
        for _ in range(int(DICE.integers(1, 30))):
            n1, n2 = DICE.integers(100, 100_000, 2)
            polls.append([DICE.poisson(0.006 * n1), DICE.poisson(0.005 * n2), n1, n2])
        r0 = 1 + margin
        r = numpy.exp(numpy.linspace(math.log(r0 * 1.05), math.log(r0 * 8), 24))
        total = numpy.zeros(24)
        for x, y, n1, n2 in polls:
            total += x * numpy.log(r / r0) - (x + y) * numpy.log((r * n1 + n2) / (r0 * n1 + n2))
        found.append({"margin": margin, "polls": polls, "ln_e": special.logsumexp(total) - math.log(24), "divided": special.logsumexp(total / 2.5) - math.log(24)})
    for _ in range(15):
        theta, kappa = DICE.uniform(0.02, 0.6), 100.0
        n = int(DICE.integers(10, 3000))
        x = DICE.binomial(n, min(theta * 1.2, 0.95))
        a, b, y = max(kappa * theta, 0.5), max(kappa * (1 - theta), 0.5), n - x
        ln_e = special.betaln(a + x, b + y) + math.log(special.betaincc(a + x, b + y, theta)) - special.betaln(a, b) - math.log(special.betaincc(a, b, theta)) - x * math.log(theta) - y * math.log1p(-theta)
        found.append({"theta0": theta, "kappa": kappa, "x": x, "y": y, "closed": ln_e})
    return found


def quantiles():
    found = []
    for _ in range(10):
        values, q = numpy.sort(DICE.lognormal(0, 1, int(DICE.integers(1, 500)))), DICE.uniform(0, 1)
        found.append({"values": values, "q": q, "quantile": numpy.quantile(values, q)})
    return found


QUESTIONS = [
    distributions, ranks, groups, shifts, shares, means, ratios, differences_of_ratios, covariates, covariates_of_ratios,
    sample_ratios, sequential_ratios, designs, strata, together, looks, many, sizes, events, quantiles,
]


if __name__ == "__main__":
    main()

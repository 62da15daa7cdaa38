#!/usr/bin/env python3
"""Writes crates/stats/tests/fixtures.json: what scipy, statsmodels and numpy say to random questions, which the tests of
weir-stats compare with. Run it by hand, in an environment that has them:

    python3 -m pip install numpy==2.4.6 scipy==1.17.1 statsmodels==0.15.0 && python3 tests/oracles/stats.py
"""

import json
import math
import pathlib

import numpy
import scipy
import statsmodels
from scipy import special, stats
from statsmodels.stats import multitest, power, proportion, weightstats
from statsmodels.stats.contingency_tables import StratifiedTable

OUT = pathlib.Path(__file__).resolve().parents[2] / "crates" / "stats" / "tests" / "fixtures.json"
DICE = numpy.random.default_rng(20261129)


def main():
    versions = {one.__name__: one.__version__ for one in (numpy, scipy, statsmodels)}
    questions = [distributions, ranks, shifts, shares, means, ratios, sample_ratios, strata, many, sizes, events, quantiles]
    fixtures = {"versions": versions} | {one.__name__: one() for one in questions}
    lines = ",\n".join(f'"{name}": [\n{rows(all)}\n]' if name != "versions" else f'"versions": {json.dumps(all)}' for name, all in fixtures.items())
    OUT.write_text("{\n" + lines + "\n}\n")


def rows(all):
    return ",\n".join(json.dumps(plain(one)) for one in all)


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
    for _ in range(60):
        df, t, alpha = 10 ** DICE.uniform(0, 9), DICE.uniform(0, 30), 10 ** DICE.uniform(-12, -0.3)
        beyond = 2 * stats.t.sf(t, df)
        if beyond > 1e-250:
            found.append({"of": "t", "t": t, "df": df, "beyond": beyond, "alpha": alpha, "quantile": stats.t.isf(alpha / 2, df)})
    for _ in range(40):
        df = float(DICE.integers(1, 200))
        x = df * DICE.uniform(0.2, 6)
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


def ranked(control, treatment, exact):
    test = stats.mannwhitneyu(treatment, control, method="asymptotic")
    greater = stats.mannwhitneyu(treatment, control, method="asymptotic", alternative="greater")
    one = {"control": control, "treatment": treatment, "u": test.statistic, "p": test.pvalue, "p_greater": greater.pvalue}
    return one | ({"exact_p": stats.mannwhitneyu(treatment, control, method="exact").pvalue} if exact else {})


def shifts():
    """The estimate is the median of all differences where no values are tied."""
    found = []
    for _ in range(10):
        control, treatment = DICE.normal(size=int(DICE.integers(4, 40))), DICE.normal(0.5, size=int(DICE.integers(4, 40)))
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


if __name__ == "__main__":
    main()

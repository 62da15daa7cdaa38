//! What scipy, statsmodels and numpy say to the same questions: `fixtures.json`, written by `tests/oracles/stats.py`.

use serde_json::Value;
use weir_stats::counts::{EProcess, Poll, closed_form_ln_e};
use weir_stats::cuped::{PairedMoments, PairedRatioMoments};
use weir_stats::design::Part;
use weir_stats::distribution::{
    beta_below, chi_squared_above, ln_beta, normal_above, normal_quantile_above, t_beyond, t_quantile_beyond,
};
use weir_stats::means::{Moments, welch};
use weir_stats::multiplicity::{benjamini_hochberg, holm};
use weir_stats::power::{Certainty, Looks, power, units_by_arcsine};
use weir_stats::proportions::{Share, conditional_p, newcombe, score, wilson};
use weir_stats::rank::{MannWhitney, hodges_lehmann};
use weir_stats::ratios::{self, RatioMoments};
use weir_stats::sample_ratio::{SequentialRatio, chi_squared, contingency};
use weir_stats::spending::{Spending, bounds};
use weir_stats::strata::{self, MantelHaenszel};
use weir_stats::{Effect, cuped, design, quantiles};

fn fixtures(name: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("fixtures.json")).unwrap();
    let found = all[name].as_array().unwrap().clone();
    assert!(!found.is_empty(), "no fixtures of {name}");
    found
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("no number: {value}"))
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap_or_else(|| panic!("no list: {value}")).iter().map(number).collect()
}

#[track_caller]
fn same(found: f64, expected: &Value, of: &Value) {
    let expected = number(expected);
    assert!((found - expected).abs() <= 1e-9 * expected.abs(), "found {found:e} instead of {expected:e} in {of}");
}

#[test]
fn distributions() {
    for one in fixtures("distributions") {
        let at = |key: &str| number(&one[key]);
        match one["of"].as_str().unwrap() {
            "normal" => {
                same(normal_above(at("z")), &one["above"], &one);
                same(normal_quantile_above(at("p")), &one["quantile"], &one);
            }
            "t" => {
                same(t_beyond(at("t"), at("df")), &one["beyond"], &one);
                same(t_quantile_beyond(at("alpha"), at("df")), &one["quantile"], &one);
            }
            "chi_squared" => same(chi_squared_above(at("x"), at("df")), &one["above"], &one),
            "beta" => {
                same(beta_below(at("x"), at("a"), at("b")), &one["below"], &one);
                same(ln_beta(at("a"), at("b")), &one["ln_beta"], &one);
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn ranks() {
    for one in fixtures("ranks") {
        let test = MannWhitney::of(&numbers(&one["control"]), &numbers(&one["treatment"]));
        same(test.u, &one["u"], &one);
        same(test.p(), &one["p"], &one);
        same(test.p_greater(), &one["p_greater"], &one);
        if let Some(p) = one.get("exact_p") {
            same(test.exact_p().unwrap(), p, &one);
        }
    }
    for one in fixtures("groups") {
        let groups = numbers(&one["control"]).into_iter().zip(numbers(&one["treatment"]));
        let test = MannWhitney::grouped(groups);
        same(test.u, &one["u"], &one);
        same(test.p(), &one["p"], &one);
        same(test.p_greater(), &one["p_greater"], &one);
    }
    for one in fixtures("shifts") {
        let shift = hodges_lehmann(&numbers(&one["control"]), &numbers(&one["treatment"]), 0.05).unwrap();
        same(shift.estimate, &one["estimate"], &one);
    }
}

fn share(value: &Value) -> Share {
    let [x, n] = numbers(value)[..] else { panic!("{value}") };
    Share { x, n }
}

#[test]
fn shares() {
    for one in fixtures("shares") {
        let (control, treatment) = (share(&one["control"]), share(&one["treatment"]));
        same(score(control, treatment).statistic(), &one["z"], &one);
        same(score(control, treatment).p(), &one["p"], &one);
        same(conditional_p(control, treatment), &one["conditional_p"], &one);
        let (both, alone) = (newcombe(control, treatment, 0.05), wilson(control, 0.05));
        same(both.low, &one["newcombe"][0], &one);
        same(both.high, &one["newcombe"][1], &one);
        same(alone.low, &one["wilson"][0], &one);
        same(alone.high, &one["wilson"][1], &one);
    }
}

fn moments(value: &Value) -> Moments {
    let [n, sum, squares] = numbers(value)[..] else { panic!("{value}") };
    Moments { n, sum, squares }
}

#[test]
fn means_and_ratios() {
    for one in fixtures("means") {
        let effect = welch(&moments(&one["control"]), &moments(&one["treatment"]));
        same(effect.statistic(), &one["t"], &one);
        same(effect.df, &one["df"], &one);
        same(effect.p(), &one["p"], &one);
        same(effect.interval(0.01).low, &one["interval"][0], &one);
        same(effect.interval(0.01).high, &one["interval"][1], &one);
    }
    for one in fixtures("ratios") {
        same(ratio(&one["sums"]).ratio(), &one["ratio"], &one);
        same(ratio(&one["sums"]).variance(), &one["variance"], &one);
    }
    for one in fixtures("differences_of_ratios") {
        let (control, treatment) = (ratio(&one["control"]), ratio(&one["treatment"]));
        let effect = ratios::difference(&control, &treatment);
        same(effect.standard_error, &one["standard_error"], &one);
        same(effect.df, &one["df"], &one);
        same(effect.p(), &one["p"], &one);
        same(ratios::relative(&control, &treatment).standard_error, &one["relative"], &one);
    }
}

fn ratio(value: &Value) -> RatioMoments {
    let [n, numerator, numerator_squares, denominator, denominator_squares, products] = numbers(value)[..] else {
        panic!("{value}")
    };
    RatioMoments { n, numerator, numerator_squares, denominator, denominator_squares, products }
}

#[test]
fn covariates() {
    let paired = |value: &Value| -> PairedMoments {
        let [n, sum, squares, before, before_squares, products] = numbers(value)[..] else { panic!("{value}") };
        PairedMoments { n, sum, squares, before, before_squares, products }
    };
    for one in fixtures("covariates") {
        let (control, treatment) = (paired(&one["control"]), paired(&one["treatment"]));
        same(cuped::theta(&control, &treatment), &one["theta"], &one);
        let effect = cuped::difference(&control, &treatment);
        same(effect.statistic(), &one["t"], &one);
        same(effect.df, &one["df"], &one);
        same(effect.p(), &one["p"], &one);
        let relative = cuped::relative(&control, &treatment);
        same(relative.difference, &one["value"], &one);
        same(relative.standard_error, &one["standard_error"], &one);
    }
    let paired = |value: &Value| -> PairedRatioMoments {
        let [numerators, numerator_denominator, denominator_numerator, denominators] = numbers(&value[2])[..] else {
            panic!("{value}")
        };
        let (now, before) = (ratio(&value[0]), ratio(&value[1]));
        PairedRatioMoments { now, before, numerators, numerator_denominator, denominator_numerator, denominators }
    };
    for one in fixtures("covariates_of_ratios") {
        let (control, treatment) = (paired(&one["control"]), paired(&one["treatment"]));
        same(cuped::theta_of_ratios(&control, &treatment), &one["theta"], &one);
        let absolute = cuped::difference_of_ratios(&control, &treatment);
        same(absolute.difference, &one["absolute"]["value"], &one);
        same(absolute.standard_error, &one["absolute"]["standard_error"], &one);
        let relative = cuped::relative_of_ratios(&control, &treatment);
        same(relative.difference, &one["relative"]["value"], &one);
        same(relative.standard_error, &one["relative"]["standard_error"], &one);
    }
}

#[test]
fn sample_ratios() {
    for one in fixtures("sample_ratios") {
        let test = match one.get("rows") {
            Some(rows) => contingency(&rows.as_array().unwrap().iter().map(numbers).collect::<Vec<_>>()),
            None => {
                let arms: Vec<_> = numbers(&one["units"]).into_iter().zip(numbers(&one["shares"])).collect();
                chi_squared(&arms)
            }
        };
        same(test.statistic, &one["statistic"], &one);
        same(test.p(), &one["p"], &one);
    }
}

#[test]
fn sequential_ratios() {
    for one in fixtures("sequential_ratios") {
        let mut ratio = SequentialRatio::new(&numbers(&one["shares"]));
        one["looks"].as_array().unwrap().iter().for_each(|look| ratio.add(&numbers(look)));
        // scipy takes logarithms of large gamma functions from each other, which leaves it few digits.
        for (found, expected) in [(ratio.ln_e(), &one["ln_e"]), (ratio.ln_e_max(), &one["ln_e_max"])] {
            assert!((found - number(expected)).abs() < 1e-8, "found {found} instead of {expected} in {one}");
        }
    }
}

#[test]
fn designs() {
    for one in fixtures("designs") {
        let arm = |value: &Value| -> Vec<Part> {
            value.as_array().unwrap().iter().map(|part| Part { x: number(&part[0]), n: number(&part[1]) }).collect()
        };
        let arms: Vec<_> = one["arms"].as_array().unwrap().iter().map(arm).collect();
        same(design::effect(arms.iter().map(Vec::as_slice)).unwrap(), &one["effect"], &one);
    }
}

#[test]
fn planned_looks() {
    for one in fixtures("looks") {
        let spending = if one["of"] == "pocock" { Spending::Pocock } else { Spending::OBrienFleming };
        let found = bounds(&[number(&one["first"]), 1.0], number(&one["alpha"]), spending);
        for (found, expected) in found.into_iter().zip(numbers(&one["bounds"])) {
            assert!((found - expected).abs() < 1e-7, "found {found} instead of {expected} in {one}");
        }
    }
}

#[test]
fn strata() {
    for one in fixtures("strata") {
        let strata: Vec<(Share, Share)> =
            one["strata"].as_array().unwrap().iter().map(|pair| (share(&pair[0]), share(&pair[1]))).collect();
        let test = MantelHaenszel::of(&strata);
        same(test.chi_squared, &one["chi_squared"], &one);
        same(test.p(), &one["p"], &one);
        same(test.rate_ratio, &one["rate_ratio"], &one);
    }
    for one in fixtures("together") {
        let effects = numbers(&one["effects"]).into_iter().zip(numbers(&one["errors"]));
        let effects: Vec<Effect> = effects
            .map(|(difference, standard_error)| Effect { difference, standard_error, df: f64::INFINITY })
            .collect();
        let found = strata::together(&effects);
        same(found.difference, &one["difference"], &one);
        same(found.standard_error, &one["standard_error"], &one);
    }
}

#[test]
fn many_questions() {
    for one in fixtures("many") {
        let p = numbers(&one["p"]);
        for (found, expected) in holm(&p).into_iter().zip(one["holm"].as_array().unwrap()) {
            same(found, expected, &one);
        }
        for (found, expected) in benjamini_hochberg(&p).into_iter().zip(one["benjamini_hochberg"].as_array().unwrap()) {
            same(found, expected, &one);
        }
    }
}

#[test]
fn sizes() {
    for one in fixtures("sizes") {
        let at = |key: &str| number(&one[key]);
        if one.get("arcsine").is_some() {
            let found = units_by_arcsine(at("p"), at("delta"), Certainty { alpha: 0.05, power: 0.9 });
            // statsmodels looks for the root by itself, and counts the far tail.
            assert!((found / at("arcsine") - 1.0).abs() < 1e-6, "{found} in {one}");
        } else {
            let found = power(at("effect"), at("standard_error").powi(2), 1.0, at("alpha"), Looks::Once);
            same(found, &one["power"], &one);
        }
    }
}

#[test]
fn events() {
    for one in fixtures("events") {
        let at = |key: &str| number(&one[key]);
        if one.get("closed").is_some() {
            same(closed_form_ln_e(at("x"), at("y"), at("theta0"), at("kappa")), &one["closed"], &one);
            continue;
        }
        let mut process = EProcess::new(at("margin"));
        for poll in one["polls"].as_array().unwrap() {
            let [treatment_events, control_events, treatment, control] = numbers(poll)[..] else { panic!("{poll}") };
            process.add(&Poll { treatment_events, control_events, treatment, control });
        }
        same(process.ln_e(), &one["ln_e"], &one);
        same(process.ln_e_with(2.5), &one["divided"], &one);
    }
}

#[test]
fn quantile_estimates() {
    for one in fixtures("quantiles") {
        let found = quantiles::of_sorted(&numbers(&one["values"]), number(&one["q"])).unwrap();
        same(found.value, &one["quantile"], &one);
    }
}

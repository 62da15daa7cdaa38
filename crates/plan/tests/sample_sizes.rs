//! The requests with which a test that looks once finds twice as many, as statsmodels 0.15.0 has them:
//! `NormalIndPower().solve_power(proportion_effectsize(2 * rate, rate), alpha=alpha, power=0.8, alternative="larger")`.

use weir_plan::sight::{Eyes, Seen};
use weir_plan::traffic::{Effects, Traffic};
use weir_policy::Source;

#[test]
fn a_test_that_looks_once_needs_what_statsmodels_says() {
    for (rate, alpha, requests) in [
        (0.005, "1%", 5_806.382_351_890_721),
        (0.05, "2.5%", 423.732_900_738_076_35),
        (0.02, "0.5%", 1_651.627_161_729_751_2),
    ] {
        let text = format!(
            "release: 1\nid: owl-v2\nunit: user\nservices: {{owl: v2}}\nguardrails: [{{name: errors, errors: {{margin: 20%}}, alpha: {alpha}}}]\n"
        );
        let release = weir_release::read_alone(Source::yaml("release", text)).unwrap();
        let traffic = Traffic { requests: Some(33.0), errors: Some(rate), ..Traffic::default() };
        // As many times more as count for one.
        for effect in [1.0, 3.0] {
            let sight =
                Eyes::default().look(&release, &traffic, &Effects { given: Some(effect), ..Effects::default() });
            let [Seen::Finds(finds)] = sight.steps[0].guardrails.as_slice() else { panic!("{sight:?}") };
            let (found, expected) = (finds.once, requests * effect);
            assert!((found / expected - 1.0).abs() < 1e-5, "{rate} {alpha} {effect}: {found}, not {expected}");
        }
    }
}

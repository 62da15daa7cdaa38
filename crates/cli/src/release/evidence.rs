//! The evidence of guardrails against their bounds, as pictures.

use weir_picture::{Axis, Bound, Evidence, Picture, Section, Series, Unit};
use weir_release::judge::GuardrailNumbers;

/// Beyond this e is more than numbers can be.
const LN_E_MAX: f64 = 600.0;

/// One of each guardrail and arm that are compared, over the times (in seconds since the first) at which these numbers were.
pub fn sections(looks: &[(f64, &[GuardrailNumbers])]) -> Vec<Section> {
    let Some((_, last)) = looks.last() else { return Vec::new() };
    last.iter().filter_map(|one| section(looks, one)).collect()
}

fn section(looks: &[(f64, &[GuardrailNumbers])], one: &GuardrailNumbers) -> Option<Section> {
    let bound = Bound { name: "bound".to_owned(), at: one.ln_bound?.min(LN_E_MAX).exp() };
    let is_it = |other: &&GuardrailNumbers| other.name == one.name && other.arm == one.arm;
    let series = |name: &str, of: fn(&GuardrailNumbers) -> Option<f64>| Series {
        name: name.to_owned(),
        points: looks
            .iter()
            .filter_map(|(at, numbers)| Some((*at, of(numbers.iter().find(is_it)?)?.min(LN_E_MAX).exp())))
            .collect(),
    };
    let arm = one.arm.as_ref().map(|arm| format!(" of {arm}")).unwrap_or_default();
    let picture = Evidence {
        across: Axis { name: "since the first look".to_owned(), unit: Unit::Seconds },
        up: Axis { name: "e, the evidence that it is worse".to_owned(), unit: Unit::Number },
        logarithmic: true,
        series: vec![series("harm", |one| one.ln_e_harm), series("suspicion", |one| one.ln_e)],
        bound: Some(bound),
    };
    Some(Section {
        heading: format!("{}{arm}", one.name),
        sentences: vec![
            "Harm counts several requests for one, as unlike as users are; suspicion each for one.".to_owned(),
        ],
        picture: Some(Picture::Evidence(picture)),
    })
}

//! Which layers shaped what came out otherwise than expected: their steps are shown with it.

use weir_engine::Exchange;
use weir_policy::Model;
use weir_policy::model::Layer;

use crate::requests::Case;
use crate::requests::unmet::{Part, Unmet, header_that_goes_on};

/// Layers that are shown of those that no expectation names.
pub const LAYERS_MAX: usize = 5;

/// Layers whose steps are to be shown.
pub struct Shaping<'m> {
    /// Their ids, in the order of the policy.
    pub layers: Vec<&'m str>,
    /// How many more there are.
    pub more: usize,
}

/// The layers that expectations name, and those that may have shaped the headers and cookies that came out otherwise.
pub fn shaping<'m>(unmet: &[Unmet], case: &Case, exchange: &Exchange<'_, '_>, model: &'m Model) -> Shaping<'m> {
    let is_named = |layer: &Layer| unmet.iter().any(|unmet| unmet.part == Part::Layer(layer.id.clone()));
    let mut shape: Vec<&str> = Vec::new();
    let has = |part: Part| unmet.iter().any(|unmet| unmet.part == part);
    if has(Part::Tag) {
        shape.extend(or_all(model, |layer| has_another_tag(layer, case, exchange, model)));
    }
    if has(Part::Routing) {
        shape.extend(or_all(model, routes));
    }
    if has(Part::Cookies) {
        shape.extend(or_all(model, |_| true));
    }
    let (mut layers, mut shown, mut more) = (Vec::new(), 0, 0);
    for layer in &model.layers {
        if is_named(layer) {
            layers.push(layer.id.as_str());
        } else if shape.contains(&layer.id.as_str()) {
            if shown < LAYERS_MAX {
                layers.push(layer.id.as_str());
                shown += 1;
            } else {
                more += 1;
            }
        }
    }
    Shaping { layers, more }
}

/// The layers of which this holds, or all that are switched on where it holds of none.
fn or_all(model: &Model, holds: impl Fn(&Layer) -> bool) -> Vec<&str> {
    let is_any = model.layers.iter().any(&holds);
    let those = model.layers.iter().filter(|layer| if is_any { holds(layer) } else { layer.enabled });
    those.map(|layer| layer.id.as_str()).collect()
}

/// Whether the tags of the layer that go on are others than those that are expected.
fn has_another_tag(layer: &Layer, case: &Case, exchange: &Exchange<'_, '_>, model: &Model) -> bool {
    let expected = case.expectation.as_ref().and_then(|expected| expected.tag.clone()).flatten().unwrap_or_default();
    let found = header_that_goes_on(&case.request, exchange, &model.env_tag.header).unwrap_or_default();
    let found = String::from_utf8_lossy(&found).into_owned();
    let tags = || layer.experiments.iter().flat_map(|one| &one.variants).map(|variant| variant.env_tag.as_str());
    let has = |line: &str, tag: &str| line.split(',').any(|one| one.trim() == tag);
    tags().any(|tag| has(&expected, tag) != has(&found, tag))
}

fn routes(layer: &Layer) -> bool {
    layer.experiments.iter().flat_map(|one| &one.variants).any(|variant| !variant.routes.is_empty())
}

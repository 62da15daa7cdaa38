//! What units were dealt, in words and for machines.

use serde_json::{Value, json};
use weir_simulate::{Dealt, DealtLayer, PAIRS_MAX};

use crate::columns::columns;
use crate::release::words::{count, percent};

/// Below this a chance is no chance.
const SURPRISING: f64 = 0.001;

/// Shares of each layer, and whether layers are independent.
pub fn text(dealt: &Dealt, units: usize) -> String {
    let mut text = format!("{} units\n", count(units as u64));
    let mut rows = vec![["LAYER", "EXPERIMENT", "VARIANT", "PLANNED", "DEALT", "SPREAD", "UNITS"].map(str::to_owned)];
    for layer in &dealt.layers {
        rows.extend(layer.shares.iter().map(|share| {
            let spread = format!("±{}", percent(2.0 * share.spread));
            let parts = [percent(share.planned), percent(share.dealt), spread, count(share.units as u64)];
            let [planned, dealt, spread, units] = parts;
            [layer.id.clone(), share.experiment.clone(), share.variant.clone(), planned, dealt, spread, units]
        }));
    }
    if rows.len() > 1 {
        text += &columns(&rows);
    }
    let notes = dealt.layers.iter().flat_map(notes).chain(independence(dealt));
    notes.for_each(|note| text += &format!("{note}\n"));
    text
}

/// The same.
pub fn json(dealt: &Dealt, units: usize) -> Value {
    let layers: Vec<Value> = dealt.layers.iter().map(layer).collect();
    let pairs: Vec<Value> = dealt.pairs.iter().map(|pair| json!({"layers": pair.layers, "p": pair.p})).collect();
    json!({"units": units, "layers": layers, "pairs": pairs, "least_p": dealt.least_p()})
}

fn layer(layer: &DealtLayer) -> Value {
    let shares = layer.shares.iter().map(|share| {
        json!({
            "experiment": share.experiment,
            "variant": share.variant,
            "planned": share.planned,
            "dealt": share.dealt,
            "spread": share.spread,
            "units": share.units,
        })
    });
    json!({"id": layer.id, "shares": shares.collect::<Vec<_>>(), "others": layer.others, "p": layer.p})
}

/// What of a layer is not as planned.
pub fn notes(layer: &DealtLayer) -> Vec<String> {
    let others = layer
        .others
        .iter()
        .map(|(reason, units)| format!("{}: no slot decided on {} units ({reason})", layer.id, count(*units as u64)));
    let is_off = layer.p < SURPRISING;
    let off =
        is_off.then(|| format!("{}: shares are further off than chance would have them (p {:.1e})", layer.id, layer.p));
    others.chain(off).collect()
}

/// Whether layers are independent, where there are two.
pub fn independence(dealt: &Dealt) -> Option<String> {
    let p = dealt.least_p()?;
    if p < SURPRISING {
        return Some(format!("some layers depend on each other (p {p:.1e}): is a line there twice, under two names?"));
    }
    let pairs = match dealt.pairs.len() {
        1 => "the two layers are".to_owned(),
        PAIRS_MAX => format!("of the first {} pairs of layers all are", count(PAIRS_MAX as u64)),
        many => format!("all {} pairs of layers are", count(many as u64)),
    };
    Some(format!("{pairs} independent, as far as these units can tell (p {p:.2})"))
}

//! Many requests at once: a row each, or an object a line.

use std::collections::HashMap;
use std::fmt::Write as _;

use serde_json::json;
use weir_engine::Exchange;

use super::json;
use super::places::PolicyPlaces;
use super::text::printable;
use crate::columns::columns;
use crate::requests::Requests;
use crate::requests::unmet::header_that_goes_on;

/// A row a request: what came out for each layer and why, and the tag that goes on.
pub fn text(requests: &Requests) -> String {
    let layers = requests.model.layers.iter();
    let layers: Vec<(&str, bool)> = layers.map(|layer| (layer.id.as_str(), layer.experiments.len() > 1)).collect();
    let heads = layers.iter().map(|(id, _)| id.to_uppercase());
    let mut rows = vec![["REQUEST".to_owned()].into_iter().chain(heads).chain(["TAG".to_owned()]).collect::<Vec<_>>()];
    for (case, decider) in requests.files.iter().flat_map(|file| requests.of(file)) {
        let exchange = case.request.decide(&decider.plan);
        let cells = cells(&exchange);
        let tag = header_that_goes_on(&case.request, &exchange, &requests.model.env_tag.header);
        let mut row = vec![printable(case.title().as_bytes())];
        row.extend(layers.iter().map(|(id, has_several)| match cells.get(id) {
            Some((experiment, outcome)) if *has_several && *experiment != "-" => format!("{experiment}/{outcome}"),
            Some((_, outcome)) => outcome.clone(),
            None => "-".to_owned(),
        }));
        row.push(tag.map_or_else(|| "-".to_owned(), |tag| printable(&tag)));
        rows.push(row);
    }
    columns(&rows)
}

/// By layer the experiment, and the variant with the reason.
fn cells<'p>(exchange: &Exchange<'p, '_>) -> HashMap<&'p str, (&'p str, String)> {
    let cell = |outcome: weir_engine::LayerOutcome<'p>| {
        let outcome_text = format!("{} {}", outcome.variant.unwrap_or("stable"), outcome.reason.name());
        (outcome.layer, (outcome.experiment.unwrap_or("-"), outcome_text))
    };
    exchange.decision().layers().map(cell).collect()
}

/// An object a line: that of one request, with where the request stands.
pub fn json_lines(requests: &Requests) -> String {
    let places = PolicyPlaces::of(&requests.sources, &requests.policy);
    let mut text = String::new();
    for file in &requests.files {
        for (case, decider) in requests.of(file) {
            let exchange = case.request.decide(&decider.plan);
            let why = exchange.why(&decider.model, case.request.pairs());
            let mut object = json::object(&exchange, &why, &places);
            object["name"] = json!(case.name);
            object["file"] = json!(file.path.display().to_string());
            object["line"] = json!(case.line);
            let _ = writeln!(text, "{object}");
        }
    }
    text
}

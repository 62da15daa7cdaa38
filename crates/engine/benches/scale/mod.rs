//! Policies of any size, as the JSON that a filter is sent.

// Each bench uses a part of it.
#![allow(dead_code)]

use std::fmt::Write;

/// How large a policy is.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Each on its own line.
    pub layers: usize,
    /// Of each layer; they cut its line into equal parts.
    pub experiments: usize,
    /// Of the whole policy.
    pub listed: Listed,
    /// Of each experiment.
    pub rules: Rules,
}

/// Where units are listed.
#[derive(Clone, Copy, Debug)]
pub enum Listed {
    /// None.
    Nowhere,
    /// So many, in one list for each layer.
    ByLayer(usize),
    /// So many, in one list that every layer refers to.
    ByAll(usize),
    /// So many, in one list for each experiment.
    ByExperiment(usize),
    /// So many, written into the overrides of the experiments.
    Inline(usize),
}

/// The rules of an experiment.
#[derive(Clone, Copy, Debug)]
pub enum Rules {
    /// None.
    None,
    /// One, on one value of the header `x-lane` that is its own.
    OwnValue,
    /// One, on a prefix of a header that is its own.
    OwnHeader,
    /// One, on a prefix of the header `x-lane`.
    SharedHeader,
    /// One, on a prefix of the cookie `lane`.
    SharedCookie,
    /// One, on a prefix of the query parameter `lane`.
    SharedQuery,
}

/// A shape with neither listed units nor rules.
pub fn plain(layers: usize, experiments: usize) -> Shape {
    Shape { layers, experiments, listed: Listed::Nowhere, rules: Rules::None }
}

/// The largest policy that is promised: 200 layers, 10,000 experiments, 1,000,000 listed units.
pub const LARGEST: Shape =
    Shape { layers: 200, experiments: 50, listed: Listed::ByLayer(1_000_000), rules: Rules::None };

/// The policy of a shape.
pub fn policy(shape: Shape) -> String {
    let layers: Vec<String> = (0..shape.layers).map(|l| layer(shape, l)).collect();
    format!(
        r#"{{"version":1,"units":{{"user":[{{"header":"x-user-id"}}]}},"lists":{{{}}},"layers":[{}]}}"#,
        lists(shape).join(","),
        layers.join(",")
    )
}

/// The unit with a number among those that are listed.
pub fn unit(number: usize) -> String {
    format!("user-{number:012}")
}

fn lists(shape: Shape) -> Vec<String> {
    let (count, all) = match shape.listed {
        Listed::Nowhere | Listed::Inline(_) => return Vec::new(),
        Listed::ByLayer(all) => (shape.layers, all),
        Listed::ByAll(all) => (1, all),
        Listed::ByExperiment(all) => (shape.layers * shape.experiments, all),
    };
    let each = all / count;
    (0..count).map(|list| format!(r#""list{list}":[{}]"#, units(list * each, each))).collect()
}

fn units(first: usize, count: usize) -> String {
    let mut text = String::new();
    for number in first..first + count {
        let comma = if number == first { "" } else { "," };
        write!(text, r#"{comma}"{}""#, unit(number)).unwrap();
    }
    text
}

fn layer(shape: Shape, l: usize) -> String {
    let list = match shape.listed {
        Listed::ByLayer(_) => Some(l),
        Listed::ByAll(_) => Some(0),
        _ => None,
    };
    let overrides = list
        .map(|list| format!(r#""overrides":[{{"list":"list{list}","experiment":"e{l}-0","variant":"canary"}}],"#))
        .unwrap_or_default();
    let experiments: Vec<String> = (0..shape.experiments).map(|e| experiment(shape, l, e)).collect();
    format!(r#"{{"id":"layer{l}","unit":"user",{overrides}"experiments":[{}]}}"#, experiments.join(","))
}

fn experiment(shape: Shape, l: usize, e: usize) -> String {
    let number = l * shape.experiments + e;
    let (start, end) = (1_000_000 * e / shape.experiments, 1_000_000 * (e + 1) / shape.experiments);
    let overrides = match shape.listed {
        Listed::ByExperiment(_) => format!(r#""overrides":[{{"list":"list{number}","variant":"canary"}}],"#),
        Listed::Inline(all) => {
            let each = all / (shape.layers * shape.experiments);
            format!(r#""overrides":[{{"units":[{}],"variant":"canary"}}],"#, units(number * each, each))
        }
        _ => String::new(),
    };
    let condition = match shape.rules {
        Rules::None => None,
        Rules::OwnValue => Some(format!(r#""header":{{"name":"x-lane","exact":"lane{number}"}}"#)),
        Rules::OwnHeader => Some(format!(r#""header":{{"name":"x-lane-{number}","prefix":"lane"}}"#)),
        Rules::SharedHeader => Some(format!(r#""header":{{"name":"x-lane","prefix":"lane{number}"}}"#)),
        Rules::SharedCookie => Some(format!(r#""cookie":{{"name":"lane","prefix":"lane{number}"}}"#)),
        Rules::SharedQuery => Some(format!(r#""query":{{"name":"lane","prefix":"lane{number}"}}"#)),
    };
    let rules = condition
        .map(|condition| format!(r#""rules":[{{"when":{{{condition}}},"variant":"canary"}}],"#))
        .unwrap_or_default();
    format!(
        r#"{{"id":"e{l}-{e}","slots":[[{start},{end}]],{overrides}{rules}"variants":[
        {{"id":"canary","share":"5%","routes":{{"s{l}.shop.svc.cluster.local":"v2"}}}},{{"id":"control","share":"5%"}}]}}"#
    )
}

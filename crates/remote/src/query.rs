//! Queries as people write them: what is wrong with one, known before anybody is asked.

use std::collections::BTreeSet;

use promql_parser::label::MatchOp;
use promql_parser::parser::value::ValueType;
use promql_parser::parser::{Expr, VectorSelector, parse};
use promql_parser::util::visitor::{ExprVisitor, walk_expr};

/// The longest query.
pub const BYTES_MAX: usize = 4_096;
/// How deep one may be nested; readers of trees go down by calls.
pub const DEPTH_MAX: usize = 64;

/// What is wrong with the query of counts, in words. The arms that are compared, and the release, by id.
pub fn check_counts(query: &str, arms: &[&str], release: &str) -> Vec<String> {
    let mut problems = check(query, arms, release, windows);
    let compares = words(query).contains(&"variant");
    if !compares && problems.is_empty() {
        let text = "does not say $variant, so all arms would have the same counts; compare by a label, as in {variant=\"$variant\"}";
        problems.push(text.to_owned());
    }
    problems
}

/// What is wrong with the query of a value, in words.
pub fn check_value(query: &str, arms: &[&str], release: &str) -> Vec<String> {
    check(query, arms, release, |_| Vec::new())
}

/// The query for this arm: `$variant` is its id, `$release` that of the release.
pub fn filled(query: &str, arm: &str, release: &str) -> String {
    let mut text = String::with_capacity(query.len());
    let mut rest = query;
    while let Some((before, after)) = rest.split_once('$') {
        text.push_str(before);
        let word = word_at(after);
        match word {
            "variant" => text.push_str(arm),
            "release" => text.push_str(release),
            _ => text.extend(["$", word]),
        }
        rest = after.get(word.len()..).unwrap_or_default();
    }
    text.push_str(rest);
    text
}

/// The names of the metrics that a filled query asks for. Those that it spells by a pattern are not among them.
pub fn metrics(query: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    if let Ok(tree) = parsed(query) {
        each(&tree, |one| names.extend(selector(one).and_then(name)));
    }
    names
}

fn check(query: &str, arms: &[&str], release: &str, more: fn(&Expr) -> Vec<String>) -> Vec<String> {
    let unknown = words(query).into_iter().filter(|word| !["variant", "release"].contains(word));
    let mut problems: Vec<String> = unknown
        .map(|word| format!("says ${word}, which nothing is put in for; $variant and $release are known"))
        .collect();
    if query.contains("${") {
        problems.push("says ${…}; $variant and $release are written without braces".to_owned());
    }
    if !problems.is_empty() {
        return problems;
    }
    // Arms differ in nothing but their ids; where one id will not do, as in the name of a metric, another may.
    for arm in arms {
        let found = match parsed(&filled(query, arm, release)) {
            Err(why) => vec![why],
            Ok(tree) => match tree.value_type() {
                ValueType::Vector | ValueType::Scalar => more(&tree),
                other => vec![kind(other)],
            },
        };
        problems.extend(found);
    }
    problems.sort_unstable();
    problems.dedup();
    problems
}

fn parsed(query: &str) -> Result<Expr, String> {
    if query.len() > BYTES_MAX {
        return Err(format!("is {} bytes long, and {BYTES_MAX} is the most", query.len()));
    }
    let mut depth = 0_usize;
    for byte in query.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_MAX {
            return Err(format!("is nested deeper than {DEPTH_MAX} brackets"));
        }
    }
    parse(query).map_err(|why| format!("is no PromQL: {why}"))
}

fn kind(kind: ValueType) -> String {
    let shown = match kind {
        ValueType::Matrix => "a range vector, which is a number for each moment; leave […] out",
        ValueType::String => "a string",
        ValueType::Vector | ValueType::Scalar => "a number",
    };
    format!("has as its answer {shown}; an instant vector of one series or a scalar is wanted")
}

/// What looks at a window of time has no counter as its answer: its numbers fall again. The last value in a window has.
fn windows(tree: &Expr) -> Vec<String> {
    const RATES: [&str; 6] = ["delta", "deriv", "idelta", "increase", "irate", "rate"];
    let mut problems = Vec::new();
    each(tree, |one| {
        let Expr::Call(call) = one else { return };
        let name = call.func.name;
        let has_window = call.args.args.iter().any(|one| one.value_type() == ValueType::Matrix);
        if RATES.contains(&name) {
            problems.push(format!(
                "says {name}(…), and counts are taken of counters themselves: what they grew from look to look, and what a \
                 restart is, is found here, of whole numbers; write sum(x) instead of sum({name}(x[5m]))"
            ));
        } else if has_window && name != "last_over_time" {
            problems.push(format!(
                "says {name}(…) of a window of time, whose numbers fall again, and counters only grow; of windows, only \
                 last_over_time(x[5m]) is a counter"
            ));
        }
    });
    problems
}

fn selector(one: &Expr) -> Option<&VectorSelector> {
    match one {
        Expr::VectorSelector(selector) => Some(selector),
        Expr::MatrixSelector(matrix) => Some(&matrix.vs),
        _ => None,
    }
}

/// The name in front of the braces, or in them as `__name__="…"`.
fn name(selector: &VectorSelector) -> Option<String> {
    let spelled = || {
        let mut all = selector.matchers.matchers.iter();
        all.find(|one| one.name == "__name__" && one.op == MatchOp::Equal).map(|one| one.value.clone())
    };
    selector.name.clone().or_else(spelled)
}

/// The words behind a `$`. A `$` at the end of a pattern has none.
fn words(query: &str) -> Vec<&str> {
    query.split('$').skip(1).map(word_at).filter(|word| !word.is_empty()).collect()
}

fn word_at(text: &str) -> &str {
    let end = text.find(|one: char| !one.is_ascii_alphanumeric() && one != '_').unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

fn each(tree: &Expr, see: impl FnMut(&Expr)) {
    struct Seer<F>(F);
    impl<F: FnMut(&Expr)> ExprVisitor for Seer<F> {
        type Error = std::convert::Infallible;
        fn pre_visit(&mut self, one: &Expr) -> Result<bool, Self::Error> {
            (self.0)(one);
            Ok(true)
        }
    }
    let Ok(_) = walk_expr(&mut Seer(see), tree);
}

#[cfg(test)]
mod tests;

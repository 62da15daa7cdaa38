//! The steps of a decision for people: a line each, and for conditions the leaves that settled them.

use std::fmt::Write as _;

use weir_engine::why::{Scope, SeenLeaf, Step, Verdict, Why};
use weir_policy::Range;
use weir_policy::model::{Subject, UnitSource};

use super::places::{Place, PolicyPlaces};

/// Rules of a layer that fail and are told; of more only the number is.
const FAILED_RULES_MAX: usize = 20;
/// Leaves of a condition that are told.
const LEAVES_MAX: usize = 8;
/// Values, operands and ranges that are told of one thing.
const ITEMS_MAX: usize = 5;
/// Characters of a value.
const CHARACTERS_MAX: usize = 80;

/// The steps of a layer, indented below its id.
pub fn text(why: &Why<'_>, places: &PolicyPlaces<'_>) -> String {
    let mut text = format!("{}\n", why.layer);
    // Rules that fail stand next to each other.
    let is_failed = |step: &Step<'_>| matches!(step, Step::Rule { verdict, .. } if !verdict.holds);
    for steps in why.steps.chunk_by(|one, other| is_failed(one) == is_failed(other)) {
        let shown = if steps.first().is_some_and(is_failed) { FAILED_RULES_MAX } else { steps.len() };
        for step in steps.iter().take(shown) {
            let (name, said) = line(step, places.of_step(step));
            let _ = writeln!(text, "  {name:<9}  {said}");
        }
        if let Some(more) = steps.len().checked_sub(shown).filter(|more| *more > 0) {
            let _ = writeln!(text, "  rule       and {more} more that fail; --json has them all");
        }
    }
    text
}

fn line(step: &Step<'_>, place: Option<Place>) -> (&'static str, String) {
    let at = place.map(|Place { file, line }| format!(" ({file}:{line})")).unwrap_or_default();
    match step {
        Step::Off { of } => ("off", format!("{} is switched off", scope(*of))),
        Step::Targeting { of, verdict } => ("targeting", format!("of {}{at} {}", scope(*of), judged(verdict))),
        Step::Unit { unit, value, source, passed, is_made, is_too_long } => {
            ("unit", self::unit(unit, value.as_deref(), *source, passed, *is_made, *is_too_long))
        }
        Step::Override { of, number, list, experiment, variant } => {
            let list = list.map(|list| format!(", by list {list},")).unwrap_or_default();
            let forced = forced(*experiment, *variant);
            ("override", format!("{number} of {}{at}{list} names the unit: {forced}", scope(*of)))
        }
        Step::NoOverride { overrides, lists, units } => {
            let units = (*units > 0).then(|| format!("{units} unit{}", if *units == 1 { "" } else { "s" }));
            let asked = lists.iter().map(|list| format!("list {list}"));
            ("override", format!("none of {overrides} names the unit: {}", some(asked.chain(units), ", ")))
        }
        Step::Rule { experiment, number, variant, verdict } => {
            let forced =
                if verdict.holds { format!(", {}", forced(Some(experiment), *variant)) } else { String::new() };
            ("rule", format!("{number} of {experiment}{at} {}{forced}", judged(verdict)))
        }
        Step::Holdout { holdout, unit, slot, share } => {
            let found = match slot {
                None => format!("{unit} is absent"),
                Some(slot) if slot < share => format!("slot {slot} of {unit} is in 0..{share}: held out"),
                Some(slot) => format!("slot {slot} of {unit} is not in 0..{share}"),
            };
            ("holdout", format!("{holdout}: {found}"))
        }
        Step::Slot { line, slot, range, experiment } => {
            let owner = experiment.unwrap_or("nobody");
            ("slot", format!("{slot} on line {line}: {owner} owns {}", range_text(range)))
        }
        Step::Audience { audience, verdict, .. } => ("audience", format!("{audience}{at} {}", judged(verdict))),
        Step::Share { experiment, slot, ranges, variant } => {
            let owned = ranges.iter().flat_map(|(id, ranges)| ranges.iter().map(move |range| (*id, range)));
            let has = |range: &Range| (range.start..range.end).contains(slot);
            let found = match variant {
                Some(_) => owned.filter(|(_, range)| has(range)).map(share).collect(),
                None if ranges.is_empty() => "no variant owns anything".to_owned(),
                None => format!("nobody owns it; {}", some(owned.map(share), ", ")),
            };
            ("share", format!("{slot} on the own line of {experiment}: {found}"))
        }
        Step::Tag { tag: Some(tag), from } => {
            ("tag", format!("{tag}, from the {}", from.map_or("request", |from| from.name())))
        }
        Step::Tag { tag: None, from: Some(from) } => ("tag", format!("none of this layer in the {}", from.name())),
        Step::Tag { tag: None, from: None } => ("tag", "none: the request has no tags".to_owned()),
        Step::Conflict { layer, service, target } => {
            ("route", format!("layer {layer} routes {service} to {target}, and wins there"))
        }
    }
}

fn scope(of: Scope<'_>) -> String {
    match of {
        Scope::Policy => "the policy".to_owned(),
        Scope::Layer(id) => format!("layer {id}"),
        Scope::Experiment(id) => format!("experiment {id}"),
    }
}

fn forced(experiment: Option<&str>, variant: Option<&str>) -> String {
    let experiment = experiment.map(|id| format!(" of {id}")).unwrap_or_default();
    format!("forces {}{experiment}", variant.unwrap_or("stable"))
}

fn unit(
    unit: &str,
    value: Option<&[u8]>,
    source: Option<&UnitSource>,
    passed: &[&UnitSource],
    is_made: bool,
    is_too_long: bool,
) -> String {
    let absent = passed.iter().map(|source| format!("no {}", source_text(source)));
    let absent: Vec<String> = absent.collect();
    let passed = if absent.is_empty() { String::new() } else { format!("; {}", absent.join(", ")) };
    match (source.map(source_text), value) {
        (Some(source), Some(value)) if is_made => {
            format!("{unit} is {}, made for this request in {source}{passed}", quoted(value))
        }
        (Some(source), Some(value)) => format!("{unit} is {}, from {source}{passed}", quoted(value)),
        (Some(source), None) if is_too_long => format!("{unit} is too long in {source}, and so is none{passed}"),
        _ => format!("{unit} is absent: {}", absent.join(", ")),
    }
}

fn source_text(source: &UnitSource) -> String {
    match source {
        UnitSource::Header(name) => format!("header {name}"),
        UnitSource::Query(name) => format!("query {name}"),
        UnitSource::Cookie(name, part) => match &part.json_key {
            Some(key) => format!("cookie {name}, key {key}"),
            None => format!("cookie {name}"),
        },
        UnitSource::IssuedCookie(name, _) => format!("cookie {name}"),
    }
}

fn judged(Verdict { holds, because }: &Verdict<'_>) -> String {
    let word = if *holds { "holds" } else { "fails" };
    let leaves = because.iter().take(LEAVES_MAX).map(leaf);
    let leaves: Vec<String> = leaves.collect();
    let more = because.len().saturating_sub(LEAVES_MAX);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    format!("{word}: {}{more}", leaves.join("; "))
}

fn leaf(SeenLeaf { leaf, values, holds, is_negated }: &SeenLeaf<'_>) -> String {
    let subject = match &leaf.subject {
        Subject::Header(name) => format!("header {name}"),
        Subject::Cookie(name) => format!("cookie {name}"),
        Subject::Query(name) => format!("query {name}"),
        other => other.key().to_owned(),
    };
    let found = match values.is_empty() {
        true => "(absent)".to_owned(),
        false => some(values.iter().map(|value| quoted(value)), " and "),
    };
    let word = if *holds { "meets" } else { "fails" };
    let not = if *is_negated { " (under not)" } else { "" };
    let ignore_case = if leaf.ignore_case { ", in either case" } else { "" };
    let (operator, operand) = leaf.operator.canonical();
    format!("{subject} {found} {word} {operator} {}{ignore_case}{not}", cut(&operand))
}

fn share((variant, range): (&str, &Range)) -> String {
    format!("{variant} owns {}", range_text(range))
}

fn range_text(Range { start, end }: &Range) -> String {
    format!("{start}..{end}")
}

/// Some of these, and how many more there are.
fn some(items: impl Iterator<Item = String>, separator: &str) -> String {
    let items: Vec<String> = items.collect();
    let shown = items.iter().take(ITEMS_MAX).cloned().collect::<Vec<_>>().join(separator);
    match items.len().saturating_sub(ITEMS_MAX) {
        0 => shown,
        more => format!("{shown}{separator}{more} more"),
    }
}

/// Bytes of a request in quotes, with what a terminal would obey escaped.
fn quoted(bytes: &[u8]) -> String {
    format!("{:?}", cut(&String::from_utf8_lossy(bytes)))
}

fn cut(text: &str) -> String {
    let mut shown: String = text.chars().take(CHARACTERS_MAX).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use weir_policy::Sources;
    use weir_policy::model::{Leaf, Operator};

    use super::*;

    fn rule(number: usize, value: &[u8]) -> Step<'static> {
        // Kept for the length of the test, which is all there is of it.
        let leaf: &'static Leaf = Box::leak(Box::new(Leaf {
            subject: Subject::Header("x-city".to_owned()),
            operator: Operator::Exact("cn".to_owned()),
            ignore_case: true,
        }));
        let because = vec![SeenLeaf { leaf, values: vec![value.to_vec()], holds: false, is_negated: false }];
        let verdict = Verdict { holds: false, because };
        Step::Rule { experiment: "owl", number, variant: None, verdict }
    }

    fn told(steps: Vec<Step<'_>>) -> String {
        text(&Why { layer: "checkout", steps }, &PolicyPlaces::of(&Sources::default(), &[]))
    }

    #[test]
    fn many_rules_that_fail_are_counted() {
        let rules = |count: usize| (1..=count).map(|number| rule(number, b"de")).collect::<Vec<_>>();
        assert!(!told(rules(FAILED_RULES_MAX)).contains("more"));
        for (count, more) in [(FAILED_RULES_MAX + 1, "and 1 more"), (FAILED_RULES_MAX + 30, "and 30 more")] {
            let last = Step::Off { of: Scope::Policy };
            for end in [Vec::new(), vec![last]] {
                let text = told(rules(count).into_iter().chain(end).collect());
                assert_eq!(text.matches("fails:").count(), FAILED_RULES_MAX, "{text}");
                assert!(text.contains(more), "{text}");
            }
        }
    }

    #[test]
    fn what_a_client_sends_moves_no_cursor_and_fills_no_screen() {
        let long = "é".repeat(CHARACTERS_MAX + 1);
        for (value, shown) in [
            (&b"\x1b[2J\n"[..], r#""\u{1b}[2J\n" fails exact "cn", in either case"#),
            (long.as_bytes(), &format!("{:?} fails", format!("{}…", "é".repeat(CHARACTERS_MAX)))),
        ] {
            let text = told(vec![rule(1, value)]);
            assert!(text.contains(shown), "{text}");
        }
    }
}

//! Field by field from a document to a [`Release`]: the schema, and nothing but the schema.

use weir_policy::fields::{self, Fields};
use weir_policy::written::{Condition, Kind, Override, Rule, read_routes, read_share};
use weir_policy::{At, Problems, SourceId, Spanned, Value, codes};

use super::{Arm, Bounds, Guardrail, Measure, Release, Step, Window};
use crate::limits;
use crate::release::{AfterRollback, End, On, OnHarm, Promote, Stop};

impl Release {
    /// Reads a document. What cannot be read is reported and left out; indices stay those of the document.
    pub(crate) fn read(node: Spanned, source: SourceId) -> (Release, Problems) {
        let mut problems = Problems::default();
        let unreadable = Release { source, unreadable: true, ..Release::default() };
        let mut release = Release::read_fields(node, source, &mut problems).unwrap_or(unreadable);
        release.unreadable |= !problems.is_empty();
        (release, problems)
    }

    fn read_fields(node: Spanned, source: SourceId, problems: &mut Problems) -> Option<Release> {
        let at = At::Root { source };
        let mut fields = Fields::open(node, &at, problems)?;
        let _: Option<()> = fields.required("release", problems, version);
        let release = Release {
            source,
            id: fields.required("id", problems, fields::string),
            kind: fields.optional("kind", problems, Kind::read).unwrap_or_default(),
            unit: fields.required("unit", problems, fields::string),
            services: fields.optional("services", problems, read_routes),
            arms: fields.optional("arms", problems, arms),
            touches: fields.optional("touches", problems, fields::strings).unwrap_or_default(),
            env_tag: fields.optional("env_tag", problems, fields::string),
            traffic: fields.optional("traffic", problems, read_share),
            has_control: fields.optional("control", problems, |node, at, problems| {
                fields::word(node, &[("equal", true), ("none", false)], at, problems)
            }),
            targeting: fields.optional("targeting", problems, Condition::read),
            rules: fields.each("rules", problems, Rule::read),
            overrides: fields.each("overrides", problems, Override::read),
            holdouts: fields.optional("holdouts", problems, fields::strings).unwrap_or_default(),
            priority: fields.optional("priority", problems, priority).unwrap_or_default(),
            after: fields.optional("after", problems, fields::strings).unwrap_or_default(),
            not_before: fields.optional("not_before", problems, fields::string),
            steps: several(&mut fields, "steps", problems, step),
            warmup: fields.optional("warmup", problems, duration),
            guardrails: several(&mut fields, "guardrails", problems, guardrail),
            windows: fields.each("windows", problems, window),
            max_hold: fields.optional("max_hold", problems, duration),
            design_effect: fields.optional("design_effect", problems, |node, at, problems| {
                fields::integer(node, limits::DESIGN_EFFECT_MAX, at, problems)
            }),
            promote: fields.optional("promote", problems, |node, at, problems| {
                fields::word(node, &[("by_hand", Promote::ByHand), ("auto", Promote::Auto)], at, problems)
            }),
            end: fields.optional("end", problems, |node, at, problems| {
                fields::word(node, &[("hold", End::Hold), ("stable", End::Stable)], at, problems)
            }),
            on: fields.optional("on", problems, on).unwrap_or_default(),
            unreadable: false,
        };
        fields.finish(problems);
        Some(release)
    }
}

fn version(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<()> {
    match &node.value {
        Value::Int(1, _) | Value::Unreadable => {}
        float @ Value::Float(_) => return fields::mismatch(float, "an integer", at, problems),
        other => problems.add(codes::BAD_VALUE, at, format!("found {}; this Weir reads release: 1", other.describe())),
    }
    Some(())
}

fn arms(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<Vec<Arm>> {
    let mut arms = Vec::new();
    for entry in fields::object(node, at, problems)? {
        let at = at.key(&entry.key);
        // Its name is known, so that whoever refers to it is not told that nothing is called so.
        let mut arm = Arm { id: entry.key.clone(), ..Arm::default() };
        if let Some(mut fields) = Fields::open(entry.node, &at, problems) {
            arm.env_tag = fields.optional("env_tag", problems, fields::string);
            arm.routes = fields.optional("routes", problems, read_routes).unwrap_or_default();
            fields.finish(problems);
        }
        arms.push(arm);
    }
    Some(arms)
}

fn step(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Step {
    let Some(mut fields) = Fields::open(node, at, problems) else { return Step::default() };
    let step = Step {
        share: fields.required("share", problems, read_share),
        hold: fields.optional("hold", problems, duration),
        requests: fields.optional("requests", problems, |node, at, problems| {
            fields::integer(node, limits::REQUESTS_MAX, at, problems)
        }),
        approve: fields.optional("approve", problems, fields::boolean).unwrap_or_default(),
    };
    fields.finish(problems);
    step
}

fn guardrail(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Guardrail {
    let Some(mut fields) = Fields::open(node, at, problems) else { return Guardrail::default() };
    let given = MEASURES.into_iter().filter(|measure| fields.has(measure)).count();
    let name = fields.required("name", problems, fields::string);
    let measures = [
        fields.optional("errors", problems, |node, at, problems| bounds(node, at, problems).map(Measure::Errors)),
        fields
            .optional("unanswered", problems, |node, at, problems| bounds(node, at, problems).map(Measure::Unanswered)),
        fields.optional("slow", problems, slow),
        fields.optional("counts", problems, counts),
        fields.optional("value", problems, value),
    ];
    let guardrail = Guardrail {
        name,
        measure: measures.into_iter().flatten().next(),
        alpha: fields.optional("alpha", problems, percentage),
        on_harm: fields.optional("on_harm", problems, on_harm).unwrap_or_default(),
    };
    fields.finish(problems);
    if given != 1 {
        problems.add(codes::WRONG_TYPE, at, format!("a guardrail looks at one of {}", MEASURES.join(", ")));
    }
    guardrail
}

const MEASURES: [&str; 5] = ["errors", "unanswered", "slow", "counts", "value"];

fn bounds(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<Bounds> {
    let mut fields = Fields::open(node, at, problems)?;
    let bounds = bounds_of(&mut fields, problems);
    fields.finish(problems);
    Some(bounds)
}

/// Those fields of a measure, which may stand beside others.
fn bounds_of(fields: &mut Fields<'_>, problems: &mut Problems) -> Bounds {
    Bounds {
        margin: fields.required("margin", problems, percentage),
        above: fields.optional("above", problems, percentage),
    }
}

fn slow(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<Measure> {
    let mut fields = Fields::open(node, at, problems)?;
    let over_ms = fields
        .required("over_ms", problems, |node, at, problems| fields::integer(node, u64::from(u32::MAX), at, problems));
    let bounds = bounds_of(&mut fields, problems);
    fields.finish(problems);
    Some(Measure::Slow(over_ms, bounds))
}

fn counts(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<Measure> {
    let mut fields = Fields::open(node, at, problems)?;
    let bad = fields.required("bad", problems, fields::string);
    let all = fields.required("all", problems, fields::string);
    let bounds = bounds_of(&mut fields, problems);
    fields.finish(problems);
    Some(Measure::Counts { bad, all, bounds })
}

fn value(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<Measure> {
    let mut fields = Fields::open(node, at, problems)?;
    let measure = Measure::Value {
        query: fields.required("query", problems, fields::string),
        above: fields.required("above", problems, number),
        lasts: fields.required("for", problems, duration),
    };
    fields.finish(problems);
    Some(measure)
}

fn window(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Window {
    let Some(mut fields) = Fields::open(node, at, problems) else { return Window::default() };
    let window = Window {
        days: fields.optional("days", problems, fields::strings),
        from: fields.required("from", problems, time_of_day),
        to: fields.required("to", problems, time_of_day),
        zone: fields.required("zone", problems, fields::string),
    };
    fields.finish(problems);
    window
}

fn on(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<On> {
    let stop = |node: Spanned, at: &At<'_>, problems: &mut Problems| {
        fields::word(node, &[("hold", Stop::Hold), ("rollback", Stop::Rollback)], at, problems)
    };
    let mut fields = Fields::open(node, at, problems)?;
    let on = On {
        inconclusive: fields.optional("inconclusive", problems, stop).unwrap_or_default(),
        deviation: fields.optional("deviation", problems, stop).unwrap_or_default(),
        rollback: fields
            .optional("rollback", problems, |node, at, problems| {
                let words = [("hold_queue", AfterRollback::HoldQueue), ("go_on", AfterRollback::GoOn)];
                fields::word(node, &words, at, problems)
            })
            .unwrap_or_default(),
    };
    fields.finish(problems);
    Some(on)
}

fn on_harm(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<OnHarm> {
    let words = [("rollback", OnHarm::Rollback), ("hold", OnHarm::Hold), ("warn", OnHarm::Warn)];
    fields::word(node, &words, at, problems)
}

fn priority(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<i8> {
    let Value::Int(value, _) = node.value else {
        return fields::mismatch(&node.value, "an integer", at, problems);
    };
    let priority = i8::try_from(value).ok().filter(|priority| (-9..=9).contains(priority));
    if priority.is_none() {
        problems.add(codes::BAD_VALUE, at, format!("found {value}; an integer from -9 to 9 would do, higher first"));
    }
    priority
}

/// A list of objects of which an empty one says something.
fn several<T>(
    fields: &mut Fields<'_>,
    name: &'static str,
    problems: &mut Problems,
    read: impl Fn(Spanned, &At<'_>, &mut Problems) -> T,
) -> Option<Vec<T>> {
    let is_there = fields.has(name);
    let read = fields.each(name, problems, read);
    is_there.then_some(read)
}

/// A decimal number is written as a string or as an integer.
fn number(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<String> {
    match node.value {
        Value::Int(number, _) => Some(number.to_string()),
        _ => fields::string(node, at, problems),
    }
}

/// A text that is likely to be written as a bare number: what it lacks is said.
fn text(node: Spanned, what: &str, at: &At<'_>, problems: &mut Problems) -> Option<String> {
    match &node.value {
        Value::Int(..) => problems.add(codes::UNQUOTED_NUMBER, at, format!("found {}; {what}", node.value.describe())),
        Value::Float(typed) => problems.add(codes::FLOAT, at, format!("found {typed}; {what}")),
        _ => return fields::string(node, at, problems),
    }
    None
}

fn duration(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<String> {
    text(node, "a duration is a number and its unit, such as \"30s\", \"10m\", \"1h\" or \"7d\"", at, problems)
}

fn percentage(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<String> {
    text(node, "a percentage is meant here, with its sign, such as \"20%\" or \"0.3%\"", at, problems)
}

fn time_of_day(node: Spanned, at: &At<'_>, problems: &mut Problems) -> Option<String> {
    text(node, "a time of day is meant here, such as \"09:00\"", at, problems)
}

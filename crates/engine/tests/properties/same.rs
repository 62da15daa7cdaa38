//! Other ways to write the same policy: another order where order means nothing, other cuts, other cases, defaults
//! spelt out, several files.

use serde_json::{Map, Value, json};
use weir_policy::Source;

/// Random choices out of a number, so that a failure can be repeated.
pub struct Dice(pub u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        // xorshift64*, from any state but 0.
        self.0 |= 1;
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound
    }

    fn yes(&mut self) -> bool {
        self.below(2) == 0
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            items.swap(end, self.below(end + 1));
        }
    }
}

/// The policy in other words, as one or two files.
pub fn rewritten(policy: &Value, dice: &mut Dice) -> Vec<Source> {
    let mut policy = policy.clone();
    let root = policy.as_object_mut().unwrap();
    for sources in root["units"].as_object_mut().unwrap().values_mut() {
        for source in sources.as_array_mut().unwrap() {
            recase(source.get_mut("header"), dice);
            cookie_life(source.get_mut("issue"), dice);
        }
    }
    cookie_life(root.get_mut("env_tag").and_then(|env_tag| env_tag.get_mut("cookie")), dice);
    for list in root["lists"].as_object_mut().unwrap().values_mut() {
        set(list, dice);
    }
    for holdout in root["holdouts"].as_array_mut().unwrap() {
        set(&mut holdout["layers"], dice);
        if holdout["epoch"] == 0 && dice.yes() {
            holdout.as_object_mut().unwrap().remove("epoch");
        }
    }
    dice.shuffle(root["holdouts"].as_array_mut().unwrap());
    let named = root["conditions"].clone();
    for layer in root["layers"].as_array_mut().unwrap() {
        rewrite_layer(layer.as_object_mut().unwrap(), &named, dice);
    }
    if let Some(targeting) = root.get_mut("targeting") {
        condition(targeting, &named, dice);
    }
    for (_, one) in root["conditions"].as_object_mut().unwrap() {
        condition(one, &named, dice);
    }
    root["conditions"].as_object_mut().unwrap().remove("unused").filter(|_| dice.yes());
    dice.shuffle(root["layers"].as_array_mut().unwrap());
    if dice.yes() {
        root.entry("enabled").or_insert(json!(true));
    }
    if dice.yes() {
        root.entry("env_tag").or_insert(json!({ "header": "X-Env-Tag" }));
    }
    if dice.yes() { in_two(&policy, dice) } else { vec![Source::json("policy.json", text(&policy, dice))] }
}

fn rewrite_layer(layer: &mut Map<String, Value>, named: &Value, dice: &mut Dice) {
    if let Some(targeting) = layer.get_mut("targeting") {
        condition(targeting, named, dice);
    }
    let id = layer["id"].clone();
    defaults(layer, &[("enabled", json!(true)), ("epoch", json!(0)), ("line", id)], dice);
    for experiment in layer["experiments"].as_array_mut().unwrap() {
        rewrite_experiment(experiment.as_object_mut().unwrap(), named, dice);
    }
}

fn rewrite_experiment(experiment: &mut Map<String, Value>, named: &Value, dice: &mut Dice) {
    if experiment["slots"] == json!([]) && dice.yes() {
        experiment["slots"] = json!("none");
    } else {
        ranges(&mut experiment["slots"], dice);
    }
    let variants = experiment["variants"].as_array_mut().unwrap();
    let spell_out = dice.yes();
    for variant in variants.iter_mut() {
        let variant = variant.as_object_mut().unwrap();
        if spell_out && let Some(share) = variant.remove("share") {
            let ranges = ranges_of(&variant["id"], share.as_str().unwrap());
            variant.insert("ranges".to_owned(), ranges);
        }
        if let Some(written) = variant.get_mut("ranges") {
            ranges(written, dice);
        }
        for target in variant.get_mut("routes").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
            if target.is_string() && dice.yes() {
                *target = json!({ "subset": target });
            }
        }
    }
    dice.shuffle(variants);
    let mut services: Vec<String> = variants
        .iter()
        .filter_map(|variant| variant["routes"].as_object())
        .flat_map(|routes| routes.keys().cloned())
        .collect();
    services.sort();
    services.dedup();
    dice.shuffle(&mut services);
    defaults(experiment, &[("services", json!(services))], dice);
    for audience in experiment.get_mut("audiences").and_then(Value::as_array_mut).into_iter().flatten() {
        rewrite_audience(audience.as_object_mut().unwrap(), named, dice);
    }
    let rules = experiment["rules"].as_array_mut().unwrap();
    rules.iter_mut().for_each(|rule| condition(&mut rule["when"], named, dice));
    if let Some(targeting) = experiment.get_mut("targeting") {
        condition(targeting, named, dice);
    }
}

fn rewrite_audience(audience: &mut Map<String, Value>, named: &Value, dice: &mut Dice) {
    condition(&mut audience["when"], named, dice);
    if dice.yes()
        && let Some(shares) = audience.remove("shares")
    {
        let owned = shares.as_object().unwrap().iter();
        let owned = owned.map(|(arm, share)| (arm.clone(), ranges_of(&json!(arm), share.as_str().unwrap())));
        audience.insert("ranges".to_owned(), Value::Object(owned.collect()));
    }
    let Some(owned) = audience.get_mut("ranges").and_then(Value::as_object_mut) else { return };
    // An arm without ranges need not be named.
    let unnamed = dice.yes();
    owned.retain(|_, written| !unnamed || *written != json!([]));
    owned.values_mut().for_each(|written| ranges(written, dice));
}

/// `control` grows down from the end, the other variant up from 0.
fn ranges_of(variant: &Value, share: &str) -> Value {
    let (whole, decimals) = share.trim_end_matches('%').split_once('.').unwrap();
    let share = whole.parse::<u32>().unwrap() * 10_000 + decimals.parse::<u32>().unwrap();
    match share {
        0 => json!([]),
        _ if variant == "control" => json!([[1_000_000 - share, 1_000_000]]),
        _ => json!([[0, share]]),
    }
}

/// Ranges in another order, some cut in two.
fn ranges(ranges: &mut Value, dice: &mut Dice) {
    let mut pieces = Vec::new();
    for range in ranges.as_array().unwrap() {
        let (start, end) = (range[0].as_u64().unwrap(), range[1].as_u64().unwrap());
        let middle = start + dice.below((end - start) as usize) as u64;
        if middle > start && dice.yes() {
            pieces.extend([json!([start, middle]), json!([middle, end])]);
        } else {
            pieces.push(range.clone());
        }
    }
    dice.shuffle(&mut pieces);
    *ranges = json!(pieces);
}

/// A set in another order, one of it twice.
fn set(set: &mut Value, dice: &mut Dice) {
    let items = set.as_array_mut().unwrap();
    if !items.is_empty() && dice.yes() {
        items.push(items[dice.below(items.len())].clone());
    }
    dice.shuffle(items);
}

/// A name or what it stands for, and that in other words.
fn condition(written: &mut Value, named: &Value, dice: &mut Dice) {
    if let Some(name) = written["condition"].as_str() {
        if dice.yes() {
            *written = named[name].clone();
            condition(written, named, dice);
        }
        return;
    }
    let (key, inner) = written.as_object_mut().unwrap().iter_mut().next().unwrap();
    match key.as_str() {
        "all" | "any" => inner.as_array_mut().unwrap().iter_mut().for_each(|one| condition(one, named, dice)),
        "not" => condition(inner, named, dice),
        subject => {
            if subject == "header" {
                recase(inner.get_mut("name"), dice);
            }
            if let Some(operands) = inner.get_mut("in").filter(|operands| operands.is_array()) {
                set(operands, dice);
            }
            for operator in ["lt", "le", "gt", "ge"] {
                if let Some(number) = inner.get_mut(operator)
                    && number.is_i64()
                    && dice.yes()
                {
                    *number = json!(number.to_string());
                }
            }
        }
    }
}

fn cookie_life(life: Option<&mut Value>, dice: &mut Dice) {
    if let Some(life) = life {
        let known = [("same_site", json!("lax")), ("path", json!("/")), ("partitioned", json!(false))];
        defaults(life.as_object_mut().unwrap(), &known, dice);
    }
}

fn recase(name: Option<&mut Value>, dice: &mut Dice) {
    if let Some(name) = name {
        let text = name.as_str().unwrap();
        *name = json!(if dice.yes() { text.to_ascii_uppercase() } else { text.to_ascii_lowercase() });
    }
}

fn defaults(object: &mut Map<String, Value>, defaults: &[(&str, Value)], dice: &mut Dice) {
    for (key, value) in defaults {
        if dice.yes() {
            object.entry(*key).or_insert(value.clone());
        }
    }
}

/// The layers dealt out to two files, which both say what all layers need.
fn in_two(policy: &Value, dice: &mut Dice) -> Vec<Source> {
    let (mut left, mut right) = (policy.clone(), policy.clone());
    let (mut layers, mut others) = (Vec::new(), Vec::new());
    for layer in policy["layers"].as_array().unwrap() {
        if dice.yes() { layers.push(layer.clone()) } else { others.push(layer.clone()) }
    }
    left["layers"] = json!(layers);
    right["layers"] = json!(others);
    right.as_object_mut().unwrap().remove("holdouts");
    if dice.yes() {
        right.as_object_mut().unwrap().remove("conditions");
    }
    if dice.yes() {
        left.as_object_mut().unwrap().remove("targeting");
    }
    let sources = [Source::json("left.json", text(&left, dice)), Source::json("right.json", text(&right, dice))];
    let mut sources = sources.to_vec();
    dice.shuffle(&mut sources);
    sources
}

/// JSON with the keys of objects in any order, and blanks.
fn text(value: &Value, dice: &mut Dice) -> String {
    match value {
        Value::Object(object) => {
            let mut entries: Vec<String> =
                object.iter().map(|(key, value)| format!("{} :{}", json!(key), text(value, dice))).collect();
            dice.shuffle(&mut entries);
            format!("{{{}}}", entries.join(","))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| text(item, dice)).collect();
            format!("[\n{}]", items.join(" ,"))
        }
        scalar => scalar.to_string(),
    }
}

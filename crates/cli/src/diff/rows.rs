//! What a difference comes to, as sentences and rows of cells: text, Markdown and the page say the same.

use weir_diff::{Amount, Arm, Counts, LayerMoves, Leaving, Place};

/// A table of who moves, and what it is of.
pub struct Moves {
    /// The layer, and how its moves are known.
    pub heading: String,
    /// What is not known, or what is to be thought of.
    pub sentences: Vec<String>,
    /// From, to, and how many; the most first.
    pub rows: Vec<Move>,
    /// Rows that are left out.
    pub more: usize,
    /// Whether they are parts of all units, and not counts of some.
    pub is_parts: bool,
}

/// Who goes from one place to another.
pub struct Move {
    pub from: String,
    pub to: String,
    /// How many, to be read.
    pub amount: String,
    /// The same as a number, to be drawn.
    pub size: f64,
}

/// The tables of a layer: by slots and ranges, one for each audience; of units that overrides name; of units that were given.
pub fn of_layer(layer: &LayerMoves<'_>, with_units: bool) -> Vec<Moves> {
    let LayerMoves { layer: id, unit, was, .. } = layer;
    let place = was.map_or(format!("layer {id}"), |was| format!("layer {was} -> {id}"));
    let mut tables = Vec::new();
    let mut audiences: Vec<Option<(&str, &str)>> = layer.flows.iter().map(|flow| flow.audience).collect();
    audiences.dedup();
    for audience in audiences {
        let of = match audience {
            None => String::new(),
            Some((experiment, "-")) => format!(" in no audience of {experiment}"),
            Some((experiment, audience)) => format!(" in audience {audience} of {experiment}"),
        };
        let who = if layer.is_of_dealt { "the units that nobody forces and everybody targets" } else { "all units" };
        let how = if layer.is_expected { "to be expected, for a line is dealt afresh" } else { "exactly" };
        let rows = layer.flows.iter().filter(|flow| flow.audience == audience).map(|flow| Move {
            from: self::place(flow.from),
            to: self::place(flow.to),
            amount: percent(flow.part),
            size: flow.part,
        });
        let heading = format!("{place}, unit {unit}: parts of {who}{of}, {how}");
        tables.push(Moves { heading, sentences: Vec::new(), rows: sorted(rows.collect()), more: 0, is_parts: true });
    }
    if let Some(named) = &layer.named {
        let heading = format!("{place}: {} that overrides name otherwise", counted(named.asked, "unit"));
        tables.push(of_counts(heading, named));
    }
    if layer.by_requests.is_empty() {
        return tables;
    }
    let causes = layer.by_requests.join(", ");
    match &layer.asked {
        Some(asked) => {
            let heading = format!("{place}: {} that were given, since {causes} changed", counted(asked.asked, "unit"));
            tables.push(of_counts(heading, asked));
        }
        None => {
            let would = if with_units { "" } else { "; --units FILE would tell of those in it" };
            let sentence = format!("Not known: who moves by {causes}{would}.");
            tables.push(Moves {
                heading: place,
                sentences: vec![sentence],
                rows: Vec::new(),
                more: 0,
                is_parts: false,
            });
        }
    }
    tables
}

fn of_counts(heading: String, counts: &Counts<'_>) -> Moves {
    let rows = counts.flows.iter().map(|((from, to), count)| Move {
        from: place(*from),
        to: place(*to),
        amount: count.to_string(),
        size: *count as f64,
    });
    let rows = sorted(rows.collect());
    let mut sentences = Vec::new();
    if rows.is_empty() {
        sentences.push("None of them moves.".to_owned());
    }
    if counts.without_unit > 0 {
        sentences.push(format!("{} have no unit of this layer on one side or both.", counts.without_unit));
    }
    Moves { heading, sentences, rows, more: 0, is_parts: false }
}

fn sorted(mut rows: Vec<Move>) -> Vec<Move> {
    rows.sort_by(|one, other| other.size.total_cmp(&one.size));
    rows
}

/// A place, as it is named everywhere.
pub fn place(place: Place<'_>) -> String {
    match place {
        Place::Stable => "stable".to_owned(),
        Place::Arm(arm) => self::arm(arm),
        Place::Others => "other experiments".to_owned(),
    }
}

/// An arm, as `--allow` takes it.
pub fn arm(Arm { experiment, variant }: Arm<'_>) -> String {
    format!("{experiment}/{variant}")
}

/// How many leave an arm, and why.
pub fn amount(Leaving { amount, audience, .. }: &Leaving<'_>) -> String {
    let of = audience.map(|id| format!(" of those in audience {id}")).unwrap_or_default();
    match amount {
        Amount::Part(part) => format!("{} of the units{of}", percent(*part)),
        Amount::Units { count, some } => {
            let shown: Vec<String> = some.iter().map(|unit| unit.escape_debug().to_string()).collect();
            let more = if *count > shown.len() as u64 { " and others" } else { "" };
            format!("{}: {}{more}", counted(*count, "unit"), shown.join(", "))
        }
    }
}

/// A number of things.
pub fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// A part of the units, with as many decimals as a millionth needs.
pub fn percent(part: f64) -> String {
    let text = format!("{:.4}", part * 100.0);
    match text.trim_end_matches('0').trim_end_matches('.') {
        "0" if part > 0.0 => "under 0.0001%".to_owned(),
        text => format!("{text}%"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_to_a_millionth() {
        for (part, text) in [
            (1.0, "100%"),
            (0.05, "5%"),
            (0.0625, "6.25%"),
            (0.000_001, "0.0001%"),
            (0.000_000_1, "under 0.0001%"),
            (0.0, "0%"),
            (0.3, "30%"),
        ] {
            assert_eq!(percent(part), text);
        }
    }
}

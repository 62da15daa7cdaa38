//! The report: what is told of a difference, and whether it is good.

use std::fmt::Write as _;

use weir_diff::{Diff, Leaving};

use super::allowed::Allowed;
use super::releases::{self, Told};
use super::rows::{self, Moves};
use super::side::Side;
use crate::columns::columns;

/// Changes that a text shows; `--json` has them all.
const CHANGES_MAX: usize = 200;
/// Arms that are left.
const LEAVING_MAX: usize = 100;
/// Of these such as are named by what would allow them.
const ALLOW_MAX: usize = 20;
/// Moves of a table.
const MOVES_MAX: usize = 30;
/// Moves of all tables.
const ALL_MOVES_MAX: usize = 600;

/// What one policy does otherwise than another, for people and machines.
pub struct Report<'a> {
    pub old: &'a Side,
    pub new: &'a Side,
    pub diff: Diff<'a>,
    /// Releases whose documents say otherwise than before.
    pub releases: Vec<Told>,
    allowed: &'a Allowed,
    with_units: bool,
}

impl<'a> Report<'a> {
    pub fn new(
        [old, new]: [&'a Side; 2],
        diff: Diff<'a>,
        releases: Vec<Told>,
        allowed: &'a Allowed,
        with_units: bool,
    ) -> Report<'a> {
        Report { old, new, diff, releases, allowed, with_units }
    }

    /// Whether nobody leaves an arm but by its shrink, or where somebody may.
    pub fn is_good(&self) -> bool {
        self.diff.leaving.iter().all(|one| self.is_allowed(one))
    }

    /// Whether somebody said that this arm may be left.
    pub fn is_allowed(&self, leaving: &Leaving<'_>) -> bool {
        self.allowed.has(leaving.arm)
    }

    /// Both sides, as they were given and by their revisions.
    pub fn sides(&self) -> [String; 2] {
        [self.old, self.new].map(|side| format!("{} (revision {})", side.name, side.policy.revision))
    }

    /// What it comes to.
    pub fn verdict(&self) -> String {
        let mut arms: Vec<String> =
            self.diff.leaving.iter().filter(|one| !self.is_allowed(one)).map(|one| rows::arm(one.arm)).collect();
        arms.sort_unstable();
        arms.dedup();
        let unknown = self.diff.layers.iter().any(|layer| !layer.by_requests.is_empty() && layer.asked.is_none());
        let known = if unknown { ", as far as is known without requests" } else { "" };
        match (arms.as_slice(), self.diff.leaving.is_empty()) {
            ([], _) if self.diff.changes.is_empty() && self.releases.is_empty() => {
                "Nothing changes: both mean the same.".to_owned()
            }
            ([], true) => format!("Nobody leaves an arm but by its shrink{known}."),
            ([], false) => format!("Nobody leaves an arm but by its shrink, or where --allow says so{known}."),
            (arms, _) => {
                let flags: Vec<String> = arms.iter().take(ALLOW_MAX).map(|arm| format!("--allow {arm}")).collect();
                let more = match arms.len().saturating_sub(ALLOW_MAX) {
                    0 => String::new(),
                    more => format!(" and so on for {more} more, which --json has"),
                };
                format!("Units leave an arm without its shrink. If that is meant: {}{more}", flags.join(" "))
            }
        }
    }

    /// Changes as rows: of what, and what.
    pub fn changes(&self) -> (Vec<[String; 2]>, usize) {
        let rows = self.diff.changes.iter().take(CHANGES_MAX);
        let rows = rows.map(|change| {
            [format!("{} {}", change.of.name(), change.id.escape_debug()).trim_end().to_owned(), change.text.clone()]
        });
        (rows.collect(), self.diff.changes.len().saturating_sub(CHANGES_MAX))
    }

    /// Documents of releases as rows: of which, and what; and how many more there are.
    pub fn releases(&self) -> (Vec<[String; 2]>, usize) {
        let mut rows = releases::rows(&self.releases);
        let more = rows.len().saturating_sub(CHANGES_MAX);
        rows.truncate(CHANGES_MAX);
        (rows, more)
    }

    /// The tables of who moves, and how many more there are.
    pub fn moves(&self) -> (Vec<Moves>, usize) {
        let all = self.diff.layers.iter().flat_map(|layer| rows::of_layer(layer, self.with_units));
        let (mut shown, mut more, mut rows) = (Vec::new(), 0, 0);
        for mut moves in all {
            if rows >= ALL_MOVES_MAX {
                more += 1;
                continue;
            }
            moves.more = moves.rows.len().saturating_sub(MOVES_MAX);
            moves.rows.truncate(MOVES_MAX);
            // One without rows has sentences.
            rows += moves.rows.len().max(1);
            shown.push(moves);
        }
        (shown, more)
    }

    /// Arms that are left, how many leave, why, and whether that is allowed, what is not allowed first; and how many more there are.
    pub fn leaving(&self) -> (Vec<[String; 4]>, usize) {
        let row = |one: &&Leaving<'_>| {
            let allowed = if self.is_allowed(one) { "allowed" } else { "not allowed" };
            [rows::arm(one.arm), rows::amount(one), one.why.join("; "), allowed.to_owned()]
        };
        let (allowed, not): (Vec<_>, Vec<_>) = self.diff.leaving.iter().partition(|one| self.is_allowed(one));
        let more = self.diff.leaving.len().saturating_sub(LEAVING_MAX);
        (not.iter().chain(&allowed).take(LEAVING_MAX).map(row).collect(), more)
    }

    /// All of it as text.
    pub fn text(&self) -> String {
        let [old, new] = self.sides();
        let mut text = format!("{old} -> {new}\n");
        let (changes, more) = self.changes();
        if !changes.is_empty() {
            let _ = write!(text, "\nWhat changes\n{}", indented(&columns(&changes)));
            if more > 0 {
                let _ = writeln!(text, "  and {more} more; --json has them all");
            }
        }
        let (releases, more) = self.releases();
        if !releases.is_empty() {
            let _ = write!(text, "\nReleases\n{}", indented(&columns(&releases)));
            if more > 0 {
                let _ = writeln!(text, "  and {more} more; --json has them all");
            }
        }
        let (moves, more_tables) = self.moves();
        if !moves.is_empty() {
            let _ = writeln!(text, "\nWho moves");
        }
        for Moves { heading, sentences, rows, more, .. } in moves {
            let _ = writeln!(text, "  {heading}");
            let cells = rows.iter().map(|one| [one.from.clone(), "->".to_owned(), one.to.clone(), one.amount.clone()]);
            text.push_str(&indented(&indented(&columns(&cells.collect::<Vec<_>>()))));
            if more > 0 {
                let _ = writeln!(text, "    and {more} more; --json has them all");
            }
            text.extend(sentences.iter().map(|sentence| format!("    {sentence}\n")));
        }
        if more_tables > 0 {
            let _ = writeln!(text, "  and {more_tables} more tables; --json has them all");
        }
        let (leaving, more) = self.leaving();
        if !leaving.is_empty() {
            let _ = write!(text, "\nWho leaves an arm without its shrink\n{}", indented(&columns(&leaving)));
            if more > 0 {
                let _ = writeln!(text, "  and {more} more; --json has them all");
            }
        }
        let _ = writeln!(text, "\n{}", self.verdict());
        text
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

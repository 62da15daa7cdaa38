//! Who moves from what to what.

use std::collections::{BTreeMap, HashMap};

use crate::axis::Axis;
use crate::drawing::{Anchor, Drawing, LEADING, rectangle, tenths};
use crate::rows::{DRAWN_MAX, first_of};
use crate::table::Table;
use crate::terminal;
use crate::unit::Unit;

/// Parts of a whole, before at the left and after at the right.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Flows {
    /// What is counted, such as users.
    pub axis: Axis,
    /// The parts; where both names are the same, nobody moves.
    pub flows: Vec<Flow>,
}

/// Those who had one thing and get another.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Flow {
    /// What they had.
    pub from: String,
    /// What they get.
    pub to: String,
    /// How many they are.
    pub amount: f64,
}

impl Flow {
    fn size(&self) -> f64 {
        if self.amount > 0.0 { self.amount.min(1e200) } else { 0.0 }
    }

    fn moves(&self) -> bool {
        self.from != self.to
    }
}

/// More at one side are drawn as one.
const NODES_MAX: usize = 10;

const NODE_LEAST: f64 = 36.0;
const NODES_HEIGHT: f64 = 200.0;
const NODE_WIDTH: f64 = 8.0;
const GAP: f64 = 8.0;

pub(crate) fn table(flows: &Flows) -> Table {
    let total: f64 = flows.flows.iter().map(Flow::size).sum();
    let rows = flows.flows.iter().map(|flow| {
        let share = if total > 0.0 { flow.size() / total } else { 0.0 };
        let moves = if flow.moves() { "yes" } else { "no" };
        [
            flow.from.clone(),
            flow.to.clone(),
            moves.to_owned(),
            flows.axis.unit.write(flow.amount),
            Unit::Share.write(share),
        ]
    });
    let amount = if flows.axis.name.is_empty() { "amount" } else { &flows.axis.name };
    Table::new(["from", "to", "moves", amount, "of these"], rows)
}

pub(crate) fn describe(flows: &Flows) -> String {
    let moving = flows.flows.iter().filter(|flow| flow.moves() && flow.size() > 0.0).take(DRAWN_MAX);
    let moving = moving.map(|flow| format!("{} from {} to {}", flows.axis.unit.write(flow.amount), flow.from, flow.to));
    let moving = moving.collect::<Vec<_>>().join(", ");
    let moving = if moving.is_empty() { "Nobody moves".to_owned() } else { moving };
    format!("Who moves from what to what: {}. {moving}.", flows.axis.name)
}

/// One name at one side.
struct Node<'a> {
    /// None for those who are drawn as one.
    name: Option<&'a str>,
    amount: f64,
    top: f64,
    height: f64,
    /// How much of its height is taken.
    taken: f64,
}

pub(crate) fn draw(flows: &Flows, drawing: &mut Drawing) {
    let drawn: Vec<&Flow> = flows.flows.iter().filter(|flow| flow.size() > 0.0).collect();
    let mut before = nodes(&drawn, |flow| &flow.from);
    let mut after = nodes(&drawn, |flow| &flow.to);
    let names = if drawing.is_narrow() { 104.0 } else { 200.0 };
    let (left, right) = (names, drawing.width - names);
    drawing.text("m", (names, 13.0), Anchor::End, "before", names);
    drawing.text("m", (right, 13.0), Anchor::Start, "after", names);
    draw_ribbons(&drawn, (&mut before, &mut after), drawing, (left + NODE_WIDTH + 2.0, right - NODE_WIDTH - 2.0));
    for (nodes, x, name_x, anchor) in
        [(&before, left, left - 8.0, Anchor::End), (&after, right - NODE_WIDTH, right + 8.0, Anchor::Start)]
    {
        for node in nodes {
            drawing.path("n", &rectangle(x, node.top, NODE_WIDTH, node.height));
            let middle = node.top + node.height / 2.0;
            drawing.text("", (name_x, middle - 3.0), anchor, node.name.unwrap_or("others"), names - 8.0);
            drawing.text("m", (name_x, middle + 13.0), anchor, &flows.axis.unit.write(node.amount), names - 8.0);
        }
    }
    let end = before.iter().chain(&after).map(|node| node.top + node.height).fold(LEADING + 4.0, f64::max);
    let is_there = |moves: bool| drawn.iter().any(|flow| flow.moves() == moves);
    let legend = [("moves", true), ("stays", false)].into_iter().filter(|(_, moves)| is_there(*moves));
    let legend = legend.map(|(name, _)| (name.to_owned(), name));
    drawing.height = drawing.legend(end + 12.0, legend) + 4.0;
    let most = [&before, &after].into_iter().any(|nodes| nodes.iter().any(|node| node.name.is_none()));
    drawing.left_out = most.then(|| "The picture has the smallest of them together; the table has each.".to_owned());
}

/// The names of one side with their places, the smallest together where they are many.
fn nodes<'a>(flows: &[&'a Flow], name: fn(&'a Flow) -> &'a String) -> Vec<Node<'a>> {
    let mut sums: Vec<(Option<&str>, f64)> = Vec::new();
    let mut places = HashMap::new();
    for flow in flows {
        let index = *places.entry(name(flow).as_str()).or_insert_with(|| {
            sums.push((Some(name(flow).as_str()), 0.0));
            sums.len() - 1
        });
        sums.get_mut(index).into_iter().for_each(|(_, sum)| *sum += flow.size());
    }
    if sums.len() > NODES_MAX {
        let mut sizes: Vec<f64> = sums.iter().map(|(_, sum)| *sum).collect();
        sizes.sort_unstable_by(|one, other| other.total_cmp(one));
        let least = sizes.get(NODES_MAX - 2).copied().unwrap_or_default();
        let mut kept: Vec<(Option<&str>, f64)> =
            sums.iter().filter(|(_, sum)| *sum >= least).take(NODES_MAX - 1).copied().collect();
        let rest: f64 = sizes.iter().skip(kept.len()).sum();
        kept.push((None, rest));
        sums = kept;
    }
    let total: f64 = sums.iter().map(|(_, sum)| sum).sum();
    let mut top = LEADING + 4.0;
    let nodes = sums.into_iter().map(|(name, amount)| {
        let height = (amount / total * NODES_HEIGHT).max(NODE_LEAST);
        let node = Node { name, amount, top, height, taken: 0.0 };
        top += height + GAP;
        node
    });
    nodes.collect()
}

fn draw_ribbons(
    flows: &[&Flow],
    (before, after): (&mut [Node], &mut [Node]),
    drawing: &mut Drawing,
    (left, right): (f64, f64),
) {
    // Ribbons between the same two nodes are one; in order of their nodes, they cross as little as can be.
    let mut ribbons: BTreeMap<(usize, usize), (f64, bool)> = BTreeMap::new();
    let index = |nodes: &[Node], name: &str| {
        nodes.iter().position(|node| node.name == Some(name)).unwrap_or(nodes.len().saturating_sub(1))
    };
    for flow in flows {
        let ribbon = ribbons.entry((index(before, &flow.from), index(after, &flow.to))).or_default();
        *ribbon = (ribbon.0 + flow.size(), ribbon.1 || flow.moves());
    }
    let (mut moving, mut staying) = (String::new(), String::new());
    for ((from, to), (amount, moves)) in ribbons {
        let (Some(from), Some(to)) = (before.get_mut(from), after.get_mut(to)) else { continue };
        let (y, height) = take(from, amount);
        let (to_y, to_height) = take(to, amount);
        let path = ribbon((left, y, height), (right, to_y, to_height));
        if moves { moving += &path } else { staying += &path }
    }
    drawing.path("stays", &staying);
    drawing.path("moves", &moving);
}

/// The next part of a node's height.
fn take(node: &mut Node, amount: f64) -> (f64, f64) {
    let height = node.height * (amount / node.amount).min(1.0);
    let y = node.top + node.taken;
    node.taken += height;
    (y, height.max(1.0))
}

fn ribbon((x, y, height): (f64, f64, f64), (to_x, to_y, to_height): (f64, f64, f64)) -> String {
    let [left, right, middle] = [x, to_x, (x + to_x) / 2.0].map(tenths);
    let [top, low, to_top, to_low] = [y, y + height, to_y, to_y + to_height].map(tenths);
    format!(
        "M{left} {top}C{middle} {top} {middle} {to_top} {right} {to_top}V{to_low}C{middle} {to_low} {middle} {low} {left} {low}z"
    )
}

/// For a terminal: each flow with a bar of its size.
pub(crate) fn print(flows: &Flows, width: usize, colours: bool) -> Vec<String> {
    let most = flows.flows.iter().map(Flow::size).fold(0.0, f64::max);
    let mut text = vec![terminal::cut(&flows.axis.name, width)];
    for flow in flows.flows.iter().take(DRAWN_MAX) {
        let amount = flows.axis.unit.write(flow.amount);
        let names =
            if flow.moves() { format!("{} → {}", flow.from, flow.to) } else { format!("{} stays", flow.from) };
        text.push(terminal::ends(&names, &amount, width));
        let part = if most > 0.0 { flow.size() / most } else { 0.0 };
        text.push(match flow.moves() {
            true => terminal::accent(&terminal::bar(part, width), colours),
            false => "░".repeat((part * width as f64).round() as usize),
        });
    }
    text.extend(first_of(DRAWN_MAX, flows.flows.len(), "flows"));
    text
}

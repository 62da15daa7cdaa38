//! Subsets of ours in DestinationRules that people have: what is added to them, and those to which nothing can be.

use weir_policy::{At, Problems, Value, codes};

use super::lines::Lines;
use super::node::child;
use super::rule::DestinationRule;
use super::splice::{self, Insertion};
use crate::istio::labels::Labels;
use crate::istio::placement::ROOT_NAMESPACE;
use crate::istio::routed::RoutedService;
use crate::istio::routes::RouteNeeds;
use crate::istio::subsets;
use crate::variants::STABLE;
use crate::yaml::Yaml;

/// Reports existing DestinationRules of a service that cannot be its only one, and those whose place one of ours would take.
pub(super) fn check(all: &[&DestinationRule], routed: &RoutedService, needs: &RouteNeeds, problems: &mut Problems) {
    if subsets::all(routed).is_empty() {
        return;
    }
    let host = &routed.host;
    let of_host: Vec<&&DestinationRule> = all.iter().filter(|rule| rule.host == *host).collect();
    for rule in &of_host {
        check_one(rule, routed, needs, problems);
    }
    for rule in of_host.iter().skip(1) {
        let first = of_host[0].object().called();
        let message = format!("{host} has the DestinationRule {first} too; put the subsets of both into one");
        rule.refuse(&["host"], message, problems);
    }
    for rule in all.iter().filter(|rule| rule.covers(host) && of_host.is_empty()) {
        let message = format!(
            "{} covers {host}, and Istio would heed the DestinationRule that is rendered for {host} alone, without what is said \
             here; write one for {host}, with the same trafficPolicy, and give that",
            rule.host
        );
        rule.refuse(&["host"], message, problems);
    }
}

fn check_one(rule: &DestinationRule, routed: &RoutedService, needs: &RouteNeeds, problems: &mut Problems) {
    let host = &routed.host;
    if rule.has_selector() {
        let message =
            format!("it is for some callers of {host} alone, and the others would know no subsets; give one for all");
        rule.refuse(&["workloadSelector"], message, problems);
    }
    if let Some(home) = routed.home().filter(|home| ![home, ROOT_NAMESPACE].contains(&rule.namespace())) {
        let message = format!(
            "in the namespace {} it counts for callers there alone; {host} is of {home}: put it there",
            rule.namespace()
        );
        rule.refuse(&[], message, problems);
    }
    if let Some(seen) = rule.seen_by()
        && let Some(blind) = needs.namespaces.iter().find(|namespace| !seen.contains(&namespace.as_str()))
    {
        let message =
            format!("proxies in {blind} do not see it, and would know no subsets of {host}; export it to {blind}");
        rule.refuse(&["exportTo"], message, problems);
    }
    for (name, labels) in subsets::all(routed) {
        let Some(index) = rule.subsets.iter().position(|subset| subset.name == name) else { continue };
        let theirs = &rule.subsets[index].labels;
        if !are_same(theirs, &labels) {
            let written = format!("{{{}}}", said(theirs));
            let cure =
                if name == STABLE { format!("stable: {written}") } else { format!("subsets: {{{name}: {written}}}") };
            let message = format!(
                "the subset {name} has the labels {} here, and {} by the attachment; if these are right, write there istio: \
                 {{services: {{{host}: {{{cure}}}}}}}",
                said(theirs),
                said(&labels)
            );
            rule.refuse_subset(index, message, problems);
        } else if routed.service.guard_of(name).is_some() {
            let root = At::Root { source: routed.source };
            let (istio, message) = (
                root.key("istio"),
                format!(
                    "the subset {name} of {host} stands in the DestinationRule {} already, which would not be guarded so; write the \
                 bounds there, in its trafficPolicy, or take the subset out of it",
                    rule.name()
                ),
            );
            let services = istio.key("services");
            let service = services.key(host);
            problems.add(codes::CONFLICT, &service.key("guards").key(name), message);
        }
    }
}

/// The subsets of an existing DestinationRule that pods of variants are in too, by its labels.
pub(super) fn wide_subsets(rule: &DestinationRule, routed: &RoutedService) -> Vec<String> {
    let variants = routed.subsets();
    let has_all = |labels: &Labels, of: &str| {
        let pods = routed.service.labels_of(of);
        labels.iter().all(|label| pods.contains(label))
    };
    let is_wide = |labels: &Labels| variants.iter().any(|variant| has_all(labels, variant));
    let theirs = rule.subsets.iter().filter(|subset| !variants.contains(&subset.name.as_str()));
    theirs.filter(|subset| is_wide(&subset.labels)).map(|subset| subset.name.clone()).collect()
}

/// What is put into the text of an existing DestinationRule of a service, if anything is. An error says what is in the way.
pub(super) fn added(
    rule: &DestinationRule,
    routed: &RoutedService,
    lines: &Lines<'_>,
) -> Result<Option<Insertion>, String> {
    let is_there = |name: &str| rule.subsets.iter().any(|subset| subset.name == name);
    let missing: Vec<Yaml> = subsets::all(routed)
        .iter()
        .filter(|(name, _)| !is_there(name))
        .map(|(name, labels)| subsets::subset(name, labels, routed))
        .collect();
    if missing.is_empty() {
        return Ok(None);
    }
    let note = format!("By weir render: versions of {}.", routed.host);
    let put = match (rule.subsets.first(), rule.subsets_entry()) {
        (Some(first), _) => splice::before(&first.node, &note, missing, lines),
        (None, Some(entry)) if matches!(entry.node.value, Value::List(_)) => {
            splice::inside(&entry.node, missing, lines)
        }
        (None, Some(entry)) => splice::below(entry, &note, missing, lines),
        (None, None) => splice::field(rule.spec(), "subsets", &note, Yaml::List(missing), lines),
    };
    put.map(Some).ok_or_else(|| {
        let what = if child(rule.spec(), "subsets").is_some() { "its subsets" } else { "`subsets`" };
        format!("nothing can be put before {what} as they are written; write them as `subsets:` with lines below, or leave them out")
    })
}

fn are_same(one: &Labels, other: &Labels) -> bool {
    one.len() == other.len() && one.iter().all(|label| other.contains(label))
}

fn said(labels: &Labels) -> String {
    labels.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join(", ")
}

//! Policies in, steps out; and that at no moment an edge stamps what the mesh does not know.

use proptest::prelude::*;
use serde_json::{Value, json};
use weir_policy::{Attachment, AttachmentFile, Format, Role, Source, read_policy};

use super::*;
use crate::serve::deployment::AttachedFilter;

fn read(document: &Value) -> Result<Policy, String> {
    let source = Source::from_bytes("policy.json", document.to_string().into_bytes(), Format::Json);
    let model = read_policy(&[source], Role::Edge).map_err(|problems| format!("{problems:?}"))?;
    let canonical = model.canonical();
    Ok(Policy { revision: Revision::of(&canonical), model, canonical })
}

fn standing(policy: Policy) -> Deployment {
    Deployment::of(policy, Vec::<AttachedFilter>::new(), Vec::new())
}

/// A policy with one layer of these experiments: `(id, enabled, tags)`, each tag a variant of its own that routes there.
fn policy(experiments: &[(&str, bool, &[&str])]) -> Policy {
    let made = experiments.iter().enumerate().map(|(number, (id, enabled, tags))| {
        let variants: Vec<Value> = tags
            .iter()
            .enumerate()
            .map(|(at, tag)| {
                json!({
                    "id": tag, "env_tag": tag, "ranges": [[at * 1000, at * 1000 + 1000]],
                    "routes": {format!("{id}.shop"): tag.split('/').next()},
                })
            })
            .collect();
        let rules: Vec<Value> =
            tags.iter().map(|tag| json!({"when": {"header": {"name": "x-v", "exact": tag}}, "variant": tag})).collect();
        let slots = json!([[number * 1000, number * 1000 + 1000]]);
        json!({"id": id, "enabled": enabled, "slots": slots, "rules": rules, "variants": variants})
    });
    let overrides: Vec<Value> = experiments
        .iter()
        .flat_map(|(id, _, tags)| tags.iter().map(move |tag| (id, tag)))
        .map(|(id, tag)| json!({"units": [format!("unit-{tag}")], "experiment": id, "variant": tag}))
        .collect();
    let layer = json!({
        "id": "l", "unit": "user", "overrides": overrides, "experiments": made.collect::<Vec<_>>(),
    });
    let units = json!({"user": [{"header": "x-user"}]});
    read(&json!({"version": 1, "units": units, "layers": [layer]})).unwrap()
}

fn tags(policy: &Policy) -> Vec<&str> {
    live(&policy.model).into_keys().collect()
}

/// Of each step the tags that are live at edges and in the mesh: `edges / mesh`.
fn shown(stages: &[Deployment]) -> Vec<String> {
    stages
        .iter()
        .map(|stage| format!("{} / {}", tags(&stage.edges.policy).join(" "), tags(&stage.mesh.policy).join(" ")))
        .collect()
}

#[test]
fn what_comes_reaches_the_mesh_first_and_what_goes_leaves_the_edges_first() {
    let a: (&str, bool, &[&str]) = ("a", true, &["a1"]);
    let b: (&str, bool, &[&str]) = ("b", true, &["b1"]);
    let off: (&str, bool, &[&str]) = ("a", false, &["a1"]);
    let two: (&str, bool, &[&str]) = ("a", true, &["a1", "a2"]);
    let other: (&str, bool, &[&str]) = ("a", true, &["a2", "a3"]);
    type Experiments<'a> = &'a [(&'a str, bool, &'a [&'a str])];
    let table: [(&str, Experiments, Experiments, &[&str]); 9] = [
        ("nothing", &[a], &[a], &["a1 / a1"]),
        ("an experiment comes", &[a], &[a, b], &["a1 / a1 b1", "a1 b1 / a1 b1"]),
        ("an experiment goes", &[a, b], &[a], &["a1 / a1 b1", "a1 / a1"]),
        ("a kill", &[a, b], &[off, b], &["b1 / a1 b1", "b1 / b1"]),
        ("what was killed comes back", &[off, b], &[a, b], &["b1 / a1 b1", "a1 b1 / a1 b1"]),
        ("one for another", &[a], &[b], &[" / a1", " / b1", "b1 / b1"]),
        ("a kill and a start", &[a], &[off, b], &[" / a1", " / b1", "b1 / b1"]),
        ("a variant comes", &[a], &[two], &["a1 / a1 a2", "a1 a2 / a1 a2"]),
        // The tag a1 is still known at the edge, but nobody is dealt or forced to it.
        ("a variant for another", &[two], &[other], &["a1 a2 / a1 a2", "a1 a2 / a2 a3", "a2 a3 / a2 a3"]),
    ];
    for (what, now, wanted, steps) in table {
        let plan = plan(&standing(policy(now)), &standing(policy(wanted)));
        assert_eq!(shown(&plan), steps, "{what}");
        assert_eq!(plan.last().unwrap().revision(), policy(wanted).revision.to_string(), "{what}");
    }
}

#[test]
fn who_is_not_of_what_goes_stays_where_they_are() {
    let (two, other) = (policy(&[("a", true, &["a1", "a2"])]), policy(&[("a", true, &["a2", "a3"])]));
    let step = &plan(&standing(two.clone()), &standing(other))[0].edges.policy.model.layers[0];
    let experiment = &step.experiments[0];
    let [a1, a2] = experiment.variants.as_slice() else { panic!("{experiment:?}") };
    assert_eq!((a1.ranges.len(), a2), (0, &two.model.layers[0].experiments[0].variants[1]));
    assert_eq!(experiment.rules, two.model.layers[0].experiments[0].rules[1..]);
    assert_eq!(step.overrides, two.model.layers[0].overrides[1..]);
}

#[test]
fn a_kill_is_told_from_every_other_change() {
    let a: (&str, bool, &[&str]) = ("a", true, &["a1"]);
    let off: (&str, bool, &[&str]) = ("a", false, &["a1"]);
    let b: (&str, bool, &[&str]) = ("b", true, &["b1"]);
    type Experiments<'a> = &'a [(&'a str, bool, &'a [&'a str])];
    let table: [(Experiments, Experiments, bool); 4] =
        [(&[a, b], &[off, b], true), (&[off, b], &[a, b], false), (&[a], &[off, b], false), (&[a, b], &[a], false)];
    for (now, wanted, is_kill) in table {
        let [now, wanted] = [now, wanted].map(|experiments| standing(policy(experiments)));
        assert_eq!(only_switches_off(&now, &wanted), is_kill, "{:?}", shown(&[now, wanted]));
    }
}

/// Found by the property below: the edges' policy without a tag still names it, but nobody has been given it since.
#[test]
fn a_tag_that_was_taken_away_waits_like_any_other_when_it_comes_back() {
    let [two, other] = [&["a1", "a2"][..], &["a2", "a3"]].map(|tags| standing(policy(&[("a", true, tags)])));
    let cut_off = plan(&two, &other)[1].clone();
    assert_eq!(shown(std::slice::from_ref(&cut_off)), ["a1 a2 / a2 a3"]);
    let mut now = cut_off;
    let waits: Vec<bool> = plan(&now.clone(), &two)
        .into_iter()
        .map(|step| needs_acks(&std::mem::replace(&mut now, step.clone()), &step))
        .collect();
    // The mesh loses a3 for a1 first, then edges may stamp a1.
    assert_eq!(waits, [true, true]);
}

/// Where an attachment is put, by its name: what is served at edges and in the mesh, as `edges / mesh`.
fn placed(policy: Policy, edges: &[&str], mesh: &[&str]) -> Deployment {
    let attached = |role: Role| {
        move |name: &&str| AttachedFilter {
            file: AttachmentFile { attachment: Attachment { role, ..Default::default() }, ..Default::default() },
            name: (*name).into(),
            nodes: Default::default(),
            module: Default::default(),
        }
    };
    let attachments = edges.iter().map(attached(Role::Edge)).chain(mesh.iter().map(attached(Role::Mesh)));
    Deployment::of(policy, attachments.collect(), Vec::new())
}

#[test]
fn attachments_go_with_the_policy_of_their_side() {
    let a: &[(&str, bool, &[&str])] = &[("a", true, &["a1"])];
    let b: &[(&str, bool, &[&str])] = &[("b", true, &["b1"])];
    let both: &[(&str, bool, &[&str])] = &[("a", true, &["a1"]), ("b", true, &["b1"])];
    type Placed<'a> = (&'a [(&'a str, bool, &'a [&'a str])], &'a [&'a str], &'a [&'a str]);
    let table: [(&str, Placed, Placed, &[&str]); 7] = [
        ("the edges'", (a, &["e"], &["m"]), (a, &["f"], &["m"]), &["f a1 / m a1"]),
        ("the mesh's", (a, &["e"], &["m"]), (a, &["e"], &["n"]), &["e a1 / n a1"]),
        ("both", (a, &["e"], &["m"]), (a, &["f"], &["n"]), &["e a1 / n a1", "f a1 / n a1"]),
        ("with what comes", (a, &["e"], &["m"]), (both, &["f"], &["n"]), &["e a1 / n a1 b1", "f a1 b1 / n a1 b1"]),
        ("with what goes", (both, &["e"], &["m"]), (a, &["f"], &["m"]), &["f a1 / m a1 b1", "f a1 / m a1"]),
        ("one for another", (a, &["e"], &["m"]), (b, &["f"], &["n"]), &["e  / m a1", "e  / n b1", "f b1 / n b1"]),
        ("that change sides", (a, &["e"], &["m"]), (b, &["m"], &["e"]), &["m b1 / e b1"]),
    ];
    let shown = |side: &Tier| {
        let names: Vec<&str> = side.attachments.iter().map(|attached| attached.name.as_str()).collect();
        format!("{} {}", names.join(" "), tags(&side.policy).join(" "))
    };
    for (what, now, wanted, steps) in table {
        let [now, wanted] = [now, wanted].map(|(experiments, edges, mesh)| placed(policy(experiments), edges, mesh));
        let plan = plan(&now, &wanted);
        let plan: Vec<String> =
            plan.iter().map(|stage| format!("{} / {}", shown(&stage.edges), shown(&stage.mesh))).collect();
        assert_eq!(plan, steps, "{what}");
    }
}

#[test]
fn an_edge_in_a_new_place_waits_for_answers() {
    let now = placed(policy(&[("a", true, &["a1"])]), &["e"], &["m"]);
    for (edges, mesh, waits) in [("e", "m", false), ("f", "m", true), ("e", "n", false)] {
        let step = placed(policy(&[("a", true, &["a1"])]), &[edges], &[mesh]);
        assert_eq!(needs_acks(&now, &step), waits, "{edges} {mesh}");
        assert_eq!(only_switches_off(&now, &step), (edges, mesh) == ("e", "m"), "{edges} {mesh}");
    }
}

/// Whom a policy can send somewhere by a tag: dealt, forced or by rule.
fn stamped(policy: &Policy) -> BTreeSet<String> {
    let mut stamped = BTreeSet::new();
    for layer in policy.model.layers.iter().filter(|layer| policy.model.enabled && layer.enabled) {
        for experiment in layer.experiments.iter().filter(|experiment| experiment.enabled) {
            for variant in &experiment.variants {
                let ruled = experiment.rules.iter().any(|rule| rule.variant.as_ref() == Some(&variant.id));
                let listed = layer.overrides.iter().chain(&experiment.overrides);
                let forced = listed.into_iter().any(|one| {
                    one.experiment.as_ref() == Some(&experiment.id) && one.variant.as_ref() == Some(&variant.id)
                });
                if !variant.ranges.is_empty() || ruled || forced {
                    stamped.insert(variant.env_tag.clone());
                }
            }
        }
    }
    stamped
}

/// Up to three experiments, each with some of three tags of its own.
fn any_policy() -> impl Strategy<Value = Policy> {
    prop::collection::vec((any::<bool>(), 1_u8..8), 0..4).prop_map(|experiments| {
        const IDS: [&str; 3] = ["a", "b", "c"];
        const TAGS: [[&str; 3]; 3] = [["a1", "a2", "a3"], ["b1", "b2", "b3"], ["c1", "c2", "c3"]];
        let chosen = |(number, (enabled, mask)): (usize, (bool, u8))| {
            let tags: Vec<&str> = (0..3).filter(|bit| mask & (1 << bit) != 0).map(|bit| TAGS[number][bit]).collect();
            (IDS[number], enabled, tags)
        };
        let chosen: Vec<_> = experiments.into_iter().take(3).enumerate().map(chosen).collect();
        let borrowed: Vec<_> = chosen.iter().map(|(id, enabled, tags)| (*id, *enabled, tags.as_slice())).collect();
        policy(&borrowed)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is pushed, wherever a push is overtaken by the next one or goes on after a start, and whoever has not
    /// answered yet.
    #[test]
    fn at_no_moment_does_an_edge_stamp_what_the_mesh_does_not_know(
        policies in prop::collection::vec((any_policy(), any::<prop::sample::Index>()), 2..5)
    ) {
        let mut policies = policies.into_iter();
        let mut now = standing(policies.next().unwrap().0);
        // What nodes may have, as far as their answers tell.
        let (mut edges, mut mesh) = (vec![now.edges.policy.clone()], vec![now.mesh.policy.clone()]);
        for (wanted, overtaken) in policies {
            let wanted = standing(wanted);
            let stages = plan(&now, &wanted);
            prop_assert_eq!(stages.last().map(Deployment::revision), Some(wanted.revision()));
            prop_assert!(stages.len() <= 3);
            let reached = overtaken.index(stages.len());
            for stage in stages.into_iter().take(reached + 1) {
                if needs_acks(&now, &stage) {
                    (edges, mesh) = (vec![now.edges.policy.clone()], vec![now.mesh.policy.clone()]);
                }
                edges.push(stage.edges.policy.clone());
                mesh.push(stage.mesh.policy.clone());
                for edges in &edges {
                    for mesh in &mesh {
                        let known: BTreeSet<String> = live(&mesh.model).into_keys().map(str::to_owned).collect();
                        prop_assert!(stamped(edges).is_subset(&known), "{:?} in {:?}", stamped(edges), known);
                    }
                }
                let document = serde_json::from_str(&stage.edges.policy.canonical).unwrap();
                prop_assert_eq!(read(&document).map(|policy| policy.revision), Ok(stage.edges.policy.revision));
                now = stage;
            }
        }
    }
}

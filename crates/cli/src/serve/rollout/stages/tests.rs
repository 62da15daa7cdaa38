//! Policies in, steps out; and that at no moment an edge stamps what the mesh does not know.

use proptest::prelude::*;
use serde_json::json;
use weir_policy::Role;
use weir_xds::Nodes;

use super::*;
use crate::effective::Effective;
use crate::serve::rollout::samples::{Sample, filter, policy, read};

fn deployment(policy: Checked) -> Deployment {
    Deployment::of(Effective::by_itself(Arc::new(policy)), Vec::new(), Arc::default())
}

/// What is deployed, one after the other, to bring the files' policy.
fn plan(now: &Deployment, wanted: &Deployment) -> Vec<Deployment> {
    let target = Target { deployment: wanted.clone(), cause: Cause::Files };
    stages(now, &target, None).into_iter().map(|stage| stage.deployment).collect()
}

fn tags(policy: &Checked) -> Vec<&str> {
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
    let a: Sample = ("a", true, &["a1"]);
    let b: Sample = ("b", true, &["b1"]);
    let off: Sample = ("a", false, &["a1"]);
    let two: Sample = ("a", true, &["a1", "a2"]);
    let other: Sample = ("a", true, &["a2", "a3"]);
    type Row<'a> = (&'a str, &'a [Sample<'a>], &'a [Sample<'a>], &'a [&'a str]);
    let table: [Row; 9] = [
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
        let plan = plan(&deployment(policy(now)), &deployment(policy(wanted)));
        assert_eq!(shown(&plan), steps, "{what}");
        assert_eq!(plan.last().unwrap().revision(), policy(wanted).revision.to_string(), "{what}");
    }
}

#[test]
fn who_is_not_of_what_goes_stays_where_they_are() {
    let (two, other) = (policy(&[("a", true, &["a1", "a2"])]), policy(&[("a", true, &["a2", "a3"])]));
    let step = &plan(&deployment(two.clone()), &deployment(other))[0].edges.policy.model.layers[0];
    let experiment = &step.experiments[0];
    let [a1, a2] = experiment.variants.as_slice() else { panic!("{experiment:?}") };
    assert_eq!((a1.ranges.len(), a2), (0, &two.model.layers[0].experiments[0].variants[1]));
    assert_eq!(experiment.rules, two.model.layers[0].experiments[0].rules[1..]);
    let arms: Vec<&str> = experiment.audiences[0].ranges.iter().map(|(arm, _)| arm.as_str()).collect();
    assert_eq!(arms, ["a2"]);
    assert_eq!(step.overrides, two.model.layers[0].overrides[1..]);
}

/// What each stage does, `urgent` where it goes to no canary nodes first, `first nodes` where it does, and `acks`
/// where it waits for the answers to the one before.
fn carefully(now: &[Sample], wanted: &[Sample], cause: Cause) -> Vec<String> {
    let target = Target { deployment: deployment(policy(wanted)), cause };
    let shown = |stage: &Stage| {
        let deployed = shown(std::slice::from_ref(&stage.deployment));
        let words = [(stage.urgent, "urgent"), (stage.canaries == Some(5), "first nodes"), (stage.needs_acks, "acks")];
        let words = words.iter().filter(|(is, _)| *is).map(|(_, word)| *word);
        [deployed[0].as_str(), ":"].concat() + &words.map(|word| format!(" {word}")).collect::<String>()
    };
    stages(&deployment(policy(now)), &target, Some(5)).iter().map(shown).collect()
}

#[test]
fn each_stage_is_as_urgent_as_what_it_does() {
    let a: Sample = ("a", true, &["a1"]);
    let off: Sample = ("a", false, &["a1"]);
    let off_otherwise: Sample = ("a", false, &["a2"]);
    let b: Sample = ("b", true, &["b1"]);
    let more: Sample = ("b", true, &["b1", "b2"]);
    let two: Sample = ("b", true, &["b1", "b2", "b3"]);
    let other: Sample = ("b", true, &["b1", "b2", "b4"]);
    use Cause::{Files, Rollback};
    type Row<'a> = (&'a str, &'a [Sample<'a>], &'a [Sample<'a>], Cause, &'a [&'a str]);
    let table: [Row; 12] = [
        ("nothing", &[a], &[a], Files, &["a1 / a1: urgent"]),
        ("a kill", &[a, b], &[off, b], Files, &["b1 / a1 b1: urgent", "b1 / b1: urgent acks"]),
        ("a kill undone", &[off, b], &[a, b], Files, &["b1 / a1 b1: first nodes", "a1 b1 / a1 b1: first nodes acks"]),
        ("one goes", &[a, b], &[a], Files, &["a1 / a1 b1: first nodes", "a1 / a1: first nodes acks"]),
        (
            "one for another",
            &[a],
            &[b],
            Files,
            &[" / a1: first nodes", " / b1: first nodes acks", "b1 / b1: first nodes acks"],
        ),
        (
            "a kill and a start",
            &[a],
            &[off, b],
            Files,
            &[" / a1: urgent", " / b1: first nodes acks", "b1 / b1: first nodes acks"],
        ),
        (
            "a kill and a variant more",
            &[a, b],
            &[off, more],
            Files,
            &["b1 / a1 b1: urgent", "b1 / b1 b2: first nodes acks", "b1 b2 / b1 b2: first nodes acks"],
        ),
        (
            "a kill that takes more away",
            &[a, b],
            &[off_otherwise, b],
            Files,
            &["b1 / a1 b1: urgent", "b1 / b1: first nodes acks"],
        ),
        (
            "a kill, and a variant for another",
            &[a, two],
            &[off, other],
            Files,
            &[
                "b1 b2 b3 / a1 b1 b2 b3: urgent",
                "b1 b2 b3 / a1 b1 b2 b3: first nodes",
                "b1 b2 b3 / b1 b2 b4: first nodes acks",
                "b1 b2 b4 / b1 b2 b4: first nodes acks",
            ],
        ),
        ("back", &[a], &[a, b], Rollback, &["a1 / a1 b1: urgent", "a1 b1 / a1 b1: urgent acks"]),
        (
            "back and a kill",
            &[a, b],
            &[off, more],
            Rollback,
            &["b1 / a1 b1: urgent", "b1 / b1 b2: urgent acks", "b1 b2 / b1 b2: urgent acks"],
        ),
        ("everything", &[a, b], &[off, ("b", false, &["b1"])], Files, &[" / a1 b1: urgent", " / : urgent acks"]),
    ];
    for (what, now, wanted, cause, stages) in table {
        assert_eq!(carefully(now, wanted, cause), stages, "{what}");
    }
}

/// Where somebody rolled back to a policy everything goes on by that one, until the files say something new.
#[test]
fn a_step_of_a_release_goes_to_first_nodes_where_a_rollback_stands() {
    let a: Sample = ("a", true, &["a1"]);
    let off: Sample = ("a", false, &["a1"]);
    let b: Sample = ("b", true, &["b1"]);
    let [first, other] = [&[a][..], &[off]].map(|samples| Arc::new(policy(samples)));
    let of = |written: &Arc<Checked>, samples: &[Sample], push: u64| {
        let effective = Effective { written: written.clone(), policy: Arc::new(policy(samples)), push };
        Deployment::of(effective, Vec::new(), Arc::default())
    };
    for (what, now, wanted, is_urgent) in [
        ("the rollback", of(&other, &[off], 7), of(&first, &[a], 7), true),
        ("the rollback, after a stage of what is taken back", of(&first, &[off], 7), of(&first, &[a], 7), true),
        ("a step", of(&first, &[a], 7), of(&first, &[a, b], 8), false),
        ("a release that is rolled back", of(&first, &[a], 7), of(&first, &[off], 8), true),
        ("a step that first nodes did not take", of(&first, &[a], 7), of(&first, &[a], 9), true),
    ] {
        let target = Target { deployment: wanted, cause: Cause::Rollback };
        let stages = stages(&now, &target, Some(5));
        assert!(
            stages.iter().all(|stage| stage.urgent == is_urgent && stage.canaries.is_none() == is_urgent),
            "{what}"
        );
    }
}

/// Releases that are rolled back lose what they dealt and forced, and leave holdouts.
#[test]
fn a_release_that_is_rolled_back_goes_to_all_at_once_unless_something_else_changes() {
    let layer = |id: &str, is_on: bool| {
        let variants =
            json!([{"id": "canary", "env_tag": id, "ranges": if is_on { json!([[0, 50_000]]) } else { json!([]) }}]);
        let rules = json!([{"when": {"header": {"name": "x-v", "exact": id}}, "variant": "canary"}]);
        let experiment = json!({
            "id": id, "enabled": is_on, "slots": if is_on { json!([[0, 1_000_000]]) } else { json!([]) },
            "services": [id], "rules": if is_on { rules } else { json!([]) }, "variants": variants,
        });
        json!({"id": id, "unit": "user", "line": format!("pool.{id}"), "experiments": [experiment]})
    };
    let policy = |owl: bool, cat: bool, held_out: &[&str]| {
        let holdouts = json!([{"id": "year", "unit": "user", "share": "1%", "layers": held_out}]);
        let units = json!({"user": [{"header": "x-user"}]});
        let layers = [layer("owl", owl), layer("cat", cat)];
        read(&json!({"version": 1, "units": units, "holdouts": holdouts, "layers": layers})).unwrap()
    };
    let careful = |now: Checked, wanted: Checked| {
        let target = Target { deployment: deployment(wanted), cause: Cause::Files };
        stages(&deployment(now), &target, Some(5)).iter().map(|stage| stage.canaries.is_some()).collect::<Vec<_>>()
    };
    let both = || policy(true, true, &["cat", "owl"]);
    assert_eq!(careful(both(), policy(false, true, &["cat"])), [false, false], "rolled back");
    assert_eq!(careful(both(), policy(false, false, &["cat"])), [false, false], "both of them");
    assert_eq!(careful(both(), policy(false, true, &[])), [false, true], "and others are not held out any more");
    assert_eq!(careful(policy(false, true, &["cat"]), policy(false, true, &["cat"])), [false], "nothing");
    assert_eq!(careful(policy(false, true, &["cat"]), both()), [true, true], "on again");
}

/// Found by the property below: the edges' policy without a tag still names it, but nobody has been given it since.
#[test]
fn a_tag_that_was_taken_away_waits_like_any_other_when_it_comes_back() {
    let [two, other] = [&["a1", "a2"][..], &["a2", "a3"]].map(|tags| deployment(policy(&[("a", true, tags)])));
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

/// What is served at edges and in the mesh, by the names of attachments.
fn placed(policy: Checked, edges: &[&str], mesh: &[&str]) -> Deployment {
    let edges = edges.iter().map(|name| filter(Role::Edge, name, Nodes::default()));
    let mesh = mesh.iter().map(|name| filter(Role::Mesh, name, Nodes::default()));
    Deployment::of(Effective::by_itself(Arc::new(policy)), edges.chain(mesh).collect(), Arc::default())
}

#[test]
fn attachments_go_with_the_policy_of_their_tier() {
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
        ("that change tiers", (a, &["e"], &["m"]), (b, &["m"], &["e"]), &["m b1 / e b1"]),
    ];
    let shown = |tier: &Tier| {
        let names: Vec<&str> = tier.filters.iter().map(|filter| filter.name.as_str()).collect();
        format!("{} {}", names.join(" "), tags(&tier.policy).join(" "))
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
fn stamped(policy: &Checked) -> BTreeSet<String> {
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
fn any_policy() -> impl Strategy<Value = Checked> {
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
        let mut now = deployment(policies.next().unwrap().0);
        // What nodes may have, as far as their answers tell.
        let (mut edges, mut mesh) = (vec![now.edges.policy.clone()], vec![now.mesh.policy.clone()]);
        for (wanted, overtaken) in policies {
            let wanted = deployment(wanted);
            let stages = plan(&now, &wanted);
            prop_assert_eq!(stages.last().map(Deployment::revision), Some(wanted.revision()));
            prop_assert!(stages.len() <= 4);
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

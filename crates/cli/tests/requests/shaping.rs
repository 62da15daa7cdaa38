//! Which layers' steps are shown with what did not come out.

use std::fs;

use super::{SHENZHEN, folder, weir};

#[test]
fn the_layers_that_shaped_what_came_out_are_told() {
    for (request, expect, told) in [
        // Only the layer of the tag that is missing, or that is too many.
        (SHENZHEN, "tag: null", &["checkout"][..]),
        (SHENZHEN, "tag: 'owl.canary,hue.dark'", &["theme"]),
        ("headers: {x-country: cn}", "tag: owl.canary", &["checkout", "theme"]),
        // A tag of nobody: any layer may be meant.
        ("path: /", "tag: owl", &["checkout", "theme"]),
        (&format!("attachment: {{steer: subset}}, {SHENZHEN}"), "subset: v22", &["checkout"]),
        (&format!("attachment: {{steer: cluster}}, {SHENZHEN}"), "cluster: null", &["checkout"]),
        ("path: /", "cookies: []", &["checkout", "theme"]),
        ("path: /", "{layers: {theme: dark}, tag: owl.canary}", &["checkout", "theme"]),
    ] {
        let expect = if expect.starts_with('{') { expect.to_owned() } else { format!("{{{expect}}}") };
        let folder = folder(&format!("requests:\n- {{{request}, expect: {expect}}}\n"));
        let output = weir(folder.path(), &["test", "--policy", "policy.yaml", "requests.yaml"]);
        let said = String::from_utf8(output.stdout).unwrap();
        let layers: Vec<&str> = said.lines().filter(|line| ["checkout", "theme"].contains(line)).collect();
        assert_eq!(layers, told, "{request}: {expect}\n{said}");
    }
}

#[test]
fn of_many_layers_that_nobody_named_a_few_are_told() {
    let folder = folder("requests:\n- {headers: {x-user-id: a}, expect: {tag: nobody}}\n");
    for count in [5, 6, 8] {
        let layers: String = (0..count)
            .map(|n| {
                format!("- {{id: l{n}, unit: u, experiments: [{{id: e{n}, slots: none, variants: [{{id: v}}]}}]}}\n")
            })
            .collect();
        let policy = format!("version: 1\nunits: {{u: [{{header: x-user-id}}]}}\nlayers:\n{layers}");
        fs::write(folder.path().join("policy.yaml"), policy).unwrap();
        let output = weir(folder.path(), &["test", "--policy", "policy.yaml", "requests.yaml"]);
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(said.lines().filter(|line| line.starts_with('l')).count(), 5, "{said}");
        let more = [(5, ""), (6, "and 1 more layer; --json has it"), (8, "and 3 more layers; --json has them")];
        let more = more.into_iter().find(|(of, _)| *of == count).unwrap().1;
        assert!(said.contains(more) && said.contains("more layer") != more.is_empty(), "{said}");
    }
}

//! Tests of what the page waits for: who is asked, and for which texts.

use crate::istio::awaited::{BoundRoute, Question, together};
use crate::istio::tests::{SERVICES, mesh, rendered};

fn asked(question: &Question) -> String {
    let labels: Vec<String> = question.selector.iter().map(|(label, value)| format!("{label}={value}")).collect();
    format!("{} {} {}: {}", question.namespace, labels.join(","), question.path, question.answers.join(" "))
}

fn question(selector: &str, answers: &[&str]) -> Question {
    Question {
        namespace: "shop".to_owned(),
        selector: vec![("app".to_owned(), selector.to_owned())],
        path: "clusters",
        answers: answers.iter().map(|answer| (*answer).to_owned()).collect(),
    }
}

#[test]
fn proxies_are_asked_for_what_a_file_brings_them() {
    let files = mesh(SERVICES, &[]).unwrap();
    let of = |questions: &[Question]| questions.iter().map(asked).collect::<Vec<_>>();
    let [subsets, mesh] = files.as_slice() else { panic!("two files") };
    let owl = "owl.shop.svc.cluster.local";
    assert_eq!(
        of(&subsets.waits.once_applied),
        [format!("shop app=owl clusters: |stable|{owl}:: |v21|{owl}:: |v22|{owl}::")]
    );
    let [gauge, routes] = mesh.waits.once_applied.as_slice() else {
        panic!("two questions: {:?}", mesh.waits.once_applied)
    };
    assert!(gauge.answers[0].starts_with("wasmcustom.attachment=.=mesh;.;weir_policy_revision: "), "{gauge:?}");
    assert_eq!(routes.answers, ["stable", "tag/one.1", "tag/two"].map(|name| format!("\"{owl}/{name}\"")));
    assert_eq!(mesh.waits.once_gone[0].answers, ["\"shop/weir.mesh\""]);
    assert_eq!(mesh.waits.once_gone[1].answers, routes.answers);
}

#[test]
fn an_inbound_filter_is_asked_for_its_policy_alone() {
    let files = rendered("role: inbound, wasm: {file: /w},", "", &[]).unwrap();
    let paths: Vec<&str> =
        files.iter().flat_map(|file| &file.waits.once_applied).map(|question| question.path).collect();
    assert_eq!(paths, ["stats?filter=weir_policy_revision"]);
}

#[test]
fn one_question_is_asked_once_and_only_for_what_a_shell_and_a_proxy_leave_as_it_is() {
    let odd = ["it's", "a\\b", "a\"b", "a<b", "a\nb", "é"].map(|name| BoundRoute::of_theirs(&[], name).text);
    let odd = Question { answers: odd.to_vec(), ..question("odd", &[]) };
    let all = [question("a", &["x", "y"]), question("b", &["z"]), question("a", &["x", "w"]), odd, question("c", &[])];
    let all: Vec<String> = together(all.into_iter()).iter().map(asked).collect();
    assert_eq!(all, ["shop app=a clusters: w x y", "shop app=b clusters: z"]);
}

#[test]
fn only_routes_that_every_proxy_has_are_asked_for() {
    let route = |name: &str, rest: &str| {
        format!("  - {{name: {name}, {rest}route: [{{destination: {{host: owl, subset: stable}}}}]}}\n")
    };
    let of = |routes: &[String]| {
        let head = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: owl, namespace: shop}\n\
                    spec:\n  hosts: [owl]\n  http:\n";
        let files = mesh(SERVICES, &[&format!("{head}{}", routes.concat())]).unwrap();
        let theirs = files.iter().find(|file| file.name.starts_with("25-")).unwrap();
        assert_eq!(theirs.waits.once_applied, theirs.waits.once_gone);
        let answers = theirs.waits.once_applied.iter().flat_map(|question| question.answers.clone());
        answers.filter(|answer| answer.ends_with("/tag/two")).collect::<Vec<_>>()
    };
    for (rest, is_everywhere, is_last) in [
        ("", true, true),
        ("match: [{uri: {prefix: /}}], ", true, true),
        ("match: [{headers: {a: {exact: b}}}], ", true, false),
        ("match: [{uri: {prefix: /}, headers: {a: {exact: b}}}], ", true, false),
        ("match: [{uri: {prefix: /a}}], ", true, false),
        ("match: [{uri: {prefix: /a}, sourceLabels: {}}], ", true, false),
        ("match: [{uri: {prefix: /a}, sourceLabels: {app: a}}], ", false, false),
        ("match: [{uri: {prefix: /a}, gateways: [shop/public]}, {uri: {prefix: /b}}], ", false, false),
        ("match: [{port: 80}], ", false, true),
    ] {
        let expected = [("first", is_everywhere), ("second", !is_last)];
        let expected = expected.iter().filter(|(_, asked)| *asked).map(|(name, _)| format!("\"{name}/tag/two"));
        assert_eq!(of(&[route("first", rest), route("second", "")]), expected.collect::<Vec<_>>(), "{rest}");
    }
}

#[test]
fn subsets_are_asked_for_behind_the_file_that_has_them() {
    let rule = "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: owl, namespace: shop}\n\
                spec:\n  host: owl\n";
    let files = mesh(SERVICES, &[rule]).unwrap();
    let [rules, mesh] = files.as_slice() else { panic!("{files:?}") };
    assert_eq!(rules.name, "15-0.yaml");
    let [clusters] = rules.waits.once_applied.as_slice() else { panic!("one question: {:?}", rules.waits) };
    assert_eq!(clusters.answers, ["stable", "v21", "v22"].map(|name| format!("|{name}|owl.shop.svc.cluster.local::")));
    let paths: Vec<&str> = mesh.waits.once_applied.iter().map(|question| question.path).collect();
    assert_eq!(paths, ["stats?filter=weir_policy_revision", "config_dump?resource=dynamic_route_configs"]);
}

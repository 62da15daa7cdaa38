//! `weir diff` as a process: what may stand for a policy, how it ends, and what it says in each form.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

/// A policy of one layer whose experiment has these fields.
fn policy(experiment: &str) -> String {
    format!(
        "version: 1\nunits: {{user: [{{header: x-user-id}}]}}\nlayers:\n- id: checkout\n  unit: user\n  experiments:\n  - {{id: owl, slots: all, {experiment}}}\n"
    )
}

const FIVE: &str = "variants: [{id: canary, share: 5%}, {id: control, share: 5%}]";
const HALF: &str = "variants: [{id: canary, share: 50%}, {id: control, share: 50%}]";
const ALL: &str = "variants: [{id: canary, share: 100%}, {id: control}]";
const AFRESH: &str = "epoch: 1, variants: [{id: canary, share: 5%}, {id: control, share: 5%}]";
const TARGETED: &str =
    "targeting: {path: {prefix: /a}}, variants: [{id: canary, share: 50%}, {id: control, share: 50%}]";

/// A folder of policies, one of them of two files; a git repository, in which the first commit has other ones; and a state.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let git = |words: &[&str]| {
        let names = ["-c", "user.name=ann", "-c", "user.email=ann@shop.example", "-c", "commit.gpgsign=false"];
        let output = Command::new("git").args(names).args(words).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success(), "{words:?}: {output:?}");
    };
    write("policies/checkout.yaml", &policy(FIVE));
    write("policies/lists.json", r#"{"version": 1, "lists": {"staff": ["ada"]}}"#);
    write("policies/.hidden.yaml", "none");
    write("policies/notes.txt", "none");
    write("empty/notes.txt", "none");
    git(&["init", "--quiet", "--initial-branch", "main"]);
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "--message", "one"]);
    fs::remove_file(folder.path().join("policies/lists.json")).unwrap();
    for (name, experiment) in [("five", FIVE), ("half", HALF), ("all", ALL), ("afresh", AFRESH), ("targeted", TARGETED)]
    {
        write(&format!("{name}.yaml"), &policy(experiment));
    }
    write("policies/checkout.yaml", &policy(HALF));
    write(
        "units.txt",
        "user-1\nuser-2\r\n\nuser-1\n{\"units\": {\"user\": \"user-3\"}, \"path\": \"/a?b\", \"headers\": {\"x\": [\"1\", \"2\"]}}\n",
    );
    write(
        "marked.txt",
        "\u{feff}user-1\r\nuser-1\nuser,2\n".replace("user,2", "{\"units\": {\"user\": \"user,2\"}}").as_str(),
    );
    write("state/revisions/70882e21214e.json", r#"{"version":1}"#);
    folder
}

/// The exit code, and what was printed.
fn weir(folder: &Path, words: &str) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    let output = command.arg("diff").args(words.split(' ')).current_dir(folder).output().unwrap();
    (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[test]
fn a_policy_may_be_a_file_a_folder_a_revision_of_git_or_of_a_server() {
    let folder = folder();
    for (words, code, expected) in [
        ("five.yaml five.yaml", 0, &["Nothing changes: both mean the same."][..]),
        ("five.yaml half.yaml", 0, &["canary 5% -> 50%", "stable  ->  owl/canary   45%", "Nobody leaves an arm"]),
        ("half.yaml all.yaml", 0, &["owl/control  ->  owl/canary  50%", "Nobody leaves an arm"]),
        ("five.yaml afresh.yaml", 1, &["epoch 0 -> 1", "4.75% of the units", "--allow owl/canary --allow owl/control"]),
        ("five.yaml afresh.yaml --allow owl", 0, &["or where --allow says so"]),
        ("five.yaml afresh.yaml --allow owl/canary", 1, &["If that is meant: --allow owl/control"]),
        ("five.yaml afresh.yaml --allow owl/canary --allow owl/control", 0, &[" allowed"]),
        (
            "half.yaml targeted.yaml",
            0,
            &["Not known: who moves by targeting of owl; --units FILE", "as far as is known"],
        ),
        (
            "half.yaml targeted.yaml --units units.txt",
            1,
            &["3 units that were given, since targeting of owl changed", "1 unit: user-1", "now not_targeted"],
        ),
        (
            "half.yaml targeted.yaml --units marked.txt",
            1,
            &["2 units that were given, since targeting of owl changed", "2 units: user-1, user,2"],
        ),
        ("main:policies policies", 0, &["list staff", "removed, 1 value", "canary 5% -> 50%"]),
        ("main:policies/ main:policies", 0, &["Nothing changes"]),
        ("main:policies/checkout.yaml five.yaml", 0, &["Nothing changes"]),
        ("HEAD:./policies/checkout.yaml half.yaml", 0, &["canary 5% -> 50%"]),
        (
            "70882e21214e five.yaml --state state",
            0,
            &["experiment owl", "added to layer checkout: slots 100%, canary 5%, control 5%"],
        ),
    ] {
        let (found, said) = weir(folder.path(), words);
        assert_eq!(found, Some(code), "{words}: {said}");
        expected.iter().for_each(|expected| assert!(said.contains(expected), "{words}: no {expected:?} in\n{said}"));
    }
}

#[test]
fn wrong_use_says_what_was_found_and_what_would_do() {
    let folder = folder();
    let units = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    units("none.txt", "\n\n");
    units("long.txt", &format!("user-1\n{}\n", "u".repeat(257)));
    units("unknown.txt", r#"{"units": {"usr": "ada"}}"#);
    units("number.txt", r#"{"units": {"user": 7}}"#);
    units("field.txt", r#"{"units": {"user": "ada"}, "user": "ada"}"#);
    units("broken.txt", "{\"units\": \n");
    units("method.txt", r#"{"units": {"user": "ada"}, "method": "G T"}"#);
    units("header.txt", r#"{"units": {"user": "ada"}, "headers": {"x y": "1"}}"#);
    units("table.csv", "user,country\nada,de\n");
    units("quoted.csv", "\"ada\"\n");
    units("tabs.tsv", "ada\tde\n");
    units("array.json", "[{\"units\": {\"user\": \"ada\"}}]\n");
    units("old.txt", "ada\rbob\r");
    units("wide.txt", "a\0d\0a\0");
    units("blank.txt", "ada\nbob \n");
    units("endless.txt", &"u".repeat(200_000));
    units("many.txt", &(0..1_000_001).map(|number| format!("{number}\n")).collect::<String>());
    for (words, expected) in [
        ("five.yaml none.yaml", "none.yaml: no such file or folder; a path, REVISION:PATH of git, or a revision"),
        ("five.yaml empty", "empty: no policy in this folder"),
        ("main:none five.yaml", "main:none: git says: "),
        ("other:policies five.yaml", "other:policies: git says: "),
        ("main:empty five.yaml", "main:empty: no policy in this folder; it holds no .yaml, .yml or .json file"),
        (
            "70882e21214e five.yaml",
            "70882e21214e: no such file or folder; for a revision that a server saved add --state DIR",
        ),
        ("000000000000 five.yaml --state state", "revision 000000000000 is not saved in --state; weir history shows"),
        ("five.yaml half.yaml --state empty", "no weir serve has saved anything here"),
        ("five.yaml half.yaml --allow fox", "--allow fox: neither policy has an experiment called \"fox\""),
        ("five.yaml half.yaml --allow owl/a", "owl has no variant called \"a\"; its variants are canary, control"),
        ("five.yaml half.yaml --releases a --releases b --releases c", "--releases: found 3 times"),
        (
            "five.yaml half.yaml --releases none",
            "none: no such file or folder; a path or REVISION:PATH of git would do",
        ),
        ("five.yaml half.yaml --json --markdown", "cannot be used with"),
        ("five.yaml half.yaml -o none/diff.html", "-o none/diff.html: "),
        ("five.yaml half.yaml --units none", "--units none: cannot be read"),
        ("five.yaml half.yaml --units none.txt", "none.txt: no units; each is a line"),
        ("five.yaml half.yaml --units long.txt", "long.txt:2: user: found 257 bytes; a unit has at most 256"),
        (
            "five.yaml half.yaml --units unknown.txt",
            "unknown.txt:1: units: no unit is called \"usr\"; defined are user",
        ),
        ("five.yaml half.yaml --units number.txt", "number.txt:1: units.user: found 7; a text in quotes would do"),
        ("five.yaml half.yaml --units field.txt", "user: no such field; the fields here are units, method"),
        ("five.yaml half.yaml --units broken.txt", "broken.txt:1: not the JSON object of a request"),
        ("five.yaml half.yaml --units method.txt", "method.txt:1: method: "),
        ("five.yaml half.yaml --units header.txt", "header.txt:1: headers: "),
        ("five.yaml half.yaml --units table.csv", "table.csv:1: found a comma, as if there were more in the line"),
        ("five.yaml half.yaml --units quoted.csv", "quoted.csv:1: found a quote"),
        ("five.yaml half.yaml --units tabs.tsv", "tabs.tsv:1: found a tab"),
        ("five.yaml half.yaml --units array.json", "array.json:1: found an array"),
        ("five.yaml half.yaml --units old.txt", "old.txt:1: found the end of a line of another system"),
        ("five.yaml half.yaml --units wide.txt", "wide.txt:1: found a zero byte, as UTF-16 has them"),
        ("five.yaml half.yaml --units blank.txt", "blank.txt:2: found a blank at an end"),
        ("five.yaml half.yaml --units endless.txt", "endless.txt:1: more than 131072 bytes in one line"),
        ("five.yaml half.yaml --units many.txt", "many.txt: more than 1000000 lines; a part of them tells as much"),
    ] {
        let (code, said) = weir(folder.path(), words);
        assert_eq!(code, Some(2), "{words}: {said}");
        assert!(said.contains(expected), "{words}: no {expected:?} in {said}");
    }
}

/// Where there is no git, whoever needs none is not told of it.
#[test]
fn git_is_asked_for_only_where_it_is_needed() {
    let folder = folder();
    let without_git = |words: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
        command.arg("diff").args(words.split(' ')).current_dir(folder.path()).env("PATH", "/none");
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(without_git("five.yaml half.yaml"), (Some(0), String::new()));
    let (code, said) = without_git("main:policies half.yaml");
    assert_eq!(code, Some(2));
    assert!(said.contains("main:policies: the program git cannot be run: "), "{said}");
}

#[test]
fn problems_of_both_policies_are_shown() {
    let folder = folder();
    for (name, share) in [("bad.yaml", "5"), ("worse.yaml", "200%")] {
        fs::write(folder.path().join(name), policy(&format!("variants: [{{id: canary, share: {share}}}]"))).unwrap();
    }
    // The same problem at the same place, and yet of another file.
    fs::copy(folder.path().join("bad.yaml"), folder.path().join("bad2.yaml")).unwrap();
    for (words, expected) in [
        ("bad.yaml worse.yaml", &["--> bad.yaml:7:", "--> worse.yaml:7:"][..]),
        ("bad.yaml bad2.yaml", &["--> bad.yaml:7:", "--> bad2.yaml:7:"]),
        ("bad.yaml bad.yaml", &["--> bad.yaml:7:"]),
        ("five.yaml bad.yaml", &["--> bad.yaml:7:"]),
    ] {
        let (code, said) = weir(folder.path(), words);
        assert_eq!((code, said.matches("-->").count()), (Some(1), expected.len()), "{words}: {said}");
        expected.iter().for_each(|expected| assert!(said.contains(expected), "{words}: {said}"));
    }
    assert_eq!(weir(folder.path(), "none.yaml bad.yaml").0, Some(1));
    let (code, said) = weir(folder.path(), "none.yaml nothing.yaml");
    assert_eq!((code, said.matches("no such file").count()), (Some(2), 2), "{said}");
    let (code, said) = weir(folder.path(), "bad.yaml worse.yaml --json");
    let told: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, told["problems"].as_array().unwrap().len()), (Some(1), 2), "{said}");
}

#[test]
fn machines_pull_requests_and_browsers_are_told_the_same() {
    let folder = folder();
    let (code, said) = weir(folder.path(), "five.yaml afresh.yaml --allow owl/canary --json");
    assert_eq!(code, Some(1));
    let told: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(told["good"], false);
    assert_eq!(told["changes"][0]["text"], "epoch 0 -> 1");
    assert_eq!(told["layers"][0]["of"], "all");
    assert!(told["layers"][0]["flows"].as_array().unwrap().iter().any(|flow| flow["to"] == "stable"));
    let allowed = told["leaving"].as_array().unwrap().iter().map(|one| (&one["variant"], &one["allowed"]));
    let allowed: Vec<(&str, bool)> =
        allowed.map(|(arm, yes)| (arm.as_str().unwrap(), yes.as_bool().unwrap())).collect();
    assert_eq!(allowed, [("canary", true), ("control", false)]);
    let (code, said) = weir(folder.path(), "five.yaml afresh.yaml --markdown -o diff.html");
    assert_eq!(code, Some(1));
    assert!(
        said.contains("| owl/control | 4.75% of the units | epoch 0 -&gt; 1 deals owl afresh | not allowed |"),
        "{said}"
    );
    let page = fs::read_to_string(folder.path().join("diff.html")).unwrap();
    assert!(page.contains("<svg") && page.contains("owl/control"), "{page}");
    // A script would be somebody else's.
    assert!(!page.contains("<script"), "{page}");
}

/// 10,000 experiments in layers that are dealt afresh: whoever reads it is told what is left out.
#[test]
fn much_that_changes_fits() {
    let folder = tempfile::tempdir().unwrap();
    let policy = |epoch: u32| {
        let experiment = |layer: u32, number: u32| {
            json!({
                "id": format!("e{layer}-{number}"), "slots": [[number * 25_000, (number + 1) * 25_000]],
                "variants": [{"id": "canary", "ranges": [[0, 50_000]]}, {"id": "control", "ranges": [[950_000, 1_000_000]]}],
            })
        };
        let layer = |layer: u32| {
            let experiments: Vec<Value> = (0..40).map(|number| experiment(layer, number)).collect();
            json!({"id": format!("l{layer}"), "unit": "user", "epoch": epoch, "experiments": experiments})
        };
        let layers: Vec<Value> = (0..250).map(layer).collect();
        json!({"version": 1, "units": {"user": [{"header": "x-user"}]}, "layers": layers}).to_string()
    };
    fs::write(folder.path().join("old.json"), policy(0)).unwrap();
    fs::write(folder.path().join("new.json"), policy(1)).unwrap();
    let (code, said) = weir(folder.path(), "old.json new.json --markdown -o page.html");
    assert_eq!(code, Some(1));
    assert!(said.len() < 65_536, "{} bytes of Markdown", said.len());
    let page = fs::read_to_string(folder.path().join("page.html")).unwrap();
    assert!(page.len() < 2 << 20, "{} bytes of a page", page.len());
    for expected in [
        "and so on for 19980 more, which --json has",
        "And 19900 more; --json has them all.",
        "And 50 more; --json has them all.",
        "more tables; --json has them all.",
    ] {
        assert!(page.contains(expected), "no {expected:?} in a page of {} bytes", page.len());
    }
    assert!(said.ends_with("--json has it all.\n") || said.ends_with("--json has them all.\n"), "{said}");
}

/// No policy has room for so many, and none need have: few are in force together.
#[test]
fn a_crowd_of_releases_that_wait_is_told_and_in_no_policy() {
    let folder = folder();
    let releases = |name: &str, count: usize| {
        fs::create_dir(folder.path().join(name)).unwrap();
        for number in 0..count {
            let text = format!("release: 1\nid: r{number}\nunit: user\nservices: {{s{number}.shop: v2}}\n");
            fs::write(folder.path().join(format!("{name}/r{number}.yaml")), text).unwrap();
        }
    };
    releases("few", 36);
    releases("more", 37);
    releases("many", 300);
    // Where those of one side are too many for a policy none of the other is in one, so none seems to go.
    for (old, new, more) in [("few", "more", 1), ("more", "many", 263), ("many", "many", 0)] {
        let (code, said) =
            weir(folder.path(), &format!("five.yaml half.yaml --releases {old} --releases {new} --json"));
        let said: Value = serde_json::from_str(&said).unwrap();
        assert_eq!(code, Some(0), "{said}");
        assert_eq!(said["releases"].as_array().map(Vec::len), Some(more), "{said}");
        let changed = said["changes"].as_array().unwrap();
        assert!(changed.iter().all(|one| one.to_string().contains("owl")), "{changed:?}");
    }
    // What is bad is found all the same.
    fs::write(folder.path().join("many/r0.yaml"), "release: 1\nid: r0\nunit: nobody\nservices: {s0.shop: v2}\n")
        .unwrap();
    let (code, said) = weir(folder.path(), "five.yaml half.yaml --releases many");
    assert!(code == Some(1) && said.contains("nobody"), "{said}");
}

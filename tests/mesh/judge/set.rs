//! A set: what `weir render istio` writes for a folder of inputs, and the services that the platform has for it. The example
//! folders of `istio/` and the commands of `docs/istio.md` are sets; their services stand in `tests/mesh/sets/` too.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{root, weir};

/// Istio's root namespace, as people have it.
const ISTIO_SYSTEM: &str = "istio-system";
/// Where the module lies, as the inputs say it.
const MODULE: &str = "/etc/weir/weir.wasm";
/// What stands for many units, one a line, in a policy that is to be large.
const UNITS: &str = "${UNITS}";
const UNITS_COUNT: usize = 20_000;
/// The value of the label by which gateways are selected, as people have it.
const GATEWAYS: &str = "ingressgateway";
/// Of a namespace, as Kubernetes takes it.
const NAME_BYTES_MAX: usize = 63;

/// Manifests to apply.
pub struct Set {
    pub name: String,
    /// Those that it is alone in.
    pub namespaces: BTreeSet<String>,
    /// Names and texts of its files.
    pub files: Vec<(String, String)>,
    /// How many filters it must bring: one for each attachment. A set that was written by hand does not say.
    pub attachments: Option<usize>,
}

/// What all sets share.
pub struct Place<'a> {
    /// The root namespace of their istiod.
    pub root_namespace: &'a str,
    /// The module that their proxies load.
    pub module: &'a Path,
}

/// Each folder of this one with a policy in it, rendered, and each with `manifests.yaml`, as it stands.
pub fn folders(folder: &str, place: &Place<'_>) -> Vec<Set> {
    let folders = entries(&root().join(folder)).into_iter().filter(|path| path.is_dir());
    let mut sets = Vec::new();
    for path in folders {
        let name = file_name(&path);
        let inputs = read(&path);
        let example = root().join("istio").join(&name);
        let example = if example.is_dir() { read(&example) } else { Vec::new() };
        let inputs = [inputs, example].concat();
        if inputs.iter().any(|(name, _)| name == "policy.yaml") {
            sets.push(Set::rendered(&name, &inputs, &arguments(&inputs), place));
        } else if inputs.iter().any(|(name, _)| name == "manifests.yaml") {
            sets.push(Set::by_hand(&name, &inputs, place));
        }
    }
    sets
}

/// Each rendering of a page whose files and commands it shows; the services of all are those of one folder.
pub fn page(page: &str, services: &str, place: &Place<'_>) -> Vec<Set> {
    let text = fs::read_to_string(root().join(page)).unwrap();
    let services = read(&root().join(services));
    let (mut inputs, mut sets) = (Vec::new(), Vec::new());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(file) = line.strip_prefix("```").and_then(|info| info.split("file=").nth(1)) {
            let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            inputs.retain(|(name, _)| name != file);
            inputs.push((file.to_owned(), body.join("\n") + "\n"));
        }
        let Some(command) = line.strip_prefix("$ weir render istio ") else { continue };
        let words: Vec<String> = command.split(' ').take_while(|word| *word != "&&").map(str::to_owned).collect();
        let Some((arguments, [_, out])) = words.split_at_checked(words.len() - 2).filter(|(_, end)| end[0] == "-o")
        else {
            continue;
        };
        // Proxies that ask a server are judged where there is one: in `served`, `starts` and `page`.
        let is_served = |(name, text): &(String, String)| arguments.contains(name) && text.contains("from: server");
        if inputs.iter().any(is_served) {
            continue;
        }
        let name = format!("docs-{out}");
        sets.push(Set::rendered(&name, &[inputs.clone(), services.clone()].concat(), arguments, place));
    }
    sets
}

impl Set {
    fn rendered(name: &str, inputs: &[(String, String)], arguments: &[String], place: &Place<'_>) -> Set {
        let (namespaces, inputs) = alone(name, inputs);
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in &inputs {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let mut render = Command::new(weir());
        render.args(["render", "istio", "-o", "rendered"]).args(arguments).current_dir(folder.path());
        let output = render.output().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let mut files = read(&folder.path().join("rendered"));
        files.iter_mut().for_each(|(_, text)| *text = fetched(text));
        files.extend(inputs.into_iter().filter(|(name, _)| name == "services.yaml"));
        let attachments = arguments.iter().filter(|word| *word == "--attach").count();
        Set { attachments: Some(attachments), ..Set::of(name, namespaces, files, place) }
    }

    fn by_hand(name: &str, inputs: &[(String, String)], place: &Place<'_>) -> Set {
        let (namespaces, files) = alone(name, inputs);
        Set::of(name, namespaces, files, place)
    }

    fn of(name: &str, namespaces: BTreeSet<String>, files: Vec<(String, String)>, place: &Place<'_>) -> Set {
        let module = place.module.to_str().unwrap();
        let placed = |text: String| renamed(&text, ISTIO_SYSTEM, place.root_namespace).replace(MODULE, module);
        let files = files.into_iter().map(|(name, text)| (name, placed(text))).collect();
        Set { name: name.to_owned(), namespaces, files, attachments: None }
    }
}

/// The manifests as istio-agent makes them for its Envoy: a module that is to be fetched has become a file.
fn fetched(text: &str) -> String {
    let (mut out, mut remote) = (String::new(), None);
    for line in text.split_inclusive('\n') {
        let word = line.trim_start();
        let indent = line.len() - word.len();
        if remote.is_some_and(|remote| indent > remote) || word.starts_with("sha256: ") {
            continue;
        }
        remote = (word == "remote:\n").then_some(indent);
        let blanks = " ".repeat(indent);
        let is_url = word.starts_with("url: ") && ["oci://", "https://"].iter().any(|scheme| word.contains(scheme));
        out += &match remote {
            Some(_) => format!("{blanks}local:\n{blanks}  filename: {MODULE}\n"),
            None if is_url => format!("{blanks}url: file://{MODULE}\n"),
            None => line.to_owned(),
        };
    }
    out
}

fn arguments(inputs: &[(String, String)]) -> Vec<String> {
    let mut arguments = vec!["--policy".to_owned(), "policy.yaml".to_owned()];
    for (name, _) in inputs {
        let kind = ["attach", "into"].into_iter().find(|kind| name.starts_with(&format!("{kind}-")));
        arguments.extend(kind.map(|kind| [format!("--{kind}"), name.clone()]).into_iter().flatten());
    }
    arguments
}

/// The inputs with namespaces and gateways that no other set has, and with their units; and these namespaces.
fn alone(set: &str, inputs: &[(String, String)]) -> (BTreeSet<String>, Vec<(String, String)>) {
    let mut inputs = inputs.to_vec();
    let found: BTreeSet<String> = inputs.iter().flat_map(|(_, text)| namespaces(text)).collect();
    let mut all = BTreeSet::new();
    for old in found.into_iter().filter(|name| name != ISTIO_SYSTEM) {
        let kept = old.len().min(NAME_BYTES_MAX - set.len() - 1);
        let new = format!("{}-{set}", &old[..kept]);
        for (_, text) in &mut inputs {
            *text = renamed(text, &old, &new);
        }
        all.insert(new);
    }
    let units: String = (0..UNITS_COUNT).map(|unit| format!("  - \"{}\"\n", 700_000_000 + unit)).collect();
    // A Gateway is for the pods with its labels in every namespace.
    for (_, text) in &mut inputs {
        *text = text.replace(GATEWAYS, &format!("{GATEWAYS}-{set}")).replace(UNITS, &units);
    }
    (all, inputs)
}

/// The values of all keys `namespace` in YAML and JSON.
fn namespaces(text: &str) -> Vec<String> {
    let value = |rest: &str| {
        rest.trim_start_matches(['"', '\'', ':', ' ']).split(|c: char| !is_of_name(c)).next().map(str::to_owned)
    };
    text.split("namespace")
        .skip(1)
        .filter(|rest| rest.trim_start_matches('"').starts_with(':'))
        .filter_map(value)
        .filter(|name| !name.is_empty())
        .collect()
}

/// The text with another name for a namespace, where it is one: as a value of `namespace`, behind a dot, before a slash.
fn renamed(text: &str, old: &str, new: &str) -> String {
    let (mut out, mut kept) = (String::with_capacity(text.len()), 0);
    for (at, _) in text.match_indices(old) {
        let (before, after) = (&text[..at], &text[at + old.len()..]);
        let is_word = !before.ends_with(is_of_name) && !after.starts_with(is_of_name);
        let key = before.trim_end_matches(['"', '\'', ' ']);
        let is_value = key.strip_suffix(':').is_some_and(|key| key.trim_end_matches('"').ends_with("namespace"));
        if at >= kept && is_word && (is_value || before.ends_with('.') || after.starts_with('/')) {
            out.push_str(&text[kept..at]);
            out.push_str(new);
            kept = at + old.len();
        }
    }
    out + &text[kept..]
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

/// Names and texts of the YAML files of a folder.
fn read(folder: &Path) -> Vec<(String, String)> {
    let files =
        entries(folder).into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.map(|path| (file_name(&path), fs::read_to_string(&path).unwrap())).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let read = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut entries: Vec<PathBuf> = read.map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

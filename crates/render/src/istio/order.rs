//! The page beside the files that says in which order they are applied and taken away, and waits for proxies in between.

use weir_policy::Revision;

use crate::istio::awaited::Question;
use crate::istio::file::File;
use crate::istio::object::Phase;
use crate::istio::placement::ROOT_NAMESPACE;

const START: &str = "# now start the pods of the variants: no stable request reaches them any more\n";
const END: &str = "# now end the pods of the variants, for stable requests will reach them\n";
/// Pods of every namespace; the script knows the word.
const ALL_NAMESPACES: &str = "all-namespaces";

/// A command that ends only when every proxy has taken what was applied. It runs in any shell, and keeps its loop in `sh`.
const PROXIES: &str = r#"proxies() { sh -c '
verb=$1 namespace=$2 labels=$3 question=$4 late=; shift 4
[ "$namespace" = all-namespaces ] && where=--all-namespaces || where=--namespace=$namespace
names="jsonpath={range .items[*]}{.metadata.namespace}/{.metadata.name} {end}"
while :; do
  told=$late late=
  pods=$(kubectl get pods $where -l "$labels" --field-selector status.phase=Running -o "$names") || exit
  [ "$pods" ] || echo "no pod with $labels runs in $namespace"
  for pod in $pods; do
    said=$(kubectl exec -n "${pod%/*}" "${pod#*/}" -c istio-proxy -- pilot-agent request GET "$question") || late=$pod
    for answer; do
      case $said in *"$answer" | *"$answer"[!0-9]*) found=have ;; *) found=lack ;; esac
      [ $found = $verb ] || late="$pod: $answer"
    done
  done
  [ "$late" ] || break
  [ "$late" = "$told" ] || echo "waiting for $late"
  sleep 1
done
' proxies "$@"; }
"#;

/// What there must be where proxies ask a server.
const SERVED: &str = "Proxies ask `weir serve` for their policy. It must run with this one, or what waits for the revision below does not end;\n\
                      `weir fleet` shows which one they have. A new share, rule or list is for `weir serve` alone: nothing here is\n\
                      applied again.\n\n";

/// The same where releases change that policy.
const SERVED_RELEASES: &str = "Proxies ask `weir serve` for their policy, which releases change by themselves: nothing below waits for a revision of it.\n\
                               Before a release takes traffic the server waits until they know its tags; `weir fleet` shows what they have.\n\n";

/// Who says what the policy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// What is applied.
    Manifests,
    /// A server that proxies ask.
    Server,
    /// The same, with releases.
    ServerWithReleases,
}

/// The page, in Markdown.
pub fn order(files: &[File], revision: Revision, by: By) -> String {
    let (before, edge) = files.split_at(files.partition_point(|file| file.name.as_str() < Phase::Edge.file()));
    let lines = |files: &[File], line: fn(&File) -> String| files.iter().map(line).collect::<String>();
    let reversed = |files: &[File]| files.iter().rev().map(taken_away).collect::<String>();
    let apply = lines(before, applied) + START + &lines(edge, applied);
    let take_away = reversed(edge) + END + &reversed(before);
    format!(
        "# Manifests of the policy {revision}\n\n\
         Written by `weir render istio` and not to be edited.\n\n{}\
         Paste this into your shell first. `proxies have` ends when the proxies of all running pods with these labels have what\n\
         was applied, `proxies lack` when they have it no more; until then they say who is late. They need `kubectl get pods` and\n\
         `kubectl exec` there.\n\n{}\n\
         Apply the files in this order, so that nothing is stamped before it can be followed:\n\n{}\n\
         Take them away the other way round:\n\n{}",
        match by {
            By::Manifests => "",
            By::Server => SERVED,
            By::ServerWithReleases => SERVED_RELEASES,
        },
        indented(PROXIES),
        indented(&apply),
        indented(&take_away)
    )
}

/// Commands as a code block of Markdown.
fn indented(commands: &str) -> String {
    commands.lines().map(|line| format!("    {line}\n")).collect()
}

fn applied(file: &File) -> String {
    let how = if file.server_side { "apply --server-side" } else { "apply" };
    format!("kubectl {how} -f {}\n", word(&file.name)) + &asked("have", &file.waits.once_applied)
}

fn taken_away(file: &File) -> String {
    let command = match file.replaces.as_deref().map(word) {
        // Rules go after the routes that name their subsets.
        Some(original) if file.name.as_str() < Phase::Mesh.file() => {
            format!("kubectl apply -f {original}  # as it was, from where weir ran\n")
        }
        Some(original) => {
            format!(
                "kubectl apply -f {original}  # as it was, from where weir ran; it may name no subset of ours any more\n"
            )
        }
        None => format!("kubectl delete -f {}\n", word(&file.name)),
    };
    command + &asked("lack", &file.waits.once_gone)
}

/// The commands that wait for the answers to these questions.
fn asked(verb: &str, questions: &[Question]) -> String {
    let command = |question: &Question| {
        let labels: Vec<String> = question.selector.iter().map(|(label, value)| format!("{label}={value}")).collect();
        let answers: String = question.answers.iter().map(|answer| format!(" '{answer}'")).collect();
        // What stands in Istio's root namespace is for pods of all.
        let namespace = if question.namespace == ROOT_NAMESPACE { ALL_NAMESPACES } else { &question.namespace };
        format!("proxies {verb} {namespace} {} '{}'{answers}\n", labels.join(","), question.path)
    };
    questions.iter().map(command).collect()
}

/// A text as one word of a shell.
fn word(text: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./+,:=@%".contains(letter);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{Question, asked, word};

    #[test]
    fn what_is_in_the_root_namespace_is_asked_of_pods_of_all() {
        let asked = |namespace: &str| {
            let selector = vec![("app".to_owned(), "owl".to_owned())];
            asked(
                "have",
                &[Question { namespace: namespace.to_owned(), selector, path: "stats", answers: vec!["a".to_owned()] }],
            )
        };
        assert_eq!(asked("istio-system"), "proxies have all-namespaces app=owl 'stats' 'a'\n");
        assert_eq!(asked("shop"), "proxies have shop app=owl 'stats' 'a'\n");
    }

    #[test]
    fn whatever_a_file_is_called_it_is_one_word() {
        assert_eq!(word("25-into-public.yaml"), "25-into-public.yaml");
        for name in ["my file;rm.yaml", "$(id).yaml", "it's", "`id`", "a\\b", "*.yaml", "~", "é", "#a", "!a", "\"", ""]
        {
            let said = Command::new("sh").args(["-c", &format!("printf %s {}", word(name))]).output().unwrap();
            assert_eq!(String::from_utf8(said.stdout).unwrap(), name);
        }
    }
}

//! The page beside the files that says in which order they are applied and taken away.

use weir_policy::Revision;

use crate::istio::file::File;
use crate::istio::object::Phase;

const START: &str = "# now start the pods of the variants: no stable request reaches them any more\n";
const END: &str = "# now end the pods of the variants, for stable requests will reach them\n";

/// The page, in Markdown.
pub fn order(files: &[File], revision: Revision) -> String {
    let (before, edge) = files.split_at(files.partition_point(|file| file.name.as_str() < Phase::Edge.file()));
    let lines = |files: &[File], line: fn(&File) -> String| files.iter().map(line).collect::<String>();
    let reversed = |files: &[File]| files.iter().rev().map(taken_away).collect::<String>();
    let apply = lines(before, applied) + START + &lines(edge, applied);
    let take_away = reversed(edge) + END + &reversed(before);
    format!(
        "# Manifests of the policy {revision}\n\n\
         Written by `weir render istio` and not to be edited.\n\n\
         Apply them in this order, so that nothing is stamped before it can be followed:\n\n{}\n\
         Take them away the other way round:\n\n{}",
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
    format!("kubectl {how} -f {}\n", file.name)
}

fn taken_away(file: &File) -> String {
    match &file.replaces {
        // Rules go after the routes that name their subsets.
        Some(original) if file.name.as_str() < Phase::Mesh.file() => {
            format!("kubectl apply -f {original}  # as it was\n")
        }
        Some(original) => {
            format!("kubectl apply -f {original}  # as it was; it may name no subset of ours any more\n")
        }
        None => format!("kubectl delete -f {}\n", file.name),
    }
}

//! Which product file of a crate uses which: by its imports and paths, read from the text.

use std::collections::{BTreeMap, BTreeSet};

use crate::tokens::{Token, tokens, without_tests};

/// The modules of one crate by their paths, `[]` being the root; what is only compiled for tests is not among them.
pub struct Crate {
    modules: BTreeMap<Vec<String>, Module>,
}

/// One file, taken apart.
struct Module {
    file: String,
    /// What it calls by another module's name: the name here, and the path as it stands.
    imports: Vec<Import>,
    /// Paths that stand in the code.
    paths: Vec<Vec<String>>,
    /// Every word outside of imports.
    words: BTreeSet<String>,
}

struct Import {
    name: String,
    path: Vec<String>,
    is_public: bool,
}

impl Crate {
    /// Takes the files of a crate: each with its path below `src/` and its text.
    pub fn new<'a>(files: impl IntoIterator<Item = (&'a str, &'a str, &'a str)>) -> Crate {
        let mut modules = BTreeMap::new();
        let mut only_for_tests = Vec::new();
        for (file, below, text) in files {
            let (tokens, tests) = without_tests(&tokens(text));
            let path = module_path(below);
            only_for_tests.extend(tests.into_iter().map(|name| [path.clone(), vec![name]].concat()));
            modules.insert(path, Module::new(file, &tokens));
        }
        modules.retain(|path, _| !only_for_tests.iter().any(|test| path.starts_with(test)));
        Crate { modules }
    }

    /// Which files a file uses. A parent that declares or re-exports its child uses nothing of it by that; who imports
    /// what is re-exported uses the file where it stands.
    pub fn uses(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut uses = BTreeMap::new();
        for (path, module) in &self.modules {
            let imported = module.imports.iter().filter(|one| !one.is_public || module.words.contains(&one.name));
            let paths = imported.map(|one| &one.path).chain(&module.paths);
            let files = paths.filter_map(|used| self.file_of(path, used, 0));
            let files: BTreeSet<&str> = files.filter(|used| *used != module.file).collect();
            uses.insert(module.file.as_str(), files);
        }
        uses
    }

    /// The file that a path leads to, seen from a module; none if it leaves the crate or is a name of the module itself.
    fn file_of(&self, from: &[String], path: &[String], depth: usize) -> Option<&str> {
        assert!(depth < 32, "re-exports go round in circles: {path:?}");
        let mut place = from.to_vec();
        let mut rest = path;
        let mut is_ours = false;
        while let Some((first, more)) = rest.split_first() {
            match first.as_str() {
                "crate" => place.clear(),
                "super" => drop(place.pop()),
                "self" => {}
                _ => break,
            }
            (rest, is_ours) = (more, true);
        }
        while let Some((first, more)) = rest.split_first() {
            place.push(first.clone());
            if !self.modules.contains_key(&place) {
                place.pop();
                break;
            }
            (rest, is_ours) = (more, true);
        }
        if !is_ours {
            return None;
        }
        let module = self.modules.get(&place)?;
        let known = rest.first().and_then(|name| module.imports.iter().find(|one| one.name == *name));
        match known {
            Some(import) => {
                let path = [&import.path, rest.get(1..).unwrap_or_default()].concat();
                self.file_of(&place, &path, depth + 1)
            }
            None => Some(&module.file),
        }
    }
}

/// Files that use each other all around, each group sorted.
pub fn circles<'a>(uses: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> Vec<BTreeSet<&'a str>> {
    let reached = |from: &'a str| {
        let mut reached = BTreeSet::new();
        let mut open: Vec<&str> = vec![from];
        while let Some(file) = open.pop() {
            open.extend(uses.get(file).into_iter().flatten().filter(|next| reached.insert(**next)));
        }
        reached
    };
    let reached: BTreeMap<&str, BTreeSet<&str>> = uses.keys().map(|file| (*file, reached(file))).collect();
    let mut found = Vec::new();
    for (file, all) in reached.iter().filter(|(file, all)| all.contains(**file)) {
        let circle: BTreeSet<&str> = all.iter().copied().filter(|other| reached[other].contains(file)).collect();
        if !found.contains(&circle) {
            found.push(circle);
        }
    }
    found
}

impl Module {
    fn new(file: &str, tokens: &[Token]) -> Module {
        let mut module =
            Module { file: file.to_owned(), imports: Vec::new(), paths: Vec::new(), words: BTreeSet::new() };
        let mut is_public = false;
        let mut rest = tokens;
        while let Some((token, more)) = rest.split_first() {
            rest = more;
            match token {
                Token::Word(word) if word == "use" && !matches!(rest.first(), Some(Token::Mark('<'))) => {
                    let end = rest.iter().position(|token| *token == Token::Mark(';')).unwrap();
                    tree(&mut &rest[..end], &[], is_public, &mut module.imports);
                    rest = &rest[end..];
                }
                // `pub`, perhaps with `(crate)` or the like behind it.
                Token::Word(word) if word == "pub" => {
                    is_public = true;
                    if let Some(end) = scope(rest) {
                        rest = &rest[end..];
                    }
                    continue;
                }
                Token::Word(word) => {
                    let mut path = vec![word.clone()];
                    module.words.insert(word.clone());
                    while let [Token::Path, Token::Word(next), ..] = rest {
                        path.push(next.clone());
                        module.words.insert(next.clone());
                        rest = &rest[2..];
                    }
                    if path.len() > 1 {
                        module.paths.push(path);
                    }
                }
                // `a::<B>::c` and `.method::<T>()` name no module behind the mark.
                Token::Path | Token::Mark(_) => {}
            }
            is_public = false;
        }
        module
    }
}

/// Tokens of the brackets behind `pub`.
fn scope(tokens: &[Token]) -> Option<usize> {
    match tokens {
        [Token::Mark('('), Token::Word(word), ..] if ["crate", "super", "self", "in"].contains(&word.as_str()) => {
            Some(tokens.iter().position(|token| *token == Token::Mark(')'))? + 1)
        }
        _ => None,
    }
}

/// One tree of a `use`: `a::{self, b as c, d::*}`.
fn tree(tokens: &mut &[Token], before: &[String], is_public: bool, imports: &mut Vec<Import>) {
    let mut path = before.to_vec();
    loop {
        match *tokens {
            [Token::Word(word), rest @ ..] => {
                *tokens = rest;
                if word != "self" || before.is_empty() {
                    path.push(word.clone());
                }
            }
            [Token::Path, rest @ ..] => {
                *tokens = rest;
                continue;
            }
            [Token::Mark('{'), rest @ ..] => {
                *tokens = rest;
                while !matches!(tokens.first(), Some(Token::Mark('}'))) {
                    tree(tokens, &path, is_public, imports);
                    if let [Token::Mark(','), rest @ ..] = *tokens {
                        *tokens = rest;
                    }
                }
                *tokens = &tokens[1..];
                return;
            }
            [Token::Mark('*'), rest @ ..] => *tokens = rest,
            _ => panic!("not a use: {:?}", tokens.first()),
        }
        let mut name = path.last().cloned().unwrap_or_default();
        match *tokens {
            [Token::Path, ..] => continue,
            [Token::Word(word), Token::Word(other), rest @ ..] if word == "as" => {
                name.clone_from(other);
                *tokens = rest;
            }
            _ => {}
        }
        return imports.push(Import { name, path, is_public });
    }
}

/// `decide.rs` is `[decide]`, `check/names.rs` is `[check, names]`, `lib.rs` is the root.
fn module_path(below: &str) -> Vec<String> {
    let path = below.strip_suffix(".rs").unwrap();
    let mut parts: Vec<String> = path.split('/').map(str::to_owned).collect();
    if matches!(parts.last().map(String::as_str), Some("lib" | "main" | "mod")) {
        parts.pop();
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(files: &[(&str, &str)], expected: &[&[&str]]) {
        let all = Crate::new(files.iter().map(|(name, text)| (*name, *name, *text)));
        let found = circles(&all.uses());
        let found: Vec<Vec<&str>> = found.into_iter().map(|circle| circle.into_iter().collect()).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn two_files_that_import_each_other_are_a_circle() {
        let b = ("b.rs", "use crate::a::A; pub struct B(A);");
        check(&[("a.rs", "use crate::b::B; pub struct A(Box<B>);"), b], &[&["a.rs", "b.rs"]]);
        check(&[("a.rs", "pub struct A(Box<crate::b::B>);"), b], &[&["a.rs", "b.rs"]]);
        check(&[("a.rs", "use super::{c, b::{self, B as Other}}; pub struct A;"), b], &[&["a.rs", "b.rs"]]);
        check(&[("a.rs", "// crate::b::B\npub struct A(\"crate::b::B\", '\"', r#\"crate::b::B\"#);"), b], &[]);
        check(&[("a.rs", "pub struct A;\n#[cfg(test)]\nmod tests { use crate::b::B; }"), b], &[]);
    }

    #[test]
    fn a_circle_may_be_long_and_go_through_a_re_export() {
        check(
            &[
                ("lib.rs", "mod a; mod b; mod c; pub use c::C;"),
                ("a.rs", "use crate::b::B; fn a() {}"),
                ("b.rs", "fn b() { crate::C::new() }"),
                ("c.rs", "fn c() { super::a::a() }"),
            ],
            &[&["a.rs", "b.rs", "c.rs"]],
        );
    }

    #[test]
    fn a_parent_may_declare_and_re_export_its_child_but_not_use_it() {
        let child = ("a/b.rs", "use super::A; pub struct B(A);");
        check(&[("a.rs", "mod b; pub(crate) use b::B; pub struct A;"), child], &[]);
        check(&[("a.rs", "mod b; pub(crate) use b::B; pub struct A; fn a() -> B {}"), child], &[&["a.rs", "a/b.rs"]]);
        check(&[("a.rs", "mod b; pub struct A; fn a() { b::new() }"), child], &[&["a.rs", "a/b.rs"]]);
        check(&[("a.rs", "#[cfg(test)]\nmod b; pub struct A; fn a() { b::new() }"), child], &[]);
    }
}

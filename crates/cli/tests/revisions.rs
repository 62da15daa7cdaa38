//! `weir diff REVISION:PATH` in the repositories that there are: clones with little in them, links, submodules, and others' folders.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

fn policy(share: &str) -> String {
    format!(
        "version: 1\nunits: {{user: [{{header: x-user-id}}]}}\nlayers:\n- id: checkout\n  unit: user\n  experiments:\n  \
         - {{id: owl, slots: all, variants: [{{id: canary, share: {share}}}, {{id: control, share: {share}}}]}}\n"
    )
}

/// A repository `shop` of two commits, the first with 5% and the second with half, and room for others beside it.
struct Shop(tempfile::TempDir);

impl Shop {
    fn new() -> Shop {
        let shop = Shop(tempfile::tempdir().unwrap());
        fs::create_dir(shop.path("shop")).unwrap();
        shop.git("shop", &["init", "--quiet", "--initial-branch", "main"]);
        shop.write("shop/policies/checkout.yaml", &policy("5%"));
        shop.commit("one");
        shop.write("shop/policies/checkout.yaml", &policy("50%"));
        shop.commit("two");
        shop
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn commit(&self, message: &str) {
        self.git("shop", &["add", "--all"]);
        self.git("shop", &["commit", "--quiet", "--message", message]);
    }

    fn git(&self, folder: &str, words: &[&str]) {
        let names = ["-c", "user.name=ann", "-c", "user.email=ann@shop.example", "-c", "commit.gpgsign=false"];
        let mut command = Command::new("git");
        let output = command.args(names).args(["-c", "protocol.file.allow=always"]).args(words);
        let output = output.current_dir(self.path(folder)).output().unwrap();
        assert!(output.status.success(), "{words:?}: {output:?}");
    }

    fn url(&self) -> String {
        format!("file://{}", self.path("shop").display())
    }

    fn weir(&self, folder: &str, words: &[&str]) -> (Option<i32>, String) {
        said(weir(&self.path(folder), words))
    }

    /// What stands for a policy of half the users, and what is said of it.
    #[track_caller]
    fn is_half(&self, folder: &str, old: &str) {
        self.write("half.yaml", &policy("50%"));
        let half = self.path("half.yaml");
        let (code, said) = self.weir(folder, &[old, &half.display().to_string()]);
        assert!(code == Some(0) && said.contains("Nothing changes"), "{old}: {said}");
    }

    #[track_caller]
    fn fails(&self, folder: &str, old: &str, expected: &str) {
        let (code, said) = self.weir(folder, &["--", old, "policies"]);
        assert!(code == Some(2) && said.contains(expected), "{old}: no {expected:?} in {code:?} {said}");
    }
}

fn weir(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    command.arg("diff").args(words).current_dir(folder);
    command
}

fn said(mut command: Command) -> (Option<i32>, String) {
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[test]
fn a_path_is_written_as_git_writes_it() {
    let shop = Shop::new();
    shop.write("shop/pölicies/a/gäns \"x\".yaml", &policy("50%"));
    shop.commit("three");
    shop.git("shop", &["tag", "--annotate", "v1", "--message", "one"]);
    for spec in [
        "main:policies",
        "main:policies/",
        "main:policies/checkout.yaml",
        "main:./policies",
        "refs/heads/main:policies",
        "v1:policies",
        "HEAD^{/two}:policies",
        "main:pölicies/a",
        "main:pölicies/a/gäns \"x\".yaml",
    ] {
        shop.is_half("shop", spec);
    }
    for spec in ["main:policies", "main:./", "main:.//", "main:./checkout.yaml", "main:../policies"] {
        shop.is_half("shop/policies", spec);
    }
    shop.write("shop/root.yaml", &policy("50%"));
    shop.commit("four");
    shop.is_half("shop", "main:");
    // Line ends of a checkout are not those of git.
    shop.git("", &["-c", "core.autocrlf=true", "clone", "--quiet", "shop", "lines"]);
    assert!(fs::read_to_string(shop.path("lines/policies/checkout.yaml")).unwrap().contains("\r\n"));
    let (code, said) = shop.weir("lines", &["main:policies", "policies"]);
    assert!(code == Some(0) && said.contains("Nothing changes"), "{said}");
}

#[test]
fn a_checkout_may_be_any() {
    let shop = Shop::new();
    shop.git("shop", &["worktree", "add", "--quiet", "--detach", "../tree", "HEAD~1"]);
    shop.is_half("tree", "main:policies");
    shop.git("", &["clone", "--quiet", "--bare", "shop", "bare.git"]);
    shop.is_half("bare.git", "main:policies");
    shop.write("shop/other/notes.txt", "none");
    shop.commit("three");
    shop.git("shop", &["sparse-checkout", "set", "--cone", "other"]);
    assert!(!shop.path("shop/policies").exists());
    shop.is_half("shop", "main:policies");
    // A hook is told where its repository is.
    let half = shop.path("half.yaml").display().to_string();
    let mut hook = weir(&shop.path(""), &["main:policies", &half]);
    hook.env("GIT_DIR", shop.path("shop/.git"));
    assert_eq!(said(hook).0, Some(0));
}

#[test]
fn a_clone_may_have_little() {
    let shop = Shop::new();
    shop.git("shop", &["config", "uploadpack.allowFilter", "true"]);
    shop.git("", &["clone", "--quiet", "--depth", "1", &shop.url(), "shallow"]);
    shop.is_half("shallow", "HEAD:policies");
    for spec in ["HEAD~1:policies", "origin/feature:policies"] {
        shop.fails("shallow", spec, "this clone is shallow: git fetch --unshallow, or fetch-depth: 0");
    }
    shop.fails("shop", "origin/feature:policies", "git says: invalid object name 'origin/feature'.\n");
    // What a partial clone has not it gets, if it can.
    for name in ["partial", "alone"] {
        shop.git("", &["clone", "--quiet", "--filter=blob:none", "--no-checkout", &shop.url(), name]);
    }
    shop.is_half("partial", "HEAD:policies");
    fs::rename(shop.path("shop"), shop.path("gone")).unwrap();
    let (code, said) = shop.weir("alone", &["HEAD:policies", "HEAD:policies"]);
    assert!(code == Some(2) && said.contains("does not appear to be a git repository"), "{said}");
}

/// As they are on disk.
#[test]
fn links_within_a_revision_are_followed() {
    let shop = Shop::new();
    fs::create_dir(shop.path("shop/linked")).unwrap();
    for (to, link) in [
        ("policies/checkout.yaml", "link.yaml"),
        ("policies", "folder"),
        ("../policies/checkout.yaml", "linked/a.yaml"),
        ("../policies", "linked/folder.yaml"),
    ] {
        symlink(to, shop.path(&format!("shop/{link}"))).unwrap();
    }
    shop.commit("three");
    for spec in ["main:link.yaml", "main:folder", "main:folder/", "main:folder/checkout.yaml", "main:linked"] {
        shop.is_half("shop", spec);
    }
    for (to, link) in [("/etc/passwd", "out.yaml"), ("none.yaml", "none/none.yaml"), ("loop.yaml", "loop.yaml")] {
        shop.write(&format!("shop/{link}"), "");
        fs::remove_file(shop.path(&format!("shop/{link}"))).unwrap();
        symlink(to, shop.path(&format!("shop/{link}"))).unwrap();
    }
    shop.commit("four");
    for spec in ["main:out.yaml", "main:none", "main:loop.yaml", "main:out.yaml/more"] {
        shop.fails("shop", spec, "is a link to what is not in this revision");
    }
}

#[test]
fn what_git_does_not_keep_is_told() {
    let shop = Shop::new();
    fs::create_dir(shop.path("other")).unwrap();
    shop.git("other", &["init", "--quiet", "--initial-branch", "main"]);
    shop.git("other", &["commit", "--quiet", "--allow-empty", "--message", "one"]);
    for (of, path) in [("../other", "sub"), ("../other", "policies/sub.yaml"), ("./", "own")] {
        shop.git("shop", &["submodule", "--quiet", "add", of, path]);
    }
    shop.write("shop/lfs/a.yaml", "version https://git-lfs.github.com/spec/v1\noid sha256:b5bb9d80\nsize 4\n");
    shop.write("shop/odd/a\nb.yaml", "none");
    shop.write("shop/large/a.yaml", &"# 32 bytes of nothing and a line.\n".repeat(1 << 20));
    shop.commit("three");
    shop.is_half("shop", "main:policies");
    for (spec, expected) in [
        ("main:sub", "main:sub: git says: git cat-file: could not get object info; a submodule has its files in a"),
        ("main:own", "main:own: found a commit; a file or a folder would do"),
        ("main:lfs", "main:lfs/a.yaml is a pointer of Git LFS, which keeps the text elsewhere; a checkout has it"),
        ("main:odd", "\"a\\nb.yaml\" has a line break"),
        ("main:large", "main:large: found 35651584 bytes; at most 33554432 are read"),
        ("main:none", "main:none: git says: path 'none' does not exist in 'main'"),
        ("main^{commit}:", "no policy in this folder"),
    ] {
        shop.fails("shop", spec, expected);
    }
    shop.fails("", "main:policies", "git says: not a git repository");
}

#[test]
fn what_begins_like_an_option_or_a_drive_is_no_revision() {
    let shop = Shop::new();
    shop.git("shop", &["update-ref", "refs/heads/--batch", "HEAD"]);
    shop.is_half("shop", "refs/heads/--batch:policies");
    for spec in ["--batch:policies", "-x:policies", "C:\\policies", "C:/policies", ":policies", "main:policies\nmain:x"]
    {
        shop.fails("shop", spec, ": no such file or folder; a path, REVISION:PATH of git");
    }
}

#[test]
fn a_folder_of_somebody_else_is_told_with_the_command_that_would_do() {
    let shop = Shop::new();
    let mut command = weir(&shop.path("shop"), &["main:policies", "policies"]);
    command.env("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1");
    let (code, said) = said(command);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("git says: detected dubious ownership in repository at '"), "{said}");
    assert!(said.contains("; git config --global --add safe.directory ") && said.contains(" would do"), "{said}");
}

/// The shell of GitHub ends at the first command that fails.
#[test]
fn the_recipe_for_a_pipeline_is_one() {
    let shop = Shop::new();
    shop.git("", &["clone", "--quiet", "shop", "clone"]);
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/planning.md")).unwrap();
    let recipe =
        page.split("```sh\n").find(|text| text.contains("gh pr comment")).unwrap().split("```").next().unwrap();
    let recipe = recipe.replace("gh pr comment --body-file", "echo comment && cat");
    let afresh = policy("50%").replace("slots: all", "slots: all, epoch: 1");
    for (policy, code, expected) in [
        (policy("50%"), 0, "comment\n### weir diff\n\n✅ Nothing changes"),
        (afresh, 1, "comment\n### weir diff\n\n❌ Units leave an arm"),
        (policy("5"), 1, "--> policies/checkout.yaml:7:"),
        (String::new(), 2, "weir: policies: no policy in this folder"),
    ] {
        let file = shop.path("clone/policies/checkout.yaml");
        if policy.is_empty() {
            fs::rename(&file, shop.path("clone/policies/none.txt")).unwrap()
        } else {
            fs::write(&file, &policy).unwrap()
        }
        let mut bash = Command::new("bash");
        let weir = Path::new(env!("CARGO_BIN_EXE_weir")).parent().unwrap();
        let path = format!("{}:{}", weir.display(), std::env::var("PATH").unwrap());
        bash.args(["-e", "-o", "pipefail", "-c", &recipe]).env("PATH", path).current_dir(shop.path("clone"));
        let (found, said) = said(bash);
        assert!(found == Some(code) && said.contains(expected), "{policy}: no {expected:?} in {found:?} {said}");
        assert_eq!(said.contains("comment"), expected.starts_with("comment"), "{said}");
    }
}

//! `weir serve` finds what is new however it was written: halves, renames, links as Kubernetes swaps them, whole folders.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::support::{EventMatch, Predictor, Weir, attachment, envelope, event, policy, served};

/// A policy and the event that it is served.
fn good(share: &str) -> (String, EventMatch) {
    let policy = policy(share);
    let revision = Predictor::new(&envelope("edge", &policy)).revision();
    (policy.to_string(), served(&revision))
}

async fn serve(folder: &Path, policy: &str, rescan: &str) -> Weir {
    let path = |name: &str| folder.join(name).display().to_string();
    fs::write(path("attach.yaml"), attachment().to_string()).unwrap();
    let words = ["--policy", &path(policy), "--attach", &path("attach.yaml"), "--rescan", rescan];
    Weir::with(words.map(str::to_owned).to_vec()).await
}

/// Writes into what is there, or a new file, and leaves it dated as all that is written so.
fn write_dated(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    File::options().append(true).open(path).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_a_file_changes_nothing_until_the_rest_comes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.yaml");
    let [(first, first_served), (second, second_served)] = ["10%", "20%"].map(good);
    fs::write(&file, first).unwrap();
    let weir = serve(folder.path(), "policy.yaml", "30s").await;
    weir.until(&first_served).await;

    fs::write(&file, &second[..second.len() / 2]).unwrap();
    weir.until(&event("not_served").containing("why", "syntax: ")).await;
    assert_eq!(weir.count(&second_served), 0);
    fs::write(&file, &second).unwrap();
    weir.until(&second_served).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_editor_may_rename_the_old_file_away_and_a_new_one_in() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let [(first, first_served), (second, second_served)] = ["10%", "20%"].map(good);
    fs::write(path("policy.yaml"), first).unwrap();
    let weir = serve(folder.path(), "policy.yaml", "30s").await;
    weir.until(&first_served).await;

    fs::rename(path("policy.yaml"), path("policy.yaml~")).unwrap();
    weir.until(&event("not_served").containing("why", "policy.yaml: cannot be read: ")).await;
    assert_eq!(weir.count(&event("good_again")), 0);
    fs::write(path(".policy.yaml.swp"), second).unwrap();
    fs::rename(path(".policy.yaml.swp"), path("policy.yaml")).unwrap();
    let (good, pushed) = (weir.until(&event("good_again")).await, weir.until(&second_served).await);
    assert!(good < pushed, "{}", weir.log());
}

/// Two changes within one tick of the clock that files are dated by leave length and time as they were.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_shows_in_neither_length_nor_time_is_found_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let [(first, first_served), (second, second_served), (third, third_served)] = ["10%", "20%", "30%"].map(good);
    write_dated(&path("policy.yaml"), &first);
    let weir = serve(folder.path(), "policy.yaml", "1h").await;
    weir.until(&first_served).await;

    write_dated(&path("new"), &second);
    fs::rename(path("new"), path("policy.yaml")).unwrap();
    weir.until(&second_served).await;
    write_dated(&path("policy.yaml"), &third);
    weir.until(&third_served).await;
}

/// The file as a mounted ConfigMap has it: `policy.yaml` leads to `..data/policy.yaml`, and `..data` to a folder by time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_config_map_is_swapped_by_its_links() {
    for policy in ["mount/policy.yaml", "mount"] {
        let folder = tempfile::tempdir().unwrap();
        let mount = folder.path().join("mount");
        let swap = |time: &str, text: &str| {
            fs::create_dir_all(mount.join(time)).unwrap();
            fs::write(mount.join(time).join("policy.yaml"), text).unwrap();
            symlink(time, mount.join("..data_tmp")).unwrap();
            fs::rename(mount.join("..data_tmp"), mount.join("..data")).unwrap();
        };
        let [(first, first_served), (second, second_served)] = ["10%", "20%"].map(good);
        swap("..2026_11_21_1", &first);
        symlink("..data/policy.yaml", mount.join("policy.yaml")).unwrap();
        let weir = serve(folder.path(), policy, "30s").await;
        weir.until(&first_served).await;

        swap("..2026_11_21_2", &second);
        fs::remove_dir_all(mount.join("..2026_11_21_1")).unwrap();
        weir.until(&second_served).await;
    }
}

/// Nothing tells of it: the folder that is watched is another one now. Only the full look finds it, and what follows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_is_replaced_as_a_whole_is_found_by_the_full_look() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let [(first, first_served), (second, second_served), (third, third_served)] = ["10%", "20%", "30%"].map(good);
    for (name, text) in [("policies", first), ("next", second)] {
        fs::create_dir(path(name)).unwrap();
        fs::write(path(name).join("policy.yaml"), text).unwrap();
    }
    let weir = serve(folder.path(), "policies", "100ms").await;
    weir.until(&first_served).await;

    fs::rename(path("policies"), path("before")).unwrap();
    fs::rename(path("next"), path("policies")).unwrap();
    weir.until(&second_served).await;
    fs::write(path("policies/policy.yaml"), third).unwrap();
    weir.until(&third_served).await;
}

/// No event tells of a write by another name of the file, in a folder that is not watched, and neither do length and time;
/// and the full look comes however often others write.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_never_falls_quiet_holds_up_no_full_look() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let [(first, first_served), (second, second_served)] = ["10%", "20%"].map(good);
    assert_eq!(first.len(), second.len());
    write_dated(&path("policy.yaml"), &first);
    fs::create_dir(path("elsewhere")).unwrap();
    fs::hard_link(path("policy.yaml"), path("elsewhere/other")).unwrap();
    let weir = serve(folder.path(), "policy.yaml", "1s").await;
    weir.until(&first_served).await;

    let log = path("log");
    let busy = async {
        let mut pace = tokio::time::interval(Duration::from_millis(100));
        loop {
            pace.tick().await;
            fs::write(&log, "busy").unwrap();
        }
    };
    write_dated(&path("elsewhere/other"), &second);
    tokio::select! {
        _ = weir.until(&second_served) => {}
        () = busy => {}
    }
}

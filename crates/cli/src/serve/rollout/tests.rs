//! Rollouts under paused time, told to the second.

mod simulation;

use simulation::Behaviour::{Active, Frozen, Unread};
use simulation::Do::{self, Back, Turns, Want};
use simulation::{Server, check, deployment};

use super::*;

#[tokio::test(start_paused = true)]
async fn rollouts_go_as_they_are_written() {
    let canaries = &["--canary-nodes", "1%", "--canary-deadline", "1h"][..];
    let (edge, mesh) = ((0, Turns("edge-1", Active)), (0, Turns("mesh-1", Active)));
    let unread = (0, Turns("edge-1", Unread));
    type Row<'a> = (&'a str, &'a str, &'a [&'a str], &'a [(u64, Do)], u64, &'a [&'a str]);
    let table: [Row; 8] = [
        (
            "what comes reaches the mesh first",
            "a",
            &[],
            &[edge, mesh, (1, Want("ab"))],
            60,
            &[
                "0 served a 2",
                "0 edge-1 has a",
                "0 mesh-1 has a",
                "1 stage 1 2 a ab false",
                "1 mesh-1 has ab",
                "1 served ab 2",
                "1 edge-1 has ab",
                "60 deployed ab/ab by #3, active ab, wanted ab",
            ],
        ),
        (
            "late nodes are named once and passed, and who comes meanwhile is not waited for",
            "a",
            &[],
            &[
                edge,
                mesh,
                (1, Turns("mesh-1", Frozen)),
                (2, Want("ab")),
                (5, Turns("mesh-2", Frozen)),
                (20, Want("more")),
                (30, Turns("mesh-1", Active)),
            ],
            60,
            &[
                "0 served a 2",
                "0 edge-1 has a",
                "0 mesh-1 has a",
                "2 stage 1 2 a ab false",
                "12 nodes_late ab mesh-1 10s",
                "12 served ab 2",
                "12 edge-1 has ab",
                "15 nodes_late ab mesh-2 10s",
                "20 stage 1 2 ab more false",
                "20 served more 2",
                "20 edge-1 has more",
                "30 mesh-1 has more",
                "60 deployed more/more by #5, active more, wanted more",
            ],
        ),
        (
            "a target that is superseded in a canary is given up where it stands",
            "ab",
            canaries,
            &[unread, mesh, (1, Want("b")), (100, Want("a")), (200, Turns("edge-1", Active))],
            300,
            &[
                "0 served ab 2",
                "0 edge-1 has ab",
                "0 mesh-1 has ab",
                "1 stage 1 2 b ab false",
                "1 canary_started b edge-1",
                "1 edge-1 has b",
                "100 stage 1 2 a ab false",
                "100 canary_started a edge-1",
                "100 edge-1 has a",
                "200 canary_started a mesh-1",
                "200 mesh-1 has a",
                "200 served a 2",
                "300 deployed a/a by #6, active a, wanted a",
            ],
        ),
        (
            "what is held is told, and a kill is not held up",
            "ab",
            canaries,
            &[unread, mesh, (1, Want("b")), (3700, Want("off"))],
            3800,
            &[
                "0 served ab 2",
                "0 edge-1 has ab",
                "0 mesh-1 has ab",
                "1 stage 1 2 b ab false",
                "1 canary_started b edge-1",
                "1 edge-1 has b",
                "3601 held b edge-1: nobody could read its gauges; --admin-port or --prometheus says where they are",
                "3601 edge-1 has ab",
                "3700 stage 1 2 off ab true",
                "3700 edge-1 has off",
                "3700 served off 2",
                "3700 mesh-1 has off",
                "3800 deployed off/off by #5, active off, wanted off",
            ],
        ),
        (
            "an hour is waited for to its end",
            "ab",
            canaries,
            &[unread, mesh, (1, Want("b")), (3600, Turns("edge-1", Active))],
            3700,
            &[
                "0 served ab 2",
                "0 edge-1 has ab",
                "0 mesh-1 has ab",
                "1 stage 1 2 b ab false",
                "1 canary_started b edge-1",
                "1 edge-1 has b",
                "3600 canary_started b mesh-1",
                "3600 mesh-1 has b",
                "3600 served b 2",
                "3700 deployed b/b by #5, active b, wanted b",
            ],
        ),
        (
            "a kill waits for nothing that comes with it",
            "ab",
            canaries,
            &[unread, mesh, (1, Want("off+more"))],
            3700,
            &[
                "0 served ab 2",
                "0 edge-1 has ab",
                "0 mesh-1 has ab",
                "1 stage 1 3 off ab true",
                "1 edge-1 has off",
                "1 stage 2 3 off off+more false",
                "1 canary_started off+more mesh-1",
                "1 mesh-1 has off+more",
                "1 canary_started off+more edge-1",
                "1 edge-1 has off+more",
                "3601 held off+more edge-1: nobody could read its gauges; --admin-port or --prometheus says where they are",
                "3601 edge-1 has off",
                "3700 deployed off/off+more by #6, active ab, wanted off+more, held off+more",
            ],
        ),
        (
            "back is where it came from",
            "ab",
            canaries,
            &[unread, mesh, (1, Want("b")), (100, Want("ab"))],
            3700,
            &[
                "0 served ab 2",
                "0 edge-1 has ab",
                "0 mesh-1 has ab",
                "1 stage 1 2 b ab false",
                "1 canary_started b edge-1",
                "1 edge-1 has b",
                "100 served ab 2",
                "100 edge-1 has ab",
                "3700 deployed ab/ab by #3, active ab, wanted ab",
            ],
        ),
        (
            "a rollback has no first nodes and waits for answers",
            "a",
            canaries,
            &[unread, mesh, (1, Turns("mesh-1", Frozen)), (2, Back("ab"))],
            60,
            &[
                "0 served a 2",
                "0 edge-1 has a",
                "0 mesh-1 has a",
                "2 stage 1 2 a ab true",
                "12 nodes_late ab mesh-1 10s",
                "12 served ab 2",
                "12 edge-1 has ab",
                "60 deployed ab/ab by #3, active ab, wanted ab",
            ],
        ),
    ];
    for (what, first, words, script, until, lines) in table {
        let mut server = Server::start(first, None, words, None);
        server.run(script, until).await;
        check(what, &server, lines);
    }
}

/// Envoys have time to come back after a start: what they have is not known of those that have not.
#[tokio::test(start_paused = true)]
async fn a_start_goes_on_from_what_was_deployed() {
    let nodes = [(3, Turns("edge-1", Active)), (4, Turns("mesh-1", Active))];
    type Row<'a> = (&'a str, (&'a str, &'a str), &'a str, &'a [&'a str]);
    let table: [Row; 3] = [
        (
            "what comes waits",
            ("a", "ab"),
            "ab",
            &[
                "0 resumed a ab",
                "0 awaiting_reconnects ab 10s",
                "3 edge-1 has a",
                "4 mesh-1 has ab",
                "10 served ab 2",
                "10 edge-1 has ab",
                "60 deployed ab/ab by #2, active ab, wanted ab",
            ],
        ),
        (
            "a kill does not",
            ("ab", "ab"),
            "off",
            &[
                "0 resumed ab ab",
                "0 stage 1 2 off ab true",
                "0 awaiting_reconnects off 10s",
                "3 edge-1 has off",
                "4 mesh-1 has ab",
                "10 served off 2",
                "10 mesh-1 has off",
                "60 deployed off/off by #3, active off, wanted off",
            ],
        ),
        (
            "nothing is new",
            ("ab", "ab"),
            "ab",
            &["0 served ab 2", "3 edge-1 has ab", "4 mesh-1 has ab", "60 deployed ab/ab by #1, active ab, wanted ab"],
        ),
    ];
    for (what, (edges, mesh), first, lines) in table {
        let mut server = Server::start(first, Some(deployment(edges, mesh)), &[], None);
        server.run(&nodes, 60).await;
        check(what, &server, lines);
    }
}

/// What an Envoy may have been sent is on disk by then, so that a start knows of it.
#[tokio::test(start_paused = true)]
async fn a_stage_is_saved_before_it_is_published_and_a_start_goes_on_from_it() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateDir::open(folder.path()).unwrap();
    let mut server = Server::start("a", None, &[], Some(state.clone()));
    let nodes = [(0, Turns("edge-1", Active)), (0, Turns("mesh-1", Active)), (1, Turns("mesh-1", Frozen))];
    server.run(&[&nodes[..], &[(2, Want("ab"))]].concat(), 5).await;
    let half = deployment("a", "ab");
    assert_eq!(state.deployed().unwrap(), Some(half.revisions()));
    assert_eq!(server.progress.borrow().deployed, half.revisions());
    let [before, after] = ["a", "ab"].map(|name| deployment(name, name).revision());
    let in_force =
        |state: &StateDir| state.history().unwrap().into_iter().map(|entry| entry.revision).collect::<Vec<_>>();
    assert_eq!(in_force(&state), [before.as_str()], "it is not in force yet");
    drop(server);

    // The crash came before anybody was sent the stage: it is published first, and edges wait for the mesh as ever.
    let mut server = Server::start("ab", Some(half), &[], Some(state.clone()));
    server.run(&[(1, Turns("edge-1", Active)), (2, Turns("mesh-1", Active))], 60).await;
    check(
        "resumed",
        &server,
        &[
            "0 resumed a ab",
            "0 awaiting_reconnects ab 10s",
            "1 edge-1 has a",
            "2 mesh-1 has ab",
            "10 served ab 2",
            "10 edge-1 has ab",
            "60 deployed ab/ab by #2, active ab, wanted ab",
        ],
    );
    assert_eq!(state.deployed().unwrap(), Some(deployment("ab", "ab").revisions()));
    assert_eq!(in_force(&state), [before, after]);
}

/// The state tells when it is asked to save: nothing of it is published then.
#[tokio::test(start_paused = true)]
async fn what_cannot_be_saved_is_told_before_it_is_published_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateDir::open(folder.path()).unwrap();
    std::fs::create_dir(folder.path().join("deployed.json")).unwrap();
    let mut server = Server::start("a", None, &[], Some(state));
    server.run(&[(0, Turns("edge-1", Active)), (1, Want("b"))], 60).await;
    check(
        "not saved",
        &server,
        &[
            "0 not_saved, published is #1",
            "0 served a 2",
            "0 edge-1 has a",
            "1 stage 1 3 none a false",
            "1 not_saved, published is #1",
            "1 edge-1 has none",
            "1 stage 2 3 none b false",
            "1 not_saved, published is #2",
            "1 not_saved, published is #3",
            "1 served b 2",
            "1 edge-1 has b",
            "60 deployed b/b by #4, active b, wanted b",
        ],
    );
}

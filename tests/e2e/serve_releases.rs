//! Releases that go, stop and follow each other by themselves: real Envoys, a real `weir serve`, versions with faults, and users
//! who come all the time. Steps hold seconds, and edges are read each second.

mod before;
mod chaos;
mod cut_off;
mod faults;
mod files;
mod first_nodes;
mod good;
mod harm;
mod many;
mod people;
mod queue;
mod seen;
mod shop;
mod traffic;
mod version;
mod waits;
mod windows;
mod wire;

/// Each of them waits for ticks most of the time, so several go at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn releases_go() {
    tokio::join!(
        good::a_good_release_goes_to_all_and_is_promoted_without_one_request_to_the_old_version(),
        waits::without_traffic_a_release_waits_and_goes_on_while_envoys_start_anew_and_are_added(),
        waits::without_routes_for_its_tag_a_release_deals_nobody(),
        waits::while_prometheus_is_away_a_release_that_asks_it_waits(),
        people::a_release_waits_for_people_and_an_abort_ends_it(),
        people::a_kill_switch_of_the_policy_stands_above_releases(),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn releases_stop() {
    tokio::join!(
        before::what_is_measured_of_a_release_that_went_bad_is_what_was_sent_and_judged(),
        faults::errors_stop_a_release(),
        faults::slow_answers_stop_a_release(),
        faults::a_canary_that_nobody_can_reach_stops_its_release(),
        faults::a_canary_that_never_answers_stops_its_release(),
        faults::a_canary_that_fails_under_the_load_of_half_is_stopped_there(),
        cut_off::an_edge_that_was_cut_off_during_a_rollback_deals_nobody_once_it_is_back(),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn releases_follow_each_other() {
    tokio::join!(
        queue::those_that_conflict_follow_each_other_and_one_that_was_rolled_back_holds_its_queue(),
        queue::those_that_change_different_services_run_together_and_are_independent(),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn releases_are_held_up_and_go_on() {
    tokio::join!(
        first_nodes::a_step_that_first_nodes_do_not_take_is_taken_back_and_waits_for_people(),
        harm::harm_that_is_to_hold_holds_and_harm_that_is_to_warn_is_told(),
        files::files_that_become_bad_hold_steps_up_and_neither_rollbacks_nor_kill_switches(),
        seen::what_is_seen_from_elsewhere_follows_a_release_to_its_end(),
        windows::windows_open_by_the_clocks_on_the_wall_where_these_are_changed(),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn releases_outlive_what_happens_to_their_server() {
    tokio::join!(
        chaos::a_server_that_is_killed_again_and_again_takes_each_step_once(),
        chaos::a_server_that_is_killed_while_a_release_fails_rolls_it_back_once(),
        chaos::documents_that_are_written_again_change_nothing(),
        chaos::a_clock_that_is_set_makes_no_step_longer_or_shorter(),
        chaos::a_full_disk_holds_steps_up_and_no_rollback(),
    );
}

/// By itself: it is a load.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn releases_are_many() {
    many::of_two_hundred_at_once_so_many_run_as_edges_can_count().await;
}

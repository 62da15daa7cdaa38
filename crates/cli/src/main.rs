//! `weir`: the tools around the filter, one verb a file.

use std::process::ExitCode;

use clap::Parser;

#[macro_use]
mod out;

mod check;
mod columns;
mod diff;
mod duration;
mod effective;
mod explain;
mod fit;
mod fleet;
mod history;
mod http_get;
mod load;
mod moment;
mod numbers;
mod page;
mod plan;
mod problems;
mod progress;
mod prometheus_options;
mod queries;
mod release;
mod render;
mod request;
mod requests;
mod rollback;
mod runtime;
mod serve;
mod simulate;
mod state_dir;
mod test;

/// Splits traffic inside a service mesh: checks and explains policies, writes manifests, and serves Envoy.
#[derive(Parser)]
#[command(name = "weir", version, arg_required_else_help = true, after_help = EXIT_CODES)]
enum Weir {
    Check(check::Check),
    Diff(diff::Diff),
    Explain(explain::Explain),
    Fleet(fleet::ShowFleet),
    History(history::History),
    Plan(Box<plan::Plan>),
    #[command(subcommand)]
    Release(release::Release),
    #[command(subcommand)]
    Render(render::Render),
    Rollback(rollback::Rollback),
    Serve(Box<serve::Serve>),
    Simulate(simulate::Simulate),
    Test(test::Test),
}

const EXIT_CODES: &str = "Exit codes: 0 good, 1 problems found, 2 wrong use, 3 not yet";

fn main() -> ExitCode {
    let done = match Weir::parse() {
        Weir::Check(check) => check.run(),
        Weir::Diff(diff) => diff.run(),
        Weir::Explain(explain) => explain.run(),
        Weir::Fleet(fleet) => fleet.run(),
        Weir::History(history) => history.run(),
        Weir::Plan(plan) => plan.run(),
        Weir::Release(release) => release.run(),
        Weir::Render(render) => render.run(),
        Weir::Rollback(rollback) => rollback.run(),
        Weir::Serve(serve) => serve.run(),
        Weir::Simulate(simulate) => simulate.run(),
        Weir::Test(test) => test.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

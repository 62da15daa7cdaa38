//! `weir release` as a process, on journals that are made as the server makes them: events of releases, folded.

mod ask;
mod backtest;
mod check;
mod judged;
mod new;
mod see;
mod support;
mod with;

//! `weir plan`: what releases will do and what their guardrails can see, before any of them starts.

use clap::Args;
use jiff::Timestamp;

use crate::moment;
use crate::page::Pictures;
use crate::problems::Failure;

mod asked;
mod edges;
mod fits;
mod found;
mod measured;
mod options;
mod page;
mod planned;
mod rates;
mod report;
mod rows;
mod text;

use asked::Asked;
use options::Options;

/// Shows what releases will do and what their guardrails can see, before they start
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Plan {
    #[command(flatten)]
    options: Options,
    /// From when on; now, if not said
    #[arg(long, value_name = "TIME", value_parser = moment::read)]
    from: Option<Timestamp>,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pictures: Pictures,
}

const EXAMPLES: &str = "Examples:
  weir plan --policy policies/ --releases releases/
  weir plan --policy policies/ --releases releases/ --rate 2000/s --errors 0.5% --unanswered 0.1% --slow 2%
  weir plan --policy policies/ --releases releases/ --state /var/lib/weir --rate 2000/s --errors 0.5%
  weir plan --policy policies/ --releases owl.yaml --rate 2000/s --errors 0.5% --part owl.shop.svc.cluster.local=5%
  weir plan --policy policies/ --releases releases/ --prometheus https://prometheus.example --over 7d --edge edge
  weir plan --policy policies/ --releases releases/ --admin-port 9901 --slow 2%
  weir plan --policy policies/ --releases releases/ --rate 2000/s --errors 0.5% -o plan.html

Times are the earliest: nothing goes wrong, and people say yes as soon as they are asked. What is given stands before what is measured.

Exit codes: 0 good, 1 problems found: of documents, or a guardrail that can never fire in a step,
  a release with which the policy would be too large, 2 wrong use, or no answer";

impl Plan {
    /// Shows the plan.
    pub fn run(self) -> Result<(), Failure> {
        let asked = Asked::read(&self.options)?;
        let report = asked.report(self.from.unwrap_or_else(Timestamp::now))?;
        let pictures = self.pictures.draw(|| page::page(&report))?;
        match self.json {
            true => println!("{}", serde_json::json!(report)),
            false => print!("{}{pictures}", text::text(&report)),
        }
        if report.problems.is_empty() { Ok(()) } else { Err(Failure::AlreadyPrinted) }
    }
}

//! The metrics that queries of releases ask for, held against those that a Prometheus has.

use std::collections::BTreeMap;
use std::time::SystemTime;

use weir_policy::{At, Problem, Problems, SourceId, Sources};
use weir_release::{Release, codes};
use weir_remote::{Prometheus, Trouble};

use crate::problems::Failure;
use crate::prometheus_options::PrometheusOptions;
use crate::queries;
use crate::runtime;

/// What is wrong with the queries of these releases for who knows the metrics that there are, and warnings; nothing where no
/// Prometheus is named.
pub fn judge(
    options: &PrometheusOptions,
    sources: &Sources,
    releases: &[(SourceId, Release)],
) -> Result<(Vec<Problem>, Vec<Problem>), Failure> {
    let Some(prometheus) = options.prometheus() else { return Ok((Vec::new(), Vec::new())) };
    prometheus.client().warnings().iter().for_each(|warning| eprintln!("{warning}"));
    let runtime = runtime::of_this_thread()?;
    let found = runtime.block_on(look_up(&prometheus, releases));
    Ok(found
        .map(|mut found| {
            sources.locate(&mut found);
            found
        })
        .into())
}

/// Problems, and warnings. Where it cannot be asked it is asked no more.
async fn look_up(prometheus: &Prometheus, releases: &[(SourceId, Release)]) -> [Vec<Problem>; 2] {
    let (mut problems, mut warnings, mut known) = (Problems::default(), Problems::default(), BTreeMap::new());
    let address = prometheus.client().address().to_string();
    'all: for (source, release) in releases {
        let root = At::Root { source: *source };
        let guardrails = root.key("guardrails");
        for one in queries::of(release) {
            let guardrail = guardrails.index(one.guardrail);
            let [outer, inner] = one.keys;
            let measure = guardrail.key(outer);
            let at = measure.key(inner);
            for metric in queries::metrics(&one) {
                match knows(prometheus, &metric, &mut known).await {
                    Ok(true) => {}
                    Ok(false) => problems.add(codes::UNKNOWN_METRIC, &at, queries::unknown(&metric, &address)),
                    Err(trouble) => {
                        let message = format!("no metric is looked up at {address}: {trouble}");
                        warnings.add(codes::NOT_LOOKED_UP, &at, message);
                        break 'all;
                    }
                }
            }
        }
    }
    [problems.into_vec(), warnings.into_vec()]
}

async fn knows(prometheus: &Prometheus, metric: &str, known: &mut BTreeMap<String, bool>) -> Result<bool, Trouble> {
    if let Some(known) = known.get(metric) {
        return Ok(*known);
    }
    let found = prometheus.knows(metric, SystemTime::now()).await?;
    known.insert(metric.to_owned(), found);
    Ok(found)
}

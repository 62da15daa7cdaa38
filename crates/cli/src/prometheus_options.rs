//! Options that say which Prometheus is asked, and how it is reached.

use std::path::PathBuf;

use clap::Args;
use weir_remote::{Address, Client, Prometheus};

/// Which Prometheus.
#[derive(Args, Clone)]
pub struct PrometheusOptions {
    /// A Prometheus: http://HOST:PORT or https://HOST, with the path that stands before /api/v1; HOST:PORT is one of http.
    /// weir serve reads there which revision is active in Envoys that it scrapes, and asks it the queries of releases; weir check
    /// sees whether it has the metrics that these ask for, and weir plan takes from it what requests are like
    #[arg(long, value_name = "URL", value_parser = Address::prometheus)]
    prometheus: Option<Address>,
    /// A file with the bearer token that it lets in; read at each question
    #[arg(long, value_name = "FILE", requires = "prometheus")]
    prometheus_token: Option<PathBuf>,
    /// The only authorities that may vouch for it, PEM, instead of those of the system; read at each question
    #[arg(long, value_name = "FILE", requires = "prometheus")]
    prometheus_ca: Option<PathBuf>,
}

impl PrometheusOptions {
    /// The one that is named, if one is.
    pub fn prometheus(&self) -> Option<Prometheus> {
        let address = self.prometheus.clone()?;
        Some(Prometheus::new(Client::new(address, self.prometheus_token.clone(), self.prometheus_ca.clone())))
    }
}

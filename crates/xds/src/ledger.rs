//! One stream's book of who the client is, which responses await its answer, and what is to be reported.

use std::collections::{BTreeMap, BTreeSet};

use envoy_types::pb::envoy::config::core::v3::Node;
use envoy_types::pb::google::rpc::Status;

use crate::{Kind, Report};

#[derive(Default)]
pub(crate) struct Ledger {
    node: String,
    issued: u64,
    /// Label of each response not answered yet, by kind and nonce.
    open: BTreeMap<(Kind, String), String>,
    unserved: BTreeSet<String>,
}

impl Ledger {
    /// Notes who is speaking: clients may say so in their first message only.
    pub(crate) fn meet(&mut self, node: Option<Node>) {
        if let Some(node) = node {
            self.node = node.id;
        }
    }

    /// A nonce for a response, unique in the stream.
    pub(crate) fn issue(&mut self, kind: Kind, label: &str) -> String {
        self.issued += 1;
        let nonce = self.issued.to_string();
        self.open.insert((kind, nonce.clone()), label.to_owned());
        nonce
    }

    /// Books the client's answer. A nonce is reported once: later requests that repeat it only change a subscription.
    pub(crate) fn settle(&mut self, kind: Kind, nonce: &str, error: Option<Status>) -> Option<Report> {
        let revision = self.open.remove(&(kind, nonce.to_owned()))?;
        let node = self.node.clone();
        Some(match error {
            None => Report::Acked { node, kind, revision },
            Some(Status { message: error, .. }) => Report::Rejected { node, kind, revision, error },
        })
    }

    /// The report on a type that is not served: once per stream.
    pub(crate) fn refuse(&mut self, type_url: String) -> Option<Report> {
        let new = self.unserved.insert(type_url.clone());
        new.then(|| Report::Unserved { node: self.node.clone(), type_url })
    }
}

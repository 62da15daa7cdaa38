//! The gauges by which a filter tells which policy and which attachment decide, under the names that filters define and tools find again.

/// One gauge of a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gauge {
    /// The revision in force, as a number; 0 for none.
    Revision,
    /// 1 while the policy that came last is refused, else 0.
    Rejected,
    /// The revision of that policy, as a number.
    RejectedRevision,
    /// The offer in force, as a number; 0 for none.
    Offer,
}

/// What Envoy puts before the names that WebAssembly modules define.
pub(crate) const MODULES: &str = "wasmcustom.";
/// What stands around the attachment: the bootstrap's `stats_tags` make a label of it.
const LABEL: (&str, &str) = ("attachment=.=", ";.;");

impl Gauge {
    const ALL: [Gauge; 4] = [Gauge::Revision, Gauge::Rejected, Gauge::RejectedRevision, Gauge::Offer];

    /// The name without the attachment, as Prometheus has it.
    pub fn name(self) -> &'static str {
        match self {
            Gauge::Revision => "weir_policy_revision",
            Gauge::Rejected => "weir_policy_rejected",
            Gauge::RejectedRevision => "weir_policy_rejected_revision",
            Gauge::Offer => "weir_offer",
        }
    }

    /// The gauge of this name.
    pub fn named(name: &str) -> Option<Gauge> {
        Gauge::ALL.into_iter().find(|gauge| gauge.name() == name)
    }

    /// The name by which the filter of an attachment defines it.
    pub fn defined(self, attachment: &str) -> String {
        let (before, after) = LABEL;
        format!("{before}{attachment}{after}{}", self.name())
    }

    /// The name by which Envoy's admin interface shows it.
    pub fn shown(self, attachment: &str) -> String {
        format!("{MODULES}{}", self.defined(attachment))
    }

    /// The attachment and the gauge that Envoy's admin interface shows by this name.
    pub fn read(shown: &str) -> Option<(&str, Gauge)> {
        let (before, after) = LABEL;
        let (attachment, name) = shown.strip_prefix(MODULES)?.strip_prefix(before)?.split_once(after)?;
        Some((attachment, Gauge::named(name)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_public_and_can_be_read_back() {
        assert_eq!(Gauge::Revision.defined("shop"), "attachment=.=shop;.;weir_policy_revision");
        assert_eq!(Gauge::Rejected.shown("shop"), "wasmcustom.attachment=.=shop;.;weir_policy_rejected");
        assert_eq!(Gauge::Offer.defined("shop"), "attachment=.=shop;.;weir_offer");
        for gauge in Gauge::ALL {
            assert_eq!(Gauge::read(&gauge.shown("a.b-c_d")), Some(("a.b-c_d", gauge)));
        }
        for other in ["", "wasmcustom.weir_policy_revision", "wasmcustom.attachment=.=shop;.;weir_tags_dropped_total"] {
            assert_eq!(Gauge::read(other), None, "{other}");
        }
    }
}

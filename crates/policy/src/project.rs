//! `Model -> Model`: what an attachment needs of a policy. An edge needs all of it; where nothing is decided, only what
//! the tags that arrive can ask for, and the units that the attachment names.

use std::borrow::Cow;

use crate::attachment::{Attachment, Role};
use crate::model::{Experiment, Kind, Layer, Model, Variant};

impl Model {
    /// The part of the policy that this attachment is sent, itself a good policy for the attachment's role. It does
    /// there what the whole would do, and goes by the whole's revision.
    pub fn project(&self, attachment: &Attachment) -> Cow<'_, Model> {
        let is_named = |unit: &str| {
            attachment.log_unit.as_deref() == Some(unit) || attachment.sticky.iter().any(|sticky| sticky.unit == unit)
        };
        let layers = match attachment.role {
            Role::Edge => return Cow::Borrowed(self),
            Role::Mesh => self.layers.iter().map(Layer::followed).collect(),
            Role::Inbound => Vec::new(),
        };
        Cow::Owned(Model {
            enabled: self.enabled,
            env_tag: self.env_tag.clone(),
            units: self.units.iter().filter(|(unit, _)| is_named(unit)).cloned().collect(),
            lists: Vec::new(),
            targeting: None,
            holdouts: Vec::new(),
            layers,
        })
    }
}

// Every field is named below: one that is new is not left out, nor sent, without a thought.

impl Layer {
    /// The layer for those who follow its tags. Its line stays, since layers on one line may disagree on routes.
    fn followed(&self) -> Layer {
        Layer {
            id: self.id.clone(),
            enabled: self.enabled,
            unit: None,
            line: self.line.clone(),
            epoch: 0,
            targeting: None,
            overrides: Vec::new(),
            experiments: self.experiments.iter().map(Experiment::followed).collect(),
        }
    }
}

impl Experiment {
    fn followed(&self) -> Experiment {
        Experiment {
            id: self.id.clone(),
            enabled: self.enabled,
            kind: Kind::default(),
            epoch: 0,
            services: self.routed_services().into_iter().map(str::to_owned).collect(),
            slots: Vec::new(),
            overrides: Vec::new(),
            rules: Vec::new(),
            targeting: None,
            audiences: Vec::new(),
            variants: self.variants.iter().map(Variant::followed).collect(),
        }
    }
}

impl Variant {
    fn followed(&self) -> Variant {
        Variant { id: self.id.clone(), ranges: Vec::new(), env_tag: self.env_tag.clone(), routes: self.routes.clone() }
    }
}

//! `Model -> Plan`: the sources, layers, experiments and conditions of a model, compiled for an attachment.

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use weir_policy::model::{
    CookieLife, CookieValue, EVERY_PATH, Experiment, Holdout, Layer, Model, Override, RouteTarget, UnitSource, Variant,
    Who,
};
use weir_policy::{Attachment, Range, Revision, Role, Sticky};

mod conditions;
mod repeated;

use repeated::{Place, Repeated};

use crate::attributes::Attributes;
use crate::extract::Extract;
use crate::listed::{ListId, Listed};
use crate::plan::{
    Asks, Audiences, Cookie, Dealing, ExperimentPlan, HoldoutPlan, LayerPlan, Plan, SERIES_MAX, StickyPlan, TagOf,
    UnitPlan, UnitSourcePlan, VariantPlan,
};
use crate::rules::{Forced, Rule, Rules};
use crate::slot::{Salt, Use};

impl Plan {
    /// Compiles a model for an attachment. `revision` is what the plan calls itself; a plan without one is a
    /// pass-through, which only strips.
    pub fn compile(model: &Model, attachment: &Attachment, revision: Option<Revision>) -> Plan {
        let mut compiler = Compiler::new(model, attachment, revision.is_some());
        let layers: Vec<LayerPlan> = model.layers.iter().map(|layer| compiler.layer(layer)).collect();
        let asks = compiler.asks();
        let lines: HashSet<&str> = model.layers.iter().map(|layer| layer.line.as_str()).collect();
        let is_edge = attachment.role == Role::Edge;
        let tag_cookie = model.env_tag.cookie.as_ref().filter(|_| is_edge && revision.is_some());
        let tag_cookie = tag_cookie.map(|(name, life)| {
            (Cookie::new(name, life, &mut compiler.attributes), compiler.attributes.intern_cookie(name))
        });
        let request_cookie = model.env_tag.request_cookie.clone().filter(|_| is_edge);
        let issues_units = compiler.units.iter().any(|unit| unit.is_issued);
        let writes_cookies = request_cookie.is_some() || issues_units;
        let mut lengths = compiler.attributes.lengths();
        let sticky_names = attachment.sticky.iter().map(|sticky| sticky.header.as_str());
        for name in [model.env_tag.header.as_str(), "content-type", "access-control-request-method"]
            .into_iter()
            .chain(sticky_names)
        {
            lengths.add(name.as_bytes());
        }
        if let Some(join) = attachment.join {
            lengths.add(join.name().as_bytes());
        }
        if model.env_tag.baggage.is_some() {
            lengths.add(b"baggage");
        }
        if writes_cookies || tag_cookie.is_some() {
            [&b"cookie"[..], b":scheme", b"x-forwarded-proto"].into_iter().for_each(|name| lengths.add(name));
        }
        Plan {
            attachment: attachment.clone(),
            revision,
            filter_state_head: revision.map(|revision| format!("1;{revision};")),
            enabled: model.enabled,
            tag_header: model.env_tag.header.clone(),
            baggage: model.env_tag.baggage.clone(),
            request_cookie,
            completes_requests: issues_units || !compiler.extracts.is_empty() || asks.is_some(),
            extracts: compiler.extracts,
            issues_units,
            writes_cookies,
            lengths,
            // An edge believes no tag; what it reads of its own cookie is for the page.
            tags: if is_edge && tag_cookie.is_none() { HashMap::new() } else { tags(&layers) },
            tag_cookie,
            log_unit: attachment.log_unit.as_ref().and_then(|unit| unit_index(model, unit)),
            sticky: sticky(model, attachment),
            attributes: compiler.attributes,
            units: compiler.units,
            asks,
            listed: compiler.listed,
            shares_lines: lines.len() < layers.len(),
            gathers_evidence: compiler.next_in_pool > 0,
            leads_to_services: compiler.leads_to_services,
            holdouts: holdouts(model),
            layers,
        }
    }
}

struct Compiler<'a> {
    model: &'a Model,
    /// Only an edge deals; elsewhere nothing is compiled that only dealing needs.
    deals: bool,
    attributes: Attributes,
    extracts: Vec<Extract>,
    units: Vec<UnitPlan>,
    listed: Listed,
    lists: HashMap<&'a str, ListId>,
    /// Lower-case copies of lists that some condition reads without regard to case.
    folded: HashMap<&'a str, Arc<[Box<[u8]>]>>,
    /// Where the conditions stand that are being compiled.
    place: Place<'a>,
    repeated: Repeated<'a>,
    next_list: u32,
    next_series: u32,
    next_in_pool: u16,
    leads_to_services: bool,
}

impl<'a> Compiler<'a> {
    fn new(model: &'a Model, attachment: &Attachment, is_in_force: bool) -> Compiler<'a> {
        let deals = attachment.role == Role::Edge;
        let mut compiler = Compiler {
            model,
            deals,
            attributes: Attributes::default(),
            extracts: Vec::new(),
            units: Vec::new(),
            listed: Listed::default(),
            lists: HashMap::new(),
            folded: HashMap::new(),
            place: Place::BEFORE_ALL,
            repeated: Repeated::default(),
            next_list: 0,
            next_series: 0,
            next_in_pool: 0,
            leads_to_services: false,
        };
        compiler.units(attachment, is_in_force && model.enabled);
        for (name, values) in model.lists.iter().filter(|_| deals) {
            let list = compiler.list(values);
            compiler.lists.insert(name, list);
        }
        if deals {
            compiler.repeated = Repeated::of(model);
        }
        compiler
    }

    /// Units that nobody asks for are not read.
    fn units(&mut self, attachment: &Attachment, may_issue: bool) {
        let model = self.model;
        for (name, written) in &model.units {
            let holdouts = || model.holdouts.iter().filter(|holdout| holdout.unit == *name);
            let uses = |layer: &Layer| {
                layer.unit.as_ref() == Some(name) || holdouts().any(|holdout| holdout.layers.contains(&layer.id))
            };
            let used_by = model.layers.iter().enumerate().filter(|(_, layer)| self.deals && uses(layer));
            let used_by: Vec<usize> = used_by.map(|(layer, _)| layer).collect();
            let is_weighed = attachment.sticky.iter().any(|sticky| sticky.unit == *name);
            let wanted = is_weighed || !used_by.is_empty();
            let is_read = wanted || attachment.log_unit.as_ref() == Some(name);
            let sources = written.iter().filter(|_| is_read).map(|source| self.unit_source(source)).collect();
            let can_be_issued = written.iter().any(|source| matches!(source, UnitSource::IssuedCookie(..)));
            let is_issued = wanted && self.deals && may_issue && can_be_issued;
            self.units.push(UnitPlan { sources, is_issued, used_by, is_weighed });
        }
    }

    fn unit_source(&mut self, source: &UnitSource) -> UnitSourcePlan {
        let attributes = &mut self.attributes;
        let mut issue = None;
        let id = match source {
            UnitSource::Header(name) => attributes.intern_header(name),
            UnitSource::Query(name) => attributes.intern_query(name),
            UnitSource::Cookie(name, part) if *part == CookieValue::default() => attributes.intern_cookie(name),
            UnitSource::Cookie(name, part) => {
                let (from, to) = (attributes.intern_cookie(name), attributes.intern_extract());
                self.extracts.push(Extract { from, to, part: part.clone() });
                to
            }
            UnitSource::IssuedCookie(name, life) => {
                issue = Some(Cookie::new(name, life, attributes));
                attributes.intern_cookie(name)
            }
        };
        UnitSourcePlan { id, issue }
    }

    fn list(&mut self, values: &[String]) -> ListId {
        let list = ListId(self.next_list);
        self.next_list = self.next_list.saturating_add(1);
        for value in values {
            self.listed.insert(value.as_bytes(), list);
        }
        list
    }

    fn layer(&mut self, layer: &'a Layer) -> LayerPlan {
        self.place = Place::with_ids(layer);
        let mut slots: Vec<(Range, usize)> = Vec::new();
        let mut rules = Vec::new();
        let mut experiments = Vec::with_capacity(layer.experiments.len());
        for (e, experiment) in layer.experiments.iter().enumerate() {
            slots.extend(experiment.slots.iter().map(|range| (*range, e)));
            if experiment.enabled && self.deals {
                for rule in &experiment.rules {
                    let forced =
                        Forced { experiment: Some(e), variant: variant_index(experiment, rule.variant.as_deref()) };
                    rules.push(Rule { when: self.predicate(&rule.when), forced });
                }
            }
            let is_in_pool = self.deals && layer.gathers_evidence_of(experiment);
            experiments.push(self.experiment(experiment, is_in_pool));
        }
        slots.sort_unstable();
        let holdouts = self.model.holdouts.iter().enumerate();
        let holdouts = holdouts.filter(|(_, holdout)| holdout.layers.contains(&layer.id)).map(|(i, _)| i).collect();
        LayerPlan {
            id: layer.id.clone(),
            enabled: layer.enabled,
            is_always_in_play: self.model.enabled
                && layer.enabled
                && self.model.targeting.is_none()
                && layer.targeting.is_none(),
            unit: layer.unit.as_ref().and_then(|unit| unit_index(self.model, unit)),
            salt: Salt::new(Use::Line, &layer.line, layer.epoch),
            holdouts,
            overrides: self.overrides(layer),
            rules: Rules::new(rules),
            slots,
            experiments,
        }
    }

    /// What is asked first, if anything is. It is compiled behind all layers, when it is known what else is asked once.
    fn asks(&mut self) -> Option<Box<Asks>> {
        let model = self.model;
        if !self.deals || !model.enabled {
            return None;
        }
        self.place = Place::BEFORE_ALL;
        let targeting = model.targeting.as_ref().map(|condition| self.predicate(condition));
        let mut layers = Vec::new();
        for (index, layer) in model.layers.iter().enumerate() {
            self.place = Place::as_it_came(layer);
            layers.extend(layer.targeting.as_ref().map(|condition| (index, self.predicate(condition))));
        }
        let asks = Asks { targeting, layers, answers: self.repeated.answers() };
        let asks_any = asks.targeting.is_some() || !asks.layers.is_empty() || asks.answers > 0;
        asks_any.then(|| Box::new(asks))
    }

    fn experiment(&mut self, experiment: &'a Experiment, is_in_pool: bool) -> ExperimentPlan {
        let variants = experiment.variants.iter().map(|variant| self.variant(variant, is_in_pool));
        let variants: Arc<[VariantPlan]> = variants.collect();
        let own = experiment.variants.iter().map(|variant| variant.ranges.as_slice()).enumerate();
        let own = ExperimentPlan::of(experiment, by_slot(own), &variants);
        let targeting = experiment.targeting.as_ref().filter(|_| self.deals).map(|condition| self.predicate(condition));
        if experiment.audiences.is_empty() || !self.deals {
            return ExperimentPlan { dealing: targeting.map_or(Dealing::Everybody, Dealing::Targeted), ..own };
        }
        let each = experiment.audiences.iter().map(|audience| {
            let owned = audience.ranges.iter();
            let owned =
                owned.filter_map(|(arm, owned)| Some((variant_index(experiment, Some(arm))?, owned.as_slice())));
            let plan = ExperimentPlan::of(experiment, by_slot(owned), &variants);
            (self.predicate(&audience.when), ExperimentPlan { audience: Some(audience.id.as_str().into()), ..plan })
        });
        let each = each.collect();
        let dealing = Dealing::Audiences(Box::new(Audiences { targeting, each }));
        ExperimentPlan { dealing, audience: Some("-".into()), ..own }
    }

    fn variant(&mut self, variant: &Variant, is_in_pool: bool) -> VariantPlan {
        let series = Some(self.next_series).filter(|series| *series < SERIES_MAX);
        self.next_series = self.next_series.saturating_add(1);
        let in_pool = is_in_pool.then_some(self.next_in_pool);
        self.next_in_pool = self.next_in_pool.saturating_add(u16::from(is_in_pool));
        let mut routes = Vec::with_capacity(variant.routes.len());
        for (service, target) in &variant.routes {
            self.leads_to_services |= matches!(target, RouteTarget::Service(_));
            routes.push((service.clone(), target.name().to_owned()));
        }
        VariantPlan { id: variant.id.clone(), tag: variant.env_tag.clone(), routes, series, in_pool }
    }

    /// The layer's overrides and its experiments'; a unit stands in one of them only, so their order needs no keeping.
    fn overrides(&mut self, layer: &Layer) -> Vec<(ListId, Forced)> {
        if !self.deals {
            return Vec::new();
        }
        let index: HashMap<&str, usize> =
            layer.experiments.iter().enumerate().map(|(i, one)| (one.id.as_str(), i)).collect();
        let of_experiments = layer.experiments.iter().flat_map(|experiment| &experiment.overrides);
        let mut overrides = Vec::new();
        for one in layer.overrides.iter().chain(of_experiments) {
            if let Some(forced) = forced(layer, &index, one) {
                let list = match &one.who {
                    Who::Units(units) => Some(self.list(units)),
                    Who::List(name) => self.lists.get(name.as_str()).copied(),
                };
                overrides.extend(list.map(|list| (list, forced)));
            }
        }
        overrides.sort_unstable_by_key(|(list, _)| *list);
        overrides
    }
}

/// What an override forces; `None` if it names a disabled experiment and is passed over.
fn forced(layer: &Layer, index: &HashMap<&str, usize>, one: &Override) -> Option<Forced> {
    let Some(id) = &one.experiment else { return Some(Forced { experiment: None, variant: None }) };
    let index = *index.get(id.as_str())?;
    let experiment = layer.experiments.get(index).filter(|experiment| experiment.enabled)?;
    Some(Forced { experiment: Some(index), variant: variant_index(experiment, one.variant.as_deref()) })
}

/// The ranges of variants by their indices, in the order of the slots.
fn by_slot<'a>(owned: impl Iterator<Item = (usize, &'a [Range])>) -> Vec<(Range, usize)> {
    let mut ranges: Vec<_> = owned.flat_map(|(v, ranges)| ranges.iter().map(move |range| (*range, v))).collect();
    ranges.sort_unstable();
    ranges
}

fn variant_index(experiment: &Experiment, id: Option<&str>) -> Option<usize> {
    experiment.variants.iter().position(|variant| Some(variant.id.as_str()) == id)
}

impl ExperimentPlan {
    /// The experiment where the variants own these ranges.
    fn of(experiment: &Experiment, ranges: Vec<(Range, usize)>, variants: &Arc<[VariantPlan]>) -> ExperimentPlan {
        ExperimentPlan {
            id: experiment.id.clone(),
            enabled: experiment.enabled,
            salt: Salt::new(Use::Experiment, &experiment.id, experiment.epoch),
            dealing: Dealing::Everybody,
            audience: None,
            ranges,
            variants: Arc::clone(variants),
        }
    }
}

impl Cookie {
    fn new(name: &str, life: &CookieLife, attributes: &mut Attributes) -> Cookie {
        let request_path = (life.path != EVERY_PATH).then(|| attributes.intern_path());
        Cookie { name: name.to_owned(), life: life.clone(), request_path }
    }
}

fn holdouts(model: &Model) -> Vec<HoldoutPlan> {
    let compile = |holdout: &Holdout| HoldoutPlan {
        salt: Salt::new(Use::Holdout, &holdout.id, holdout.epoch),
        // The checker has seen that the unit exists.
        unit: unit_index(model, &holdout.unit).unwrap_or(usize::MAX),
        share: holdout.share,
    };
    model.holdouts.iter().map(compile).collect()
}

fn sticky(model: &Model, attachment: &Attachment) -> Vec<StickyPlan> {
    let compile = |sticky: &Sticky| StickyPlan {
        salt: Salt::new(Use::Weight, &sticky.id, 0),
        unit: unit_index(model, &sticky.unit),
        header: sticky.header.clone(),
    };
    attachment.sticky.iter().map(compile).collect()
}

fn unit_index(model: &Model, unit: &str) -> Option<usize> {
    model.units.iter().position(|(name, _)| name == unit)
}

fn tags(layers: &[LayerPlan]) -> HashMap<String, TagOf> {
    let mut tags = HashMap::new();
    for (l, layer) in layers.iter().enumerate() {
        for (e, experiment) in layer.experiments.iter().enumerate() {
            for (v, variant) in experiment.variants.iter().enumerate() {
                tags.insert(variant.tag.clone(), TagOf { layer: l, experiment: e, variant: v });
            }
        }
    }
    tags
}

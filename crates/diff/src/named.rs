//! Units that overrides name otherwise than before: they are known by name, and need not be given.

use std::collections::{BTreeMap, BTreeSet};

use weir_policy::Model;
use weir_policy::model::{Override, Who};

use crate::side::{Pair, Side};

/// What an override forces: an experiment, if it says one, and a variant or stable.
type Forced<'a> = (Option<&'a str>, Option<&'a str>);

/// Units of a layer that are forced otherwise than before, sorted.
pub(crate) fn changed<'a>(pair: &Pair<'a>) -> BTreeSet<&'a str> {
    let (before, after) = (forced(&pair.before), forced(&pair.after));
    let units = before.keys().chain(after.keys());
    units.filter(|unit| before.get(*unit) != after.get(*unit)).copied().collect()
}

/// Whether some unit of a layer is forced at all.
pub(crate) fn forces(side: &Side<'_>) -> bool {
    side.layer.is_some_and(|layer| !layer.overrides.is_empty()) || side.in_force().any(|one| !one.overrides.is_empty())
}

fn forced<'a>(side: &Side<'a>) -> BTreeMap<&'a str, Forced<'a>> {
    let mut forced = BTreeMap::new();
    if !side.is_on() {
        return forced;
    }
    let shown: BTreeSet<&str> = side.in_force().map(|one| one.id.as_str()).collect();
    let of_layer = side.layer.into_iter().flat_map(|layer| &layer.overrides);
    // One that names no experiment says stable, whoever else is looked at.
    let of_layer = of_layer.filter(|one| one.experiment.as_deref().is_none_or(|id| shown.contains(id)));
    let of_layer = of_layer.map(|one| (one.experiment.as_deref(), one));
    let own = side.in_force().flat_map(|one| one.overrides.iter().map(move |over| (Some(one.id.as_str()), over)));
    for (experiment, over) in of_layer.chain(own) {
        for unit in units(side.model, over) {
            forced.insert(unit, (experiment, over.variant.as_deref()));
        }
    }
    forced
}

/// The units that an override names.
pub(crate) fn units<'a>(model: &'a Model, over: &'a Override) -> impl Iterator<Item = &'a str> {
    let listed = |name: &String| model.lists.iter().find(|(known, _)| known == name).map(|(_, units)| units.as_slice());
    let units = match &over.who {
        Who::Units(units) => Some(units.as_slice()),
        Who::List(name) => listed(name),
    };
    units.unwrap_or_default().iter().map(String::as_str)
}

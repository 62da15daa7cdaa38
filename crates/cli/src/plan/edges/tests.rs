//! Which listeners are those of the edge.

use super::*;

fn counted(per_second: f64) -> Counted {
    let counts = [(Counter::Total, 100.0), (Counter::Completed, 100.0), (Counter::Error, 2.0)];
    Counted { envoys: 2, per_second, counts: counts.into() }
}

#[test]
fn the_listener_of_the_edge_is_the_only_one_or_is_named() {
    let listeners: Listeners =
        [("admin", 9.0), ("edge", 30.0), ("quiet", 0.0)].map(|(name, rate)| (name.to_owned(), counted(rate))).into();
    let mut two = listeners.clone();
    two.insert("mesh".to_owned(), counted(40.0));
    let chosen = |listeners: &Listeners, named: &[&str]| {
        let named: Vec<String> = named.iter().map(|name| (*name).to_owned()).collect();
        let chosen = chosen(listeners, &named, "http://p").map(|(name, all)| (name, all.envoys, all.rate()));
        chosen.map_err(|failure| failure.text(false))
    };
    assert_eq!(chosen(&listeners, &[]), Ok(("edge".to_owned(), 2, Some(30.0))));
    assert_eq!(chosen(&two, &["edge", "mesh"]), Ok(("edge, mesh".to_owned(), 2, Some(70.0))));
    for (listeners, named, part) in [
        (&two, &[][..], "such as --edge edge"),
        (&two, &[], "edge (30.0/s at 2 Envoys), mesh (40.0/s at 2 Envoys)"),
        (&listeners, &["egde"], "--edge egde: no listener is called so; found edge (30.0/s"),
        (&listeners, &["quiet"], "no requests have come there yet"),
    ] {
        let said = chosen(listeners, named).unwrap_err();
        assert!(said.contains(part), "{said}");
    }
}

//! What happens tick by tick, in a world where every edge answers at once.

use super::testing::*;
use crate::request::Verb;
use crate::state::End;

const STEPS: &str = r#", "warmup": "0s", "steps":
    [{"share": "5%", "hold": "20s"}, {"share": "50%", "hold": "20s"}, {"share": "100%", "hold": "20s"}]"#;

#[test]
fn a_release_goes_from_the_queue_to_the_end() {
    let mut world = World::new().with("owl", "owl.shop", STEPS);
    assert_eq!(world.tick(), ["seen owl", "started owl"]);
    let mut all = Vec::new();
    for _ in 0..30 {
        all.extend(world.tick());
    }
    assert_eq!(all, ["begun owl 0", "begun owl 1", "begun owl 2"]);
    world.ask(Verb::Promote, "owl", None);
    assert_eq!(world.tick(), ["promoted owl", "finished owl"]);
    assert_eq!(world.state.in_force(), []);
    assert_eq!(world.until("reached owl"), 60);
    assert_eq!(ended(&world.state, "owl"), Some(End::Finished));
    // The same file again changes nothing.
    assert_eq!((0..20).flat_map(|_| world.tick()).collect::<Vec<_>>(), [""; 0]);
}

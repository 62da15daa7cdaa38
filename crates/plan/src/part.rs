//! What an edge shows of a service that only some requests meet. An edge sees all requests, so that what one service does
//! worse drowns among them.

/// Beyond so many times as many bad requests of the service a guardrail at the edge is told to see little of it.
pub const RATIO_MAX: f64 = 3.0;

/// How many times as many bad requests a service must have for those of the edge to be `at_edge` times as many, where `part` of the requests
/// meet it and fail as often as others do.
pub fn at_service(at_edge: f64, part: f64) -> f64 {
    1.0 + (at_edge - 1.0) / part
}

/// The other way.
pub fn at_edge(at_service: f64, part: f64) -> f64 {
    1.0 + (at_service - 1.0) * part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_edge_shows_of_a_service() {
        for (service, part, edge) in [(2.0, 1.0, 2.0), (2.0, 0.05, 1.05), (11.0, 0.1, 2.0), (1.0, 0.3, 1.0)] {
            assert!((at_edge(service, part) - edge).abs() < 1e-12, "x{service} of {part}");
            assert!((at_service(edge, part) - service).abs() < 1e-12, "x{edge} of {part}");
        }
    }
}

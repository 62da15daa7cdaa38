//! Random releases, placed, made to a policy and judged here and by `tests/reference/releases`, which somebody wrote who had the
//! text and not this code. `scripts/compare-releases` runs the long form.

mod compare;
mod documents;
mod effective;
mod placement;
mod verdict;

use compare::compare;

#[test]
fn an_implementation_from_the_text_alone_places_them_the_same() {
    compare("placement", 200, placement::compared, placement::REACHED);
}

#[test]
fn an_implementation_from_the_text_alone_makes_the_same_policies() {
    compare("effective", 400, effective::compared, effective::REACHED);
}

#[test]
fn an_implementation_from_the_text_alone_judges_them_the_same() {
    compare("verdict", 120, verdict::compared, verdict::REACHED);
}

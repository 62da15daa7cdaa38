//! Versions against tables and against the semver crate.

use proptest::prelude::*;

use super::*;

fn version(text: &str) -> Version<'_> {
    Version::parse(text.as_bytes()).unwrap_or_else(|| panic!("{text:?} is a version"))
}

#[test]
fn the_grammar() {
    for text in [
        "1",
        "v1",
        "V1.2",
        "1.2.3.4",
        "01.002",
        "123456789012345678901234567890.0",
        "1-a",
        "1.2.3-alpha.1-x.-",
        "1.0.0-007",
        "1+build",
        "1.2.3-rc.1+001.-.sha..x",
        "1.2+a-b",
    ] {
        assert!(Version::parse(text.as_bytes()).is_some(), "{text:?}");
    }
    for text in [
        "",
        "v",
        "vv1",
        "x1",
        "1.2.3.4.5",
        "1.",
        ".1",
        "1..2",
        "1.a",
        "1a",
        "-1",
        "1-",
        "1-a.",
        "1-.a",
        "1-a..b",
        "1-a_b",
        "1+",
        "1+a+b",
        "1+a_b",
        "1-a+",
        "+1",
        "1-+a",
        " 1",
        "1 ",
        "1 .2",
        "١",
    ] {
        assert!(Version::parse(text.as_bytes()).is_none(), "{text:?}");
    }
    assert!(Version::parse(b"1.2-\xff").is_none());
}

#[test]
fn equal_versions() {
    for (left, right) in [
        ("1", "1.0.0.0"),
        ("v1.2", "V1.02.0"),
        ("0", "000.0"),
        ("1+a", "1.0+b"),
        ("1-rc.01", "1.0-rc.1"),
        ("1-0", "1-00"),
    ] {
        assert_eq!(version(left), version(right), "{left} and {right}");
    }
}

#[test]
fn each_is_below_the_next() {
    let ladder = [
        "0-0",
        "0",
        "0.0.0.1",
        "0.9",
        "0.10",
        "1.0.0-1",
        "1.0.0-2",
        "1.0.0-10",
        "1.0.0-99999999999999999999998",
        "1.0.0-99999999999999999999999",
        "1.0.0--",
        "1.0.0-1a",
        "1.0.0-ALPHA",
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.1.0",
        "1.0.0-alpha.beta",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc.1",
        "1.0.0",
        "1.0.0.1",
        "1.0.1-a",
        "1.0.1",
        "9",
        "10",
        "99999999999999999999999998",
        "99999999999999999999999999",
    ];
    for (low, left) in ladder.iter().enumerate() {
        for (high, right) in ladder.iter().enumerate() {
            assert_eq!(version(left).cmp(&version(right)), low.cmp(&high), "{left} against {right}");
        }
    }
}

#[test]
fn requirements() {
    for (requirement, value, expected) in [
        (">=1.2, <2", "1.2", true),
        (">=1.2, <2", "v1.99.3", true),
        (">=1.2, <2", "2.0.0-beta", true),
        (">=1.2, <2", "1.2.0-beta", false),
        (">=1.2, <2", "2", false),
        (">=1.2", "1.3.0-beta", true),
        (">1.2", "1.2.0", false),
        (">1.2", "1.2.0.1", true),
        ("<=1.2", "1.2+build", true),
        ("<=1.2", "1.2.1", false),
        ("<1.2", "1.2", false),
        ("<1.2", "1.2-a", true),
        ("=1.2", "01.2.0", true),
        ("=1.2", "1.2.0-a", false),
        ("\t>= v1 ,<\t2 ", "1.5", true),
        (">=1,>=2,>=3", "2.5", false),
        (">=0", "not a version", false),
        (">=0", "", false),
    ] {
        let parsed = Requirement::parse(requirement).unwrap_or_else(|error| panic!("{requirement}: {error}"));
        assert_eq!(parsed.matches(value.as_bytes()), expected, "{value} against {requirement}");
    }
}

#[test]
fn bad_requirements_say_what_was_found() {
    for (requirement, error) in [
        ("", "a version comparator is empty; write comparators such as >=1.2 between commas"),
        (">=1,", "a version comparator is empty; write comparators such as >=1.2 between commas"),
        (">=1, \t,<2", "a version comparator is empty; write comparators such as >=1.2 between commas"),
        ("1.2", "version comparator \"1.2\" has no operator; begin it with >=, >, <=, < or ="),
        (">=1, ^1.2", "version comparator \"^1.2\" has no operator; begin it with >=, >, <=, < or ="),
        (">= ", "\"\" after >= is not a version; write 1 to 4 numbers such as 1.2 or 1.2.3-beta"),
        ("==1", "\"=1\" after = is not a version; write 1 to 4 numbers such as 1.2 or 1.2.3-beta"),
        ("> =1", "\"=1\" after > is not a version; write 1 to 4 numbers such as 1.2 or 1.2.3-beta"),
        ("<1.2.*", "\"1.2.*\" after < is not a version; write 1 to 4 numbers such as 1.2 or 1.2.3-beta"),
    ] {
        assert_eq!(Requirement::parse(requirement).map(|_| ()), Err(error.to_owned()), "{requirement:?}");
    }
}

/// What semver accepts, so that its order can be the judge.
fn semver_text() -> impl Strategy<Value = String> {
    "(0|[1-9][0-9]{0,2})\\.(0|[1-9])\\.(0|[1-9])(-(0|[1-9][0-9]{0,2}|[0-9]?[a-cA-C-])(\\.(0|[1-9]|[0-9]?[ab-])){0,2})?(\\+[0-9a-z-]{1,3})?"
}

proptest! {
    #[test]
    fn total(value: Vec<u8>, requirement: String) {
        Version::parse(&value);
        if let Ok(requirement) = Requirement::parse(&requirement) {
            requirement.matches(&value);
        }
    }

    #[test]
    fn total_on_what_looks_like_versions(value in "[vV]?[0-9.+a-]{0,12}", requirement in "[<>=]{0,2}[0-9.+a,-]{0,12}") {
        if let (Ok(requirement), None) = (Requirement::parse(&requirement), Version::parse(value.as_bytes())) {
            prop_assert!(!requirement.matches(value.as_bytes()));
        }
    }

    #[test]
    fn orders_as_semver_does(left in semver_text(), right in semver_text()) {
        let judged = semver::Version::parse(&left).unwrap().cmp_precedence(&semver::Version::parse(&right).unwrap());
        prop_assert_eq!(version(&left).cmp(&version(&right)), judged);
        prop_assert_eq!(version(&right).cmp(&version(&left)), judged.reverse());
    }

    #[test]
    fn requirements_agree_with_the_order(left in semver_text(), right in semver_text()) {
        let order = version(&left).cmp(&version(&right));
        for (operator, expected) in [
            (">=", order.is_ge()), (">", order.is_gt()), ("<=", order.is_le()), ("<", order.is_lt()), ("=", order.is_eq()),
        ] {
            let requirement = Requirement::parse(&format!("{operator}{right}")).unwrap();
            prop_assert_eq!(requirement.matches(left.as_bytes()), expected, "{} {}", left, operator);
        }
    }
}

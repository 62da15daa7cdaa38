//! What the design says of arriving tags, line by line.

use proptest::prelude::*;

use super::*;

/// Tags `L<digit>...` are known, of the layer that the digit names.
fn known(tag: &[u8]) -> Option<(usize, ())> {
    match tag {
        [b'L', digit @ b'0'..=b'9', ..] => Some((usize::from(digit - b'0'), ())),
        _ => None,
    }
}

fn arrive<'a>(lines: &[&'a str]) -> (Vec<&'a str>, Dropped) {
    let arrival = read(lines.iter().map(|line| line.as_bytes()), known);
    let tags = arrival.tags.into_iter().map(|tag| match tag {
        Arrived::Unknown(tag) | Arrived::Known { tag, .. } => std::str::from_utf8(tag).unwrap(),
    });
    (tags.collect(), arrival.dropped)
}

#[test]
fn the_grammar_and_both_sides_of_its_limit() {
    let longest = "a".repeat(129);
    for text in ["a", "Z", "0", "a.b_c-d", "owl-v21s3s11", "a-", &longest] {
        assert!(is_tag(text.as_bytes()), "{text:?}");
    }
    let too_long = "a".repeat(130);
    for text in ["", ".a", "_a", "-a", "a b", "a,b", "a/b", "a:b", "a%2C", "é", " a", &too_long] {
        assert!(!is_tag(text.as_bytes()), "{text:?}");
    }
    assert!(!is_tag(b"a\xff") && !is_tag(b"a\0"));
}

#[test]
fn what_is_kept_and_what_is_dropped() {
    let none = Dropped::default();
    for (lines, kept, dropped) in [
        (&[][..], &[][..], none),
        (&[""], &[], none),
        (&[" , ,\t,"], &[], none),
        (&["a"], &["a"], none),
        (&[" a ,\tL1x\t,,b "], &["a", "L1x", "b"], none),
        (&["b", "a,L1x", "", "L0y"], &["b", "a", "L1x", "L0y"], none),
        (&["a,A"], &["a", "A"], none),
        (&["a,b,a", "a"], &["a", "b"], Dropped { duplicate: 2, ..none }),
        (&["-a,b c,é,x"], &["x"], Dropped { malformed: 3, ..none }),
        (&["-a,-a"], &[], Dropped { malformed: 2, ..none }),
        (&["L1x,a,L1y,L2z,L1w"], &["L1x", "a", "L2z"], Dropped { superseded: 2, ..none }),
        (&["L1x,L1x"], &["L1x"], Dropped { duplicate: 1, ..none }),
        (&["L1x,L1y,L1y"], &["L1x"], Dropped { superseded: 1, duplicate: 1, ..none }),
    ] {
        assert_eq!(arrive(lines), (kept.to_vec(), dropped), "{lines:?}");
    }
}

#[test]
fn the_layer_and_the_entry_come_along() {
    let arrival = read([&b"x,L7y"[..]], |tag| (tag == b"L7y").then_some((7, "entry")));
    let expected = [Arrived::Unknown(&b"x"[..]), Arrived::Known { tag: b"L7y", layer: 7, entry: "entry" }];
    assert_eq!(arrival.tags, expected);
}

#[test]
fn sixteen_unknown_tags_and_no_more() {
    let names: Vec<String> = (0..18).map(|n| format!("t{n}")).collect();
    let line = names[..16].join(",");
    let (kept, dropped) = arrive(&[&line]);
    assert_eq!((kept.len(), dropped), (16, Dropped::default()));

    // Known ones do not count, and still come through after the limit.
    let line = format!("L1x,{},L2y,t16", names.join(","));
    let (kept, dropped) = arrive(&[&line]);
    let expected: Vec<&str> =
        std::iter::once("L1x").chain(names[..16].iter().map(String::as_str)).chain(["L2y"]).collect();
    assert_eq!((kept, dropped), (expected, Dropped { overflow: 2, duplicate: 1, ..Dropped::default() }));
}

#[test]
fn a_kilobyte_of_unknown_tags_with_their_commas() {
    // Seven of 129 bytes and six commas leave 115 of 1,024.
    let long: Vec<String> = (0..7).map(|n| format!("{n}{}", "a".repeat(128))).collect();
    let long = long.join(",");
    for (lengths, fitting, overflow) in
        [(&[114][..], &[114][..], 0), (&[115], &[], 1), (&[115, 112, 1], &[112, 1], 1), (&[115, 113, 1], &[113], 2)]
    {
        let more: Vec<String> = ('b'..).zip(lengths).map(|(c, length)| c.to_string().repeat(*length)).collect();
        let line = format!("{long},{},L1x", more.join(","));
        let (kept, dropped) = arrive(&[&line]);
        let (last, unknown) = kept.split_last().unwrap();
        assert_eq!(*last, "L1x");
        assert!(unknown.join(",").len() <= 1_024);
        assert_eq!(unknown[7..].iter().map(|tag| tag.len()).collect::<Vec<_>>(), fitting, "{lengths:?}");
        assert_eq!(dropped, Dropped { overflow, ..Dropped::default() }, "{lengths:?}");
    }
}

#[test]
fn a_count_stops_at_its_top() {
    let mut cause = u32::MAX;
    count(&mut cause);
    assert_eq!(cause, u32::MAX);
}

proptest! {
    #[test]
    fn total_and_nothing_goes_uncounted(
        lines in proptest::collection::vec(prop_oneof![any::<Vec<u8>>(), "[La0-2, .]{0,20}".prop_map(String::into_bytes)], 0..6),
    ) {
        let arrival = read(lines.iter().map(Vec::as_slice), known);
        let pieces: Vec<&[u8]> =
            lines.iter().flat_map(|line| line.split(|b| *b == b',')).map(blank::trim).filter(|p| !p.is_empty()).collect();
        let Dropped { duplicate, malformed, superseded, overflow, baggage_too_large, join_conflict } = arrival.dropped;
        prop_assert_eq!(join_conflict, 0);
        prop_assert_eq!(arrival.tags.len() + (duplicate + malformed + superseded + overflow) as usize, pieces.len());
        prop_assert_eq!(baggage_too_large, 0);
        prop_assert_eq!(arrival.tags.is_empty(), !pieces.iter().any(|piece| is_tag(piece)));
    }

    #[test]
    fn kept_tags_arrive_again_as_they_are(names in proptest::collection::vec("[a-cL][0-9]{1,40}", 0..60)) {
        let line = names.join(",");
        let (kept, _) = arrive(&[&line]);
        let again = kept.join(",");
        prop_assert_eq!(arrive(&[&again]), (kept.clone(), Dropped::default()));
        let unknown: Vec<&str> = kept.into_iter().filter(|tag| !tag.starts_with('L')).collect();
        prop_assert!(unknown.len() <= 16 && unknown.join(",").len() <= 1_024);
    }
}

//! What the design says of baggage, line by line, and that no other byte changes.

use proptest::prelude::*;

use super::*;

fn bytes<'a>(lines: &[&'a str]) -> Vec<&'a [u8]> {
    lines.iter().map(|line| line.as_bytes()).collect()
}

#[test]
fn reading() {
    for (lines, expected) in [
        (&[][..], None),
        (&[""], None),
        (&["a=1,b=2"], None),
        (&["k"], None),
        (&["k;p=1"], None),
        (&["K=1"], None),
        (&["xk=1,kx=2"], None),
        (&["k="], Some("")),
        (&["k=v"], Some("v")),
        (&["a=1, k=v ,b=2"], Some("v")),
        (&["\tk\t=\tv 1\t;p=1;k=w"], Some("v 1")),
        (&["k=v;p"], Some("v")),
        (&["k=;v"], Some("")),
        (&["k=a=b"], Some("a=b")),
        (&["a=1", "k=v", "k=w"], Some("v")),
        (&["k,k=v"], Some("v")),
        (&["k=A%2CB%2cC"], Some("A,B,C")),
        (&["k=%252C"], Some("%2C")),
        (&["k=%2"], Some("%2")),
        (&["k=a+b"], Some("a+b")),
        (&["k=A%3BB;p"], Some("A;B")),
        (&["%6B=v"], None),
    ] {
        let expected = expected.map_or(Member::Absent, |value| Member::Value(Cow::Borrowed(value.as_bytes())));
        assert_eq!(read(&bytes(lines), b"k"), expected, "{lines:?}");
    }
}

#[test]
fn both_sides_of_the_limit_of_bytes() {
    let filler = format!("a={}", "x".repeat(4_094));
    let last = format!("k=v;{}", "x".repeat(4_091));
    assert_eq!(filler.len() + 1 + last.len(), 8_192);
    assert_eq!(read(&bytes(&[&filler, &last]), b"k"), Member::Value(Cow::Borrowed(b"v")));
    let longer = format!("{last}x");
    assert_eq!(read(&bytes(&[&filler, &longer]), b"k"), Member::TooLarge { has_member: true });
    assert_eq!(read(&bytes(&[&format!("{filler},{longer}")]), b"k"), Member::TooLarge { has_member: true });
    assert_eq!(read(&bytes(&[&filler, &longer]), b"other"), Member::TooLarge { has_member: false });
}

#[test]
fn both_sides_of_the_limit_of_members() {
    let sixty_three = vec!["a=1"; 63].join(",");
    assert_eq!(read(&bytes(&[&sixty_three, " ,k=v,, "]), b"k"), Member::Value(Cow::Borrowed(b"v")));
    assert_eq!(read(&bytes(&[&sixty_three, "k=v", "k=w"]), b"k"), Member::TooLarge { has_member: true });
    assert_eq!(read(&bytes(&[&sixty_three, "b", "c"]), b"k"), Member::TooLarge { has_member: false });
}

#[test]
fn writing() {
    for (lines, tags, expected) in [
        // Absent.
        (&[][..], "A", Some(&["k=A"][..])),
        (&[], "A B", Some(&["k=A%2CB"])),
        (&["a=1"], "A", Some(&["a=1,k=A"])),
        (&["a=1", " b=2;p "], "A", Some(&["a=1", " b=2;p ,k=A"])),
        (&["k"], "A", Some(&["k,k=A"])),
        (&[], "", None),
        (&["a=1", ""], "", None),
        // In place.
        (&["k=B"], "A", Some(&["k=A"])),
        (&["a=1,\tk = B;p=1 ,b=2"], "A", Some(&["a=1,\tk=A ,b=2"])),
        (&["a=%41", "k=B , b", "c=3"], "A", Some(&["a=%41", "k=A , b", "c=3"])),
        (&["k=A%2cB"], "A B", Some(&["k=A%2CB"])),
        (&["k=A;p"], "A", Some(&["k=A"])),
        (&["k= A"], "A", Some(&["k=A"])),
        // As it is.
        (&["k=A"], "A", None),
        (&["a=1 , k=A%2CB\t,,b"], "A B", None),
        // Further ones.
        (&["k=A,k=A"], "A", Some(&["k=A"])),
        (&["k=A,b=2,k=B"], "A", Some(&["k=A,b=2"])),
        (&["k=A , k=B , b=2"], "A", Some(&["k=A , b=2"])),
        (&["k=A", "k=B", "b=2"], "A", Some(&["k=A", "b=2"])),
        (&["k=B", "k=A, b=2 "], "A", Some(&["k=A", "b=2 "])),
        // Without tags.
        (&["k=A"], "", Some(&[])),
        (&[" k=A ", "k=B"], "", Some(&[])),
        (&["k=A, b=2 "], "", Some(&["b=2 "])),
        (&[" a=1 , k=A"], "", Some(&[" a=1"])),
        (&[" a=1 , k=A , b=2 "], "", Some(&[" a=1 , b=2 "])),
        (&["k=A, b=2 ,k=B"], "", Some(&["b=2"])),
        (&["a=1", "k=A", "b=2"], "", Some(&["a=1", "b=2"])),
        (&["a=1", " , k=A,"], "", Some(&["a=1"])),
        (&["a=1,,k=A"], "", Some(&["a=1,"])),
        (&["", "k=A"], "", Some(&[])),
        (&["", "k=A", "b=2"], "", Some(&["", "b=2"])),
    ] {
        let tags: Vec<&[u8]> = tags.split_terminator(' ').map(str::as_bytes).collect();
        let expected: Option<Vec<Vec<u8>>> =
            expected.map(|lines: &[&str]| lines.iter().map(|line| line.as_bytes().to_vec()).collect());
        assert_eq!(write(&bytes(lines), b"k", &tags), expected, "{lines:?} with {tags:?}");
    }
}

#[test]
fn bytes_of_others_need_not_be_text() {
    let lines = [&b"a=\xff\0 ;,k=B"[..]];
    assert_eq!(write(&lines, b"k", &[b"A"]), Some(vec![b"a=\xff\0 ;,k=A".to_vec()]));
    assert_eq!(read(&[b"k=%ff\xfe"], b"k"), Member::Value(Cow::Borrowed(b"\xff\xfe")));
}

fn lines() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let piece = prop_oneof![
        "[ \t]{0,2}k[ \t]?=[ \t]?[A-C%2c]{0,4}(;p)?[ \t]{0,2}".prop_map(String::into_bytes),
        "[ \tk=,;a%]{0,6}".prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 0..4),
    ];
    let line = proptest::collection::vec(piece, 0..5).prop_map(|pieces| pieces.join(&b","[..]));
    proptest::collection::vec(line, 0..4)
}

fn borrowed(lines: &[Vec<u8>]) -> Vec<&[u8]> {
    lines.iter().map(Vec::as_slice).collect()
}

proptest! {
    #[test]
    fn total(lines: Vec<Vec<u8>>, key: Vec<u8>, tags: Vec<Vec<u8>>) {
        read(&borrowed(&lines), &key);
        write(&borrowed(&lines), &key, &borrowed(&tags));
    }

    #[test]
    fn what_was_written_is_read_and_stays(lines in lines(), tags in proptest::collection::vec("[A-C]{1,3}", 0..4)) {
        let tags: Vec<&[u8]> = tags.iter().map(String::as_bytes).collect();
        let written = write(&borrowed(&lines), b"k", &tags).unwrap_or(lines);
        let expected =
            if tags.is_empty() { Member::Absent } else { Member::Value(Cow::Owned(tags.join(&b","[..]))) };
        prop_assert_eq!(read(&borrowed(&written), b"k"), expected);
        prop_assert_eq!(write(&borrowed(&written), b"k", &tags), None);
    }

    #[test]
    fn members_of_others_stay_in_order(lines in lines(), tags in proptest::collection::vec("[A-C]{1,3}", 0..4)) {
        let others = |lines: &[Vec<u8>]| -> Vec<Vec<u8>> {
            members(&borrowed(lines)).filter(|piece| value(piece, b"k").is_none()).map(<[u8]>::to_vec).collect()
        };
        let tags: Vec<&[u8]> = tags.iter().map(String::as_bytes).collect();
        if let Some(written) = write(&borrowed(&lines), b"k", &tags) {
            prop_assert_eq!(others(&written), others(&lines));
        }
    }

    #[test]
    fn lines_without_our_member_keep_every_byte(before in lines(), after in lines()) {
        let foreign = |line: &Vec<u8>| members(&[line.as_slice()]).all(|piece| value(piece, b"k").is_none());
        let before: Vec<Vec<u8>> = before.into_iter().filter(foreign).collect();
        let after: Vec<Vec<u8>> = after.into_iter().filter(foreign).collect();
        let lines = [before.clone(), vec![b"k=B".to_vec()], after.clone()].concat();
        let expected = [before, vec![b"k=A".to_vec()], after].concat();
        prop_assert_eq!(write(&borrowed(&lines), b"k", &[b"A"]), Some(expected));
    }
}

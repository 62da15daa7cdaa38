//! Walks the host's serialized header map in place: counts and lengths first, then the bytes, each ended by a NUL.

use std::slice::Iter;

/// Names and values; ends early where the buffer is not what it says, and never fails.
#[derive(Clone)]
pub(crate) struct Pairs<'a> {
    /// Of a name and of its value, four bytes each.
    lengths: Iter<'a, [u8; 8]>,
    bytes: &'a [u8],
}

impl<'a> Pairs<'a> {
    pub(crate) fn new(buffer: &'a [u8]) -> Pairs<'a> {
        let (lengths, bytes) = Pairs::split(buffer).unwrap_or_default();
        Pairs { lengths: lengths.iter(), bytes }
    }

    fn split(buffer: &'a [u8]) -> Option<(&'a [[u8; 8]], &'a [u8])> {
        let (count, rest) = buffer.split_first_chunk()?;
        let (lengths, bytes) =
            rest.split_at_checked(usize::try_from(u32::from_le_bytes(*count)).ok()?.checked_mul(8)?)?;
        Some((lengths.as_chunks().0, bytes))
    }

    fn pair(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        let [n0, n1, n2, n3, v0, v1, v2, v3] = *self.lengths.next()?;
        let name_length = usize::try_from(u32::from_le_bytes([n0, n1, n2, n3])).ok()?;
        let value_length = usize::try_from(u32::from_le_bytes([v0, v1, v2, v3])).ok()?;
        let (name, bytes) = self.bytes.split_at_checked(name_length)?;
        let (value, bytes) = bytes.get(1..)?.split_at_checked(value_length)?;
        self.bytes = bytes.get(1..)?;
        Some((name, value))
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a [u8], &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let pair = self.pair();
        if pair.is_none() {
            self.lengths = [].iter();
        }
        pair
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serialized(pairs: &[(&[u8], &[u8])]) -> Vec<u8> {
        let mut buffer = u32::try_from(pairs.len()).unwrap().to_le_bytes().to_vec();
        for (name, value) in pairs {
            buffer.extend(u32::try_from(name.len()).unwrap().to_le_bytes());
            buffer.extend(u32::try_from(value.len()).unwrap().to_le_bytes());
        }
        for (name, value) in pairs {
            buffer.extend([*name, b"\0", *value, b"\0"].concat());
        }
        buffer
    }

    const HEADERS: &[(&[u8], &[u8])] =
        &[(b":path", b"/"), (b"cookie", b"a=1"), (b"cookie", b"b=2"), (b"x-odd", b"\xff\0\n"), (b"x-empty", b"")];

    #[test]
    fn pairs_come_in_order_with_their_bytes_untouched() {
        assert_eq!(Pairs::new(&serialized(HEADERS)).collect::<Vec<_>>(), HEADERS);
        assert_eq!(Pairs::new(&serialized(&[])).count(), 0);
    }

    #[test]
    fn a_buffer_cut_anywhere_gives_only_whole_pairs() {
        let buffer = serialized(HEADERS);
        for end in 0..buffer.len() {
            let pairs: Vec<_> = Pairs::new(&buffer[..end]).collect();
            assert!(pairs.len() < HEADERS.len(), "{end}");
            assert_eq!(pairs, &HEADERS[..pairs.len()], "{end}");
        }
    }

    #[test]
    fn lengths_beyond_the_buffer_end_the_walk() {
        let mut buffer = serialized(HEADERS);
        // The length of the second value.
        buffer[16..20].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(Pairs::new(&buffer).collect::<Vec<_>>(), &HEADERS[..1]);
        assert_eq!(Pairs::new(&u32::MAX.to_le_bytes()).count(), 0);
    }

    #[test]
    fn any_single_changed_byte_is_survived() {
        let buffer = serialized(HEADERS);
        for at in 0..buffer.len() {
            for byte in [0, 1, 0x7f, 0x80, 0xff] {
                let mut broken = buffer.clone();
                broken[at] = byte;
                let mut pairs = Pairs::new(&broken);
                assert!(pairs.by_ref().count() <= HEADERS.len());
                assert_eq!(pairs.next(), None, "the walk stays ended");
            }
        }
    }
}

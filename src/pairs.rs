//! Walks the host's serialized header map in place: counts and lengths first, then the bytes, each ended by a NUL.

/// Names and values; ends early where the buffer is not what it says, and never fails.
pub(crate) struct Pairs<'a> {
    lengths: &'a [u8],
    bytes: &'a [u8],
}

impl<'a> Pairs<'a> {
    pub(crate) fn new(buffer: &'a [u8]) -> Pairs<'a> {
        Pairs::split(buffer).unwrap_or(Pairs { lengths: &[], bytes: &[] })
    }

    fn split(buffer: &'a [u8]) -> Option<Pairs<'a>> {
        let (count, rest) = length(buffer)?;
        let (lengths, bytes) = rest.split_at_checked(count.checked_mul(8)?)?;
        Some(Pairs { lengths, bytes })
    }

    fn pair(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        let (name_length, lengths) = length(self.lengths)?;
        let (value_length, lengths) = length(lengths)?;
        let (name, bytes) = terminated(self.bytes, name_length)?;
        let (value, bytes) = terminated(bytes, value_length)?;
        *self = Pairs { lengths, bytes };
        Some((name, value))
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let pair = self.pair();
        if pair.is_none() {
            self.lengths = &[];
        }
        pair
    }
}

fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    Some((usize::try_from(u32::from_le_bytes(*length)).ok()?, rest))
}

fn terminated(bytes: &[u8], length: usize) -> Option<(&[u8], &[u8])> {
    let (text, rest) = bytes.split_at_checked(length)?;
    let (_nul, rest) = rest.split_first()?;
    Some((text, rest))
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

//! MurmurHash3_x64_128 with seed 0, fed in pieces, of which only the first 8 bytes are asked for.
//!
//! Written out because every layer of every request is hashed: what a salt adds is mixed when the plan is compiled,
//! and nothing is copied, allocated or looked up by index while deciding.

const BLOCK: usize = 16;
const C1: u64 = 0x87c3_7b91_1142_53d5;
const C2: u64 = 0x4cf5_ad43_2745_937f;

/// What has been hashed so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Murmur {
    h1: u64,
    h2: u64,
    /// The bytes that do not fill a block yet, the first one lowest, zeros above them.
    tail: u128,
    /// All bytes, those of the tail too.
    length: u64,
}

impl Murmur {
    /// The state after more bytes.
    #[inline]
    pub(crate) fn then(mut self, bytes: &[u8]) -> Murmur {
        let held = (self.length % 16) as usize;
        self.length = self.length.wrapping_add(bytes.len() as u64);
        // What does not fit in the block is shifted out, and is read once more below.
        self.tail |= padded(bytes).wrapping_shl(held.wrapping_mul(8) as u32);
        let Some(behind) = bytes.get(BLOCK.wrapping_sub(held)..) else { return self };
        self.mix(self.tail);
        let (blocks, behind) = behind.as_chunks::<BLOCK>();
        for block in blocks {
            self.mix(u128::from_le_bytes(*block));
        }
        self.tail = padded(behind);
        self
    }

    fn mix(&mut self, block: u128) {
        self.h1 ^= scrambled_low(block);
        self.h1 = self.h1.rotate_left(27).wrapping_add(self.h2).wrapping_mul(5).wrapping_add(0x52dc_e729);
        self.h2 ^= scrambled_high(block);
        self.h2 = self.h2.rotate_left(31).wrapping_add(self.h1).wrapping_mul(5).wrapping_add(0x3849_5ab5);
    }

    /// The first 8 bytes of the digest, little endian.
    #[inline]
    pub(crate) fn first_half(self) -> u64 {
        // Zeros scramble to zeros, so a tail needs no case of its own.
        let h1 = self.h1 ^ scrambled_low(self.tail) ^ self.length;
        let h2 = self.h2 ^ scrambled_high(self.tail) ^ self.length;
        let h1 = h1.wrapping_add(h2);
        let h2 = h2.wrapping_add(h1);
        avalanche(h1).wrapping_add(avalanche(h2))
    }
}

fn scrambled_low(block: u128) -> u64 {
    (block as u64).wrapping_mul(C1).rotate_left(31).wrapping_mul(C2)
}

fn scrambled_high(block: u128) -> u64 {
    ((block >> 64) as u64).wrapping_mul(C2).rotate_left(33).wrapping_mul(C1)
}

fn avalanche(mut h: u64) -> u64 {
    h = (h ^ (h >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    h = (h ^ (h >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    h ^ (h >> 33)
}

/// The first 16 bytes, the first one lowest; zeros where there are fewer.
fn padded(bytes: &[u8]) -> u128 {
    // Fewer than 16 are read as two words that may overlap: where they do, they agree, so joining them is right.
    let behind = |width: usize| (bytes.len().wrapping_sub(width) as u32).wrapping_mul(8);
    if let Some(block) = bytes.first_chunk::<BLOCK>() {
        u128::from_le_bytes(*block)
    } else if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        u128::from(u64::from_le_bytes(*first)) | u128::from(u64::from_le_bytes(*last)).wrapping_shl(behind(8))
    } else if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        u128::from(u64::from(first) | u64::from(last).wrapping_shl(behind(4)))
    } else {
        bytes.iter().rev().fold(0, |word, byte| word << 8 | u128::from(*byte))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What the crate `murmur3` makes of the same bytes.
    fn judged(bytes: &[u8]) -> u64 {
        murmur3::murmur3_x64_128(&mut &*bytes, 0).unwrap() as u64
    }

    fn first_half(pieces: &[&[u8]]) -> u64 {
        pieces.iter().fold(Murmur::default(), |state, piece| state.then(piece)).first_half()
    }

    #[test]
    fn every_short_text_cut_everywhere() {
        let text: Vec<u8> = (0..=64_u8).map(|byte| byte.wrapping_mul(151) ^ 0xa5).collect();
        for length in 0..=text.len() {
            let text = &text[..length];
            for cut in 0..=length {
                let (salt, unit) = text.split_at(cut);
                assert_eq!(first_half(&[salt, unit]), judged(text), "{length} bytes cut at {cut}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_salt_and_unit(salt in bytes(), unit in bytes()) {
            prop_assert_eq!(first_half(&[&salt, &unit]), judged(&[salt, unit].concat()));
        }

        #[test]
        fn any_number_of_pieces(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..8)) {
            let slices: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
            prop_assert_eq!(first_half(&slices), judged(&pieces.concat()));
        }
    }

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(any::<u8>(), 0..=600)
    }
}

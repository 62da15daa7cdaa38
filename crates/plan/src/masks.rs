//! Masks: the services of releases, each a bit. Two releases whose masks have no common bit may have the same users.

use std::collections::BTreeMap;

use weir_release::Release;

/// The bit of each service that some release touches: by name, from 0 on.
pub struct Masks<'a>(BTreeMap<&'a str, usize>);

impl<'a> Masks<'a> {
    /// Of these releases.
    pub fn of(releases: impl IntoIterator<Item = &'a Release>) -> Masks<'a> {
        let services = releases.into_iter().flat_map(|release| &release.services);
        let mut bits: BTreeMap<&str, usize> = services.map(|service| (service.as_str(), 0)).collect();
        bits.values_mut().enumerate().for_each(|(bit, of)| *of = bit);
        Masks(bits)
    }

    /// All services, each with its bit.
    pub fn services(&self) -> impl Iterator<Item = (&'a str, usize)> {
        self.0.iter().map(|(service, bit)| (*service, *bit))
    }

    /// The bits of a release.
    pub fn bits(&self, release: &Release) -> Vec<usize> {
        release.services.iter().filter_map(|service| self.0.get(service.as_str()).copied()).collect()
    }
}

/// A mask as a number: decimal as far as 64 bits hold it, else hexadecimal.
pub fn number(bits: &[usize]) -> String {
    if bits.iter().all(|bit| *bit < 64) {
        return bits.iter().fold(0_u64, |mask, bit| mask | 1 << bit).to_string();
    }
    let digits = bits.iter().max().map_or(0, |bit| bit >> 2);
    let digit = |at: usize| bits.iter().filter(|bit| **bit >> 2 == at).fold(0_u32, |digit, bit| digit | 1 << (bit & 3));
    let digits = (0..=digits).rev().filter_map(|at| char::from_digit(digit(at), 16));
    format!("0x{}", digits.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_is_the_sum_of_its_bits() {
        for (bits, expected) in [
            (vec![], "0"),
            (vec![0], "1"),
            (vec![1, 2], "6"),
            (vec![63], "9223372036854775808"),
            (vec![0, 64], "0x10000000000000001"),
            (vec![5, 70], "0x400000000000000020"),
        ] {
            assert_eq!(number(&bits), expected, "{bits:?}");
        }
    }
}

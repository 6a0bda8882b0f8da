//! the chunks that hold a word → bytes, and back
//!
//! For each chunk its distance from the one before and how often each field has the word. Nearly always that is once in
//! the body, so that takes no byte of its own. Reading never fails: bytes that make no sense end the list, as those of
//! a forged file may, and a chunk's number is for the reader to check.

/// How often a word stands in a chunk's title, its headings and its body.
pub(super) type Counts = [u32; 3];

/// What follows a distance; it stands in the two lowest bits.
const ONCE_IN_BODY: u64 = 0;
const IN_BODY: u64 = 1;
const IN_ALL: u64 = 2;

/// Appends a chunk that comes `distance` after the last one; the first counts from 0.
pub(super) fn push(postings: &mut Vec<u8>, distance: u32, counts: Counts) {
    let distance = u64::from(distance) << 2;
    match counts {
        [0, 0, 1] => push_number(postings, distance | ONCE_IN_BODY),
        [0, 0, body] => {
            push_number(postings, distance | IN_BODY);
            push_number(postings, u64::from(body));
        }
        _ => {
            push_number(postings, distance | IN_ALL);
            counts.iter().for_each(|&count| push_number(postings, u64::from(count)));
        }
    }
}

/// The chunks of a list and their counts, by rising number.
pub(super) struct Postings<'a> {
    bytes: &'a [u8],
    chunk: u32,
}

impl<'a> Postings<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, chunk: 0 }
    }
}

impl Iterator for Postings<'_> {
    type Item = (u32, Counts);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let head = number(&mut self.bytes)?;
        self.chunk = self.chunk.checked_add(u32::try_from(head >> 2).ok()?)?;
        let mut count = || number(&mut self.bytes).map(|count| count as u32);
        let counts = match head & 3 {
            ONCE_IN_BODY => [0, 0, 1],
            IN_BODY => [0, 0, count()?],
            _ => [count()?, count()?, count()?],
        };
        Some((self.chunk, counts))
    }
}

/// Appends a number as LEB128: seven bits a byte, the lowest first.
pub(super) fn push_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Takes a number off the front; nothing where it is cut or has more than 64 bits.
#[inline]
pub(super) fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pushed_is_read_again() {
        let list = [(0, [0, 0, 1]), (1, [1, 0, 0]), (200, [0, 0, 300]), (u32::MAX, [7, u32::MAX, 2])];
        let mut bytes = Vec::new();
        let mut last = 0;
        for (chunk, counts) in list {
            push(&mut bytes, chunk - last, counts);
            last = chunk;
        }
        assert_eq!(Postings::new(&bytes).collect::<Vec<_>>(), list);
    }

    #[test]
    fn most_postings_take_a_byte() {
        let mut bytes = Vec::new();
        push(&mut bytes, 31, [0, 0, 1]);
        assert_eq!(bytes.len(), 1);
    }

    #[test]
    fn senseless_bytes_end_the_list() {
        assert_eq!(Postings::new(&[0x80; 20]).next(), None);
        let mut past_the_end = Vec::new();
        push(&mut past_the_end, u32::MAX, [0, 0, 1]);
        push(&mut past_the_end, 1, [0, 0, 1]);
        assert_eq!(Postings::new(&past_the_end).count(), 1);
    }
}

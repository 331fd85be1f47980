//! Bits of the input, the lowest of each byte first (RFC 1951, section 3.1.1).

use super::codes::Entry;

/// Bits that were read and not used yet.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bits {
    /// The next bit is the lowest. Above `count` of them come, if any, those that the input goes on with.
    word: u64,
    /// How many there are.
    count: u8,
}

impl Bits {
    /// How many there are.
    pub fn count(self) -> u8 {
        self.count
    }

    /// The next ones, the first at the bottom. There may be fewer than 64: see [`Bits::count`].
    pub fn peek(self) -> u64 {
        self.word
    }

    /// Reads whole bytes until there are `wanted`, at most 56; answers whether the input held enough.
    pub fn read(&mut self, wanted: u8, input: &mut &[u8]) -> bool {
        while self.count < wanted {
            let Some((first, rest)) = input.split_first() else {
                return false;
            };
            self.word |= u64::from(*first) << (self.count & 63);
            self.count += 8;
            *input = rest;
        }
        true
    }

    /// Reads so many bytes at once that there are at least 56 bits; does nothing, and answers so, when the input is shorter
    /// than eight bytes. Once it was called, [`Bits::settle`] comes before [`Bits::read`].
    #[inline(always)]
    pub fn refill(&mut self, input: &mut &[u8]) -> bool {
        let Some(eight) = input.first_chunk::<8>() else {
            return false;
        };
        self.word |= u64::from_le_bytes(*eight) << (self.count & 63);
        let used = usize::from(7 - (self.count >> 3 & 7));
        *input = input.get(used..).unwrap_or_default();
        self.count |= 56;
        true
    }

    /// Forgets what [`Bits::refill`] saw of the byte that is read next.
    pub fn settle(&mut self) {
        self.word &= (1 << (self.count & 63)) - 1;
    }

    /// Uses up the bits of an entry, of which there must be enough; answers what they were looked up in.
    #[inline(always)]
    pub fn take(&mut self, entry: Entry) -> u64 {
        let before = self.word;
        self.word >>= entry.bits() & 63;
        self.count = self.count.wrapping_sub(entry.bits());
        before
    }

    /// Uses up `count` bits, at most 32, of which there must be enough.
    pub fn number(&mut self, count: u8) -> usize {
        let number = self.word & ((1 << count) - 1);
        self.word >>= count;
        self.count -= count;
        usize::try_from(number).unwrap_or(usize::MAX)
    }
}

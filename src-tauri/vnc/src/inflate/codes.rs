//! Huffman codes as tables that the next bits are looked up in (RFC 1951, sections 3.2.1 to 3.2.7).

use std::ops::Range;

/// No code is longer, in bits.
const MAX_BITS: usize = 15;
const WORD_BITS: usize = usize::BITS as usize;
/// Bits that literals and lengths are looked up by at first. Larger tables leave the processor's nearest cache and take longer
/// to build, smaller ones need a second look too often: measured.
pub const LITERAL_BITS: usize = 10;
/// The same for distances.
pub const DISTANCE_BITS: usize = 9;
/// Codes that have a length in the table of a block: with the two that mean nothing and stand in the fixed one.
const MAX_SYMBOLS: usize = 288;
/// A code for literals and lengths.
pub type Literals = Table<LITERAL_BITS, { size(LITERAL_BITS, MAX_SYMBOLS) }>;
/// A code for distances.
pub type Distances = Table<DISTANCE_BITS, { size(DISTANCE_BITS, 32) }>;
/// A code for the lengths of codes, of which none is longer than seven bits.
pub type CodeLengths = Table<7, { 1 << 7 }>;

/// Lengths of codes that are no code: some bits would mean two things, or nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoCode;

/// What the next bits mean.
///
/// From the lowest bit: 8 bits for how many bits are used up, 4 for how many of them are the code, 3 for the kind of a rare
/// entry, 1 that tells such a one, 15 for a literal, a number to add the bits behind the code to, or a place in the table, and
/// 1 that tells a literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry(u32);

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A byte.
    Literal,
    /// A number.
    Number,
    /// The end of a block.
    End,
    /// A code longer than the table is wide: its rest is looked up further on.
    Longer,
    /// Nothing.
    None,
}

impl Entry {
    const LITERAL: u32 = 1 << 31;
    const RARE: u32 = 1 << 15;
    const END: u32 = Self::RARE | 1 << 12;
    const LONGER: u32 = Self::RARE | 2 << 12;
    const NONE: u32 = Self::RARE;
    /// What stands where no code leads to.
    const NOTHING: Self = Self::new(Self::NONE, 0, 0, 1);

    /// `value` has at most 15 bits, `code` and `extra` are numbers of bits.
    const fn new(kind: u32, value: u16, extra: u8, code: u8) -> Self {
        let numbers = (value as u32) << 16 | (code as u32) << 8 | (code + extra) as u32;
        Self(kind | numbers)
    }

    /// Bits it uses up.
    #[inline(always)]
    pub fn bits(self) -> u8 {
        self.0.to_le_bytes()[0]
    }

    /// Whether it is a byte.
    #[inline(always)]
    pub fn is_literal(self) -> bool {
        self.0 & Self::LITERAL != 0
    }

    /// Whether it is neither a byte nor a number.
    #[inline(always)]
    pub fn is_rare(self) -> bool {
        self.0 & Self::RARE != 0
    }

    /// The byte.
    #[inline(always)]
    pub fn byte(self) -> u8 {
        self.0.to_le_bytes()[2]
    }

    /// The number, with what stands behind the code in `bits`, which it was looked up in.
    #[inline(always)]
    pub fn number(self, bits: u64) -> usize {
        let code = self.0 >> 8 & 15;
        self.value() + ((bits & ((1 << (self.bits() & 63)) - 1)) >> code) as usize
    }

    #[inline(always)]
    fn value(self) -> usize {
        (self.0 >> 16) as usize
    }

    /// The same for bits that `passed` others come before.
    pub fn behind(self, passed: Self) -> Self {
        let passed = u32::from(passed.bits());
        Self(self.0 + (passed << 8 | passed))
    }

    /// What it is.
    pub fn kind(self) -> Kind {
        match self.0 & (Self::LITERAL | Self::RARE | 7 << 12) {
            kind if kind & Self::LITERAL != 0 => Kind::Literal,
            kind if kind & Self::RARE == 0 => Kind::Number,
            Self::END => Kind::End,
            Self::LONGER => Kind::Longer,
            _ => Kind::None,
        }
    }
}

/// A code. It is entered with the next `BITS` bits, or with fewer if no code of the block is as long; what is longer goes on in
/// further parts of `1 << (MAX_BITS - BITS)` entries each.
pub struct Table<const BITS: usize, const SIZE: usize> {
    entries: Box<[Entry; SIZE]>,
    /// The bits it is entered with.
    mask: usize,
}

/// Entries of a table: each of its further parts holds two codes at least.
const fn size(bits: usize, symbols: usize) -> usize {
    (1 << bits) + ((symbols / 2) << (MAX_BITS - bits))
}

impl<const BITS: usize, const SIZE: usize> Table<BITS, SIZE> {
    /// A code that means nothing.
    pub fn new() -> Self {
        Self {
            entries: Box::new([Entry::NOTHING; SIZE]),
            mask: 0,
        }
    }

    /// Looks the next bits up.
    #[inline(always)]
    pub fn first(&self, bits: u64) -> Entry {
        self.at(bits as usize & self.mask)
    }

    /// Looks the bits behind those of `entry` up, which said [`Kind::Longer`].
    #[inline(always)]
    pub fn further(&self, entry: Entry, bits: u64) -> Entry {
        self.at(entry.value() + (bits as usize & ((1 << (MAX_BITS - BITS)) - 1)))
    }

    #[inline(always)]
    fn at(&self, index: usize) -> Entry {
        self.entries.get(index).copied().unwrap_or(Entry::NOTHING)
    }

    /// Takes on the code whose symbols have codes of these lengths: none longer than [`MAX_BITS`], 0 for no code.
    ///
    /// # Errors
    /// The lengths make no code. A single code of one bit is one, and so is none at all.
    pub fn build(
        &mut self,
        lengths: &[u8],
        meaning: impl Fn(usize, u8) -> Entry,
    ) -> Result<(), NoCode> {
        let sorted = Sorted::new(lengths)?;
        let bits = sorted.longest.clamp(1, BITS);
        let width = 1 << bits;
        self.mask = width - 1;
        if !sorted.is_complete {
            self.put(0..width, Entry::NOTHING)?;
        }
        // Codes of a length are numbers that follow each other, and go on with a zero behind them for the next length. They come
        // with their first bit first, and so are entered the other way round.
        let mut code = 0_usize;
        let turned = |code: usize, length: usize| code.reverse_bits() >> (WORD_BITS - length);
        for length in 1..=bits {
            // What was entered so far does not look at this bit.
            if sorted.is_complete {
                let half = 1 << (length - 1);
                self.entries.copy_within(..half, half);
            }
            for symbol in sorted.of_length(length) {
                let entry = meaning(usize::from(*symbol), length as u8);
                let place = turned(code, length);
                self.put(place..place + 1, entry)?;
                code += 1;
            }
            code <<= 1;
        }
        let part_size = 1 << (MAX_BITS - BITS);
        let (mut start, mut part) = (None, 0..width);
        for length in BITS + 1..=sorted.longest {
            for symbol in sorted.of_length(length) {
                let place = turned(code, length);
                let first = place & self.mask;
                if start != Some(first) {
                    start = Some(first);
                    part = part.end..part.end + part_size;
                    let at = u16::try_from(part.start).map_err(|_| NoCode)?;
                    let longer = Entry::new(Entry::LONGER, at, 0, BITS as u8);
                    self.put(first..first + 1, longer)?;
                }
                let entry = meaning(usize::from(*symbol), (length - BITS) as u8);
                for index in (part.start + (place >> BITS)..part.end).step_by(1 << (length - BITS))
                {
                    self.put(index..index + 1, entry)?;
                }
                code += 1;
            }
            code <<= 1;
        }
        Ok(())
    }

    fn put(&mut self, places: Range<usize>, entry: Entry) -> Result<(), NoCode> {
        self.entries.get_mut(places).ok_or(NoCode)?.fill(entry);
        Ok(())
    }
}

/// Symbols by the lengths of their codes.
struct Sorted {
    /// Shorter ones first, and among those of a length smaller ones.
    symbols: [u16; MAX_SYMBOLS],
    /// Where those of a length end.
    ends: [usize; MAX_BITS + 1],
    /// The longest code.
    longest: usize,
    /// Whether all bits mean something.
    is_complete: bool,
}

impl Sorted {
    fn new(lengths: &[u8]) -> Result<Self, NoCode> {
        let mut counts = [0_usize; MAX_BITS + 1];
        for length in lengths {
            *counts.get_mut(usize::from(*length)).ok_or(NoCode)? += 1;
        }
        let (mut ends, mut end, mut free, mut longest) = ([0; MAX_BITS + 1], 0, 1, 0);
        for (length, (count, slot)) in counts.into_iter().zip(&mut ends).enumerate().skip(1) {
            free = usize::checked_sub(free << 1, count).ok_or(NoCode)?;
            if count > 0 {
                longest = length;
            }
            // The start at first; it moves to the end below.
            *slot = end;
            end += count;
        }
        if free > 0 && longest > 1 {
            return Err(NoCode);
        }
        let mut symbols = [0; MAX_SYMBOLS];
        for (symbol, length) in lengths
            .iter()
            .enumerate()
            .filter(|(_, length)| **length > 0)
        {
            let slot = ends.get_mut(usize::from(*length)).ok_or(NoCode)?;
            *symbols.get_mut(*slot).ok_or(NoCode)? = u16::try_from(symbol).map_err(|_| NoCode)?;
            *slot += 1;
        }
        Ok(Self {
            symbols,
            ends,
            longest,
            is_complete: free == 0,
        })
    }

    fn of_length(&self, length: usize) -> &[u16] {
        let end = |length: usize| self.ends.get(length).copied().unwrap_or_default();
        self.symbols
            .get(end(length - 1)..end(length))
            .unwrap_or_default()
    }
}

/// What a symbol of literals and lengths means, its code being `code` bits long.
pub fn literal(symbol: usize, code: u8) -> Entry {
    const LENGTHS: [(u16, u8); 29] = [
        (3, 0),
        (4, 0),
        (5, 0),
        (6, 0),
        (7, 0),
        (8, 0),
        (9, 0),
        (10, 0),
        (11, 1),
        (13, 1),
        (15, 1),
        (17, 1),
        (19, 2),
        (23, 2),
        (27, 2),
        (31, 2),
        (35, 3),
        (43, 3),
        (51, 3),
        (59, 3),
        (67, 4),
        (83, 4),
        (99, 4),
        (115, 4),
        (131, 5),
        (163, 5),
        (195, 5),
        (227, 5),
        (258, 0),
    ];
    match (u8::try_from(symbol), symbol.checked_sub(257)) {
        (Ok(byte), _) => Entry::new(Entry::LITERAL, u16::from(byte), 0, code),
        (_, None) => Entry::new(Entry::END, 0, 0, code),
        (_, Some(length)) => match LENGTHS.get(length) {
            Some((value, extra)) => Entry::new(0, *value, *extra, code),
            None => Entry::new(Entry::NONE, 0, 0, code),
        },
    }
}

/// What a symbol of distances means.
pub fn distance(symbol: usize, code: u8) -> Entry {
    match symbol {
        0..=1 => Entry::new(0, symbol as u16 + 1, 0, code),
        2..=29 => {
            let extra = symbol as u16 / 2 - 1;
            let value = ((2 | symbol as u16 & 1) << extra) + 1;
            Entry::new(0, value, extra as u8, code)
        }
        _ => Entry::new(Entry::NONE, 0, 0, code),
    }
}

/// A symbol as a number.
pub fn number(symbol: usize, code: u8) -> Entry {
    Entry::new(0, symbol as u16, 0, code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_code_is_refused() {
        let cases: [(&[u8], bool); 7] = [
            (&[], true),
            (&[1], true),
            (&[0, 1], true),
            (&[1, 1], true),
            (&[1, 1, 1], false),
            (&[2], false),
            (&[1, 2], false),
        ];
        for (lengths, is_code) in cases {
            let built = Distances::new().build(lengths, distance);
            assert_eq!(built.is_ok(), is_code, "{lengths:?}");
        }
    }

    #[test]
    fn long_codes_are_found_behind_short_ones() {
        // Codes of 1 to 15 bits, and a second one of 15.
        let lengths: Vec<u8> = (1..=15).chain([15]).collect();
        let mut table = Literals::new();
        table.build(&lengths, literal).unwrap();
        for (symbol, length) in lengths.iter().enumerate() {
            // All ones, and a zero at the end but in the last.
            let ones = (1_u64 << (length - u8::from(symbol < 15))) - 1;
            let mut entry = table.first(ones);
            if entry.kind() == Kind::Longer {
                entry = table.further(entry, ones >> entry.bits()).behind(entry);
            }
            assert_eq!((usize::from(entry.byte()), entry.bits()), (symbol, *length));
        }
    }

    #[test]
    fn numbers_are_those_of_the_rfc() {
        let all = u64::MAX;
        let cases = [
            (literal(257, 7), 0, 3),
            (literal(284, 8), 0, 227),
            (literal(284, 8), all, 258),
            (literal(285, 8), all, 258),
            (distance(0, 5), all, 1),
            (distance(4, 5), all, 6),
            (distance(29, 5), 0, 24577),
            (distance(29, 5), all, 32768),
        ];
        for (entry, bits, expected) in cases {
            assert_eq!((entry.kind(), entry.number(bits)), (Kind::Number, expected));
        }
        assert_eq!(literal(286, 8).kind(), Kind::None);
        assert_eq!(distance(30, 5).kind(), Kind::None);
    }
}

//! A zlib stream, step by step: each step is done whole, or waits for more input.

use super::bits::Bits;
use super::codes::{
    CodeLengths, Distances, Entry, Kind, Literals, NoCode, Table, distance, literal, number,
};
use super::quick::{self, MARGIN_BYTES, Output, Over};

/// How far back a match may begin.
const HISTORY_BYTES: usize = 32 << 10;
/// What is inflated at a time. With the history it fits the processor's second cache.
const ROOM_BYTES: usize = 256 << 10;
/// The longest match.
pub const MAX_MATCH_BYTES: usize = 258;

/// What is wrong with a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// The first two bytes.
    #[error("it does not begin as a zlib stream")]
    Header,
    /// A block of the kind that there is none of.
    #[error("a block is of no known kind")]
    Block,
    /// A length and its complement that are none.
    #[error("the length of a stored block is not twice the same")]
    Stored,
    /// A block's table of codes.
    #[error("the codes of a block are none")]
    Codes,
    /// Bits that mean nothing.
    #[error("a code stands for nothing")]
    Code,
    /// A match that begins before the stream.
    #[error("something is to be repeated from before the beginning")]
    Distance,
}

impl From<NoCode> for Damage {
    fn from(_: NoCode) -> Self {
        Self::Codes
    }
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// The stream's header.
    Header,
    /// A block's header.
    Block,
    /// How long a stored block is.
    StoredLength,
    /// So many bytes as they are.
    Stored(usize),
    /// How many codes a block has.
    Counts,
    /// The lengths of the codes that the lengths of codes are written in.
    CodeLengths,
    /// The lengths of codes.
    Lengths,
    /// A literal, a length, or the block's end.
    Symbol,
    /// The distance of a match of this length.
    Distance(usize),
    /// Nothing that is looked at.
    End,
}

/// Whether a step could be done.
type Step = Result<bool, Damage>;

/// A zlib stream that lives as long as the connection (Tight has four, ZRLE one).
pub struct Inflate {
    /// History, then what was not used yet, then room; empty before the first input. It begins no later than the stream or the
    /// last 32 KiB.
    buffer: Vec<u8>,
    /// Where what was not used yet begins.
    unread: usize,
    /// Where the next byte goes to.
    end: usize,
    bits: Bits,
    next: Next,
    is_last_block: bool,
    /// Codes for literals and lengths, for distances, and for lengths of codes, of a block whose header is read.
    counts: [usize; 3],
    /// How many of them have their length.
    known: usize,
    lengths: [u8; 320],
    code_lengths: CodeLengths,
    literals: Literals,
    distances: Distances,
}

impl Default for Inflate {
    /// A stream before its first byte.
    fn default() -> Self {
        Self {
            buffer: Vec::new(),
            unread: 0,
            end: 0,
            bits: Bits::default(),
            next: Next::Header,
            is_last_block: false,
            counts: [0; 3],
            known: 0,
            lengths: [0; 320],
            code_lengths: CodeLengths::new(),
            literals: Literals::new(),
            distances: Distances::new(),
        }
    }
}

impl Inflate {
    /// Starts over, as Tight's control byte can ask for. What was not used yet is gone.
    pub fn reset(&mut self) {
        (self.unread, self.end) = (0, 0);
        (self.bits, self.next) = (Bits::default(), Next::Header);
        self.is_last_block = false;
    }

    /// Inflates, if fewer than `wanted` bytes are there, until as many are there as the buffer holds or `input` is used up.
    /// Answers all that is there and was not used yet. `wanted` is at most 128 KiB.
    ///
    /// # Errors
    /// Input that is no zlib stream.
    pub fn fill(&mut self, input: &mut &[u8], wanted: usize) -> Result<&[u8], Damage> {
        while self.end - self.unread < wanted {
            if self.room() == 0 {
                self.make_room();
            }
            while self.room() > 0 {
                if !self.step(input)? {
                    return Ok(self.unread());
                }
            }
        }
        Ok(self.unread())
    }

    /// What is inflated and was not used yet.
    pub fn unread(&self) -> &[u8] {
        self.buffer.get(self.unread..self.end).unwrap_or_default()
    }

    /// Uses up the next bytes of what is inflated.
    pub fn consume(&mut self, count: usize) {
        self.unread = self.end.min(self.unread + count);
    }

    fn room(&self) -> usize {
        self.buffer.len().saturating_sub(self.end + MARGIN_BYTES)
    }

    /// Moves what is still needed to the buffer's beginning.
    fn make_room(&mut self) {
        self.buffer
            .resize(HISTORY_BYTES + ROOM_BYTES + MARGIN_BYTES, 0);
        let needed = self.unread.min(self.end.saturating_sub(HISTORY_BYTES));
        self.buffer.copy_within(needed..self.end, 0);
        self.unread -= needed;
        self.end -= needed;
    }

    fn step(&mut self, input: &mut &[u8]) -> Step {
        match self.next {
            Next::Header => self.header(input),
            Next::Block => self.block(input),
            Next::StoredLength => self.stored_length(input),
            Next::Stored(left) => Ok(self.stored(left, input)),
            Next::Counts => self.read_counts(input),
            Next::CodeLengths => self.read_code_lengths(input),
            Next::Lengths => self.read_lengths(input),
            Next::Symbol => self.symbols(input),
            Next::Distance(length) => self.distance(length, input),
            Next::End => Ok(false),
        }
    }

    /// RFC 1950, section 2.2.
    fn header(&mut self, input: &mut &[u8]) -> Step {
        if !self.bits.read(16, input) {
            return Ok(false);
        }
        let (method, flags) = (self.bits.number(8), self.bits.number(8));
        let (is_deflate, window, needs_dictionary) =
            (method & 15 == 8, method >> 4, flags & 32 != 0);
        if !is_deflate || window > 7 || needs_dictionary || (method << 8 | flags) % 31 != 0 {
            return Err(Damage::Header);
        }
        self.next = Next::Block;
        Ok(true)
    }

    /// RFC 1951, section 3.2.3.
    fn block(&mut self, input: &mut &[u8]) -> Step {
        if self.is_last_block {
            self.next = Next::End;
            return Ok(true);
        }
        if !self.bits.read(3, input) {
            return Ok(false);
        }
        self.is_last_block = self.bits.number(1) == 1;
        self.next = match self.bits.number(2) {
            0 => {
                self.bits.number(self.bits.count() & 7);
                Next::StoredLength
            }
            1 => {
                self.fixed_codes()?;
                Next::Symbol
            }
            2 => Next::Counts,
            _ => return Err(Damage::Block),
        };
        Ok(true)
    }

    /// RFC 1951, section 3.2.6.
    fn fixed_codes(&mut self) -> Result<(), Damage> {
        let lengths: [u8; 288] = std::array::from_fn(|symbol| match symbol {
            0..=143 | 280.. => 8,
            144..=255 => 9,
            256..=279 => 7,
        });
        self.literals.build(&lengths, literal)?;
        self.distances.build(&[5; 32], distance)?;
        Ok(())
    }

    /// RFC 1951, section 3.2.4.
    fn stored_length(&mut self, input: &mut &[u8]) -> Step {
        if !self.bits.read(32, input) {
            return Ok(false);
        }
        let (length, complement) = (self.bits.number(16), self.bits.number(16));
        if length ^ complement != 0xffff {
            return Err(Damage::Stored);
        }
        self.next = Next::Stored(length);
        Ok(true)
    }

    fn stored(&mut self, left: usize, input: &mut &[u8]) -> bool {
        if left == 0 {
            self.next = Next::Block;
            return true;
        }
        let count = if self.bits.count() > 0 {
            // Whole bytes that were read ahead.
            let byte = self.bits.number(8);
            self.append(&[byte.to_le_bytes()[0]])
        } else {
            let count = left.min(input.len()).min(self.room());
            let (now, rest) = input.split_at_checked(count).unwrap_or((&[], input));
            *input = rest;
            self.append(now)
        };
        self.next = Next::Stored(left - count);
        count > 0
    }

    /// Writes bytes that there is room for; answers how many.
    fn append(&mut self, bytes: &[u8]) -> usize {
        if let Some(place) = self.buffer.get_mut(self.end..self.end + bytes.len()) {
            place.copy_from_slice(bytes);
        }
        self.end += bytes.len();
        bytes.len()
    }

    /// RFC 1951, section 3.2.7.
    fn read_counts(&mut self, input: &mut &[u8]) -> Step {
        if !self.bits.read(14, input) {
            return Ok(false);
        }
        let mut more = |bits, least| self.bits.number(bits) + least;
        self.counts = [more(5, 257), more(5, 1), more(4, 4)];
        let [literals, distances, _] = self.counts;
        if literals > 286 || distances > 30 {
            return Err(Damage::Codes);
        }
        self.known = 0;
        self.lengths.fill(0);
        self.next = Next::CodeLengths;
        Ok(true)
    }

    fn read_code_lengths(&mut self, input: &mut &[u8]) -> Step {
        /// The order they come in.
        const ORDER: [u8; 19] = [
            16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
        ];
        let [.., count] = self.counts;
        for symbol in ORDER.iter().take(count).skip(self.known) {
            if !self.bits.read(3, input) {
                return Ok(false);
            }
            if let Some(length) = self.lengths.get_mut(usize::from(*symbol)) {
                *length = self.bits.number(3).to_le_bytes()[0];
            }
            self.known += 1;
        }
        let lengths = self.lengths.first_chunk::<19>().ok_or(Damage::Codes)?;
        // A single code says that all lengths are the same: other libraries do not take it, and none writes it.
        if lengths.iter().filter(|length| **length > 0).count() == 1 {
            return Err(Damage::Codes);
        }
        self.code_lengths.build(lengths, number)?;
        self.known = 0;
        self.next = Next::Lengths;
        Ok(true)
    }

    fn read_lengths(&mut self, input: &mut &[u8]) -> Step {
        let [literals, distances, _] = self.counts;
        while self.known < literals + distances {
            let Some(entry) = look_up(&self.code_lengths, &mut self.bits, input) else {
                return Ok(false);
            };
            if entry.kind() != Kind::Number {
                return Err(Damage::Codes);
            }
            let symbol = entry.number(0);
            let (extra, least) = match symbol {
                0..=15 => (0, 1),
                16 => (2, 3),
                17 => (3, 3),
                _ => (7, 11),
            };
            if !self.bits.read(entry.bits() + extra, input) {
                return Ok(false);
            }
            self.bits.take(entry);
            let length = match (u8::try_from(symbol), self.known.checked_sub(1)) {
                (Ok(length @ 0..=15), _) => length,
                (Ok(16), None) => return Err(Damage::Codes),
                (Ok(16), Some(before)) => self.lengths.get(before).copied().unwrap_or_default(),
                _ => 0,
            };
            let end = self.known + least + self.bits.number(extra);
            if end > literals + distances {
                return Err(Damage::Codes);
            }
            let places = self.lengths.get_mut(self.known..end);
            places.ok_or(Damage::Codes)?.fill(length);
            self.known = end;
        }
        let lengths = self.lengths.get(..literals + distances);
        let (of_literals, of_distances) = lengths.ok_or(Damage::Codes)?.split_at(literals);
        // A block without an end.
        if of_literals.get(256) == Some(&0) {
            return Err(Damage::Codes);
        }
        self.literals.build(of_literals, literal)?;
        self.distances.build(of_distances, distance)?;
        self.next = Next::Symbol;
        Ok(true)
    }

    fn symbols(&mut self, input: &mut &[u8]) -> Step {
        let mut output = Output {
            buffer: &mut self.buffer,
            end: self.end,
        };
        let over = quick::inflate(
            &self.literals,
            &self.distances,
            &mut self.bits,
            input,
            &mut output,
        );
        self.end = output.end;
        match over? {
            Over::Block => self.next = Next::Block,
            Over::Distance(length) => self.next = Next::Distance(length),
            Over::Short if self.room() > 0 => return self.symbol(input),
            Over::Short => {}
        }
        Ok(true)
    }

    /// One symbol, with an eye on the end of the input.
    fn symbol(&mut self, input: &mut &[u8]) -> Step {
        let Some(entry) = look_up(&self.literals, &mut self.bits, input) else {
            return Ok(false);
        };
        let bits = self.bits.take(entry);
        match entry.kind() {
            Kind::Literal => {
                self.append(&[entry.byte()]);
            }
            Kind::Number => self.next = Next::Distance(entry.number(bits)),
            Kind::End => self.next = Next::Block,
            Kind::Longer | Kind::None => return Err(Damage::Code),
        }
        Ok(true)
    }

    fn distance(&mut self, length: usize, input: &mut &[u8]) -> Step {
        let Some(entry) = look_up(&self.distances, &mut self.bits, input) else {
            return Ok(false);
        };
        let distance = entry.number(self.bits.take(entry));
        if entry.kind() != Kind::Number {
            return Err(Damage::Code);
        }
        if distance > self.end {
            return Err(Damage::Distance);
        }
        quick::copy(&mut self.buffer, self.end, distance, length);
        self.end += length;
        self.next = Next::Symbol;
        Ok(true)
    }
}

/// The entry of the next bits, once all of its bits are there. They are not used up.
fn look_up<const BITS: usize, const SIZE: usize>(
    table: &Table<BITS, SIZE>,
    bits: &mut Bits,
    input: &mut &[u8],
) -> Option<Entry> {
    loop {
        let mut entry = table.first(bits.peek());
        if entry.kind() == Kind::Longer {
            let rest = bits.peek() >> entry.bits();
            entry = table.further(entry, rest).behind(entry);
        }
        if entry.bits() <= bits.count() {
            return Some(entry);
        }
        if !bits.read(bits.count() + 1, input) {
            return None;
        }
    }
}

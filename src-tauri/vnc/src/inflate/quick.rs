//! The loop that nearly all bytes go through: as long as the input holds eight bytes more and the output the longest match.

use super::bits::Bits;
use super::codes::{Distances, Kind, Literals};
use super::stream::{Damage, MAX_MATCH_BYTES};

/// What one match writes at most, with what is written behind it for speed.
pub const MARGIN_BYTES: usize = MAX_MATCH_BYTES + 64;

/// Bits of a distance at most: with so few left, more are read first.
const DISTANCE_BITS: u8 = 15 + 13;

/// Why it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Too little input or output for another step.
    Short,
    /// The block ended.
    Block,
    /// After the length of a match there was too little input for its distance.
    Distance(usize),
}

/// Where bytes go to, and what is before them.
pub struct Output<'a> {
    /// History, then room.
    pub buffer: &'a mut [u8],
    /// Where the next byte goes to.
    pub end: usize,
}

/// Inflates a block until it ends or anything is short.
///
/// # Errors
/// Bits without meaning, and a match that begins before the history.
pub fn inflate(
    literals: &Literals,
    distances: &Distances,
    bits_left: &mut Bits,
    input_left: &mut &[u8],
    output: &mut Output<'_>,
) -> Result<Over, Damage> {
    let (mut bits, mut input) = (*bits_left, *input_left);
    let Output { buffer, end } = output;
    let mut at = *end;
    let over = run(literals, distances, &mut bits, &mut input, buffer, &mut at);
    bits.settle();
    (*bits_left, *input_left, *end) = (bits, input, at);
    over
}

/// Entries are used up before it is known what they are, and the next one is looked up before a match is copied: the processor
/// waits for these look-ups most of the time.
#[inline(always)]
fn run(
    literals: &Literals,
    distances: &Distances,
    bits: &mut Bits,
    input: &mut &[u8],
    buffer: &mut [u8],
    end: &mut usize,
) -> Result<Over, Damage> {
    let last = buffer.len().saturating_sub(MARGIN_BYTES);
    if *end >= last || !bits.refill(input) {
        return Ok(Over::Short);
    }
    let mut entry = literals.first(bits.peek());
    loop {
        // There are 56 bits or more: enough for two literals of the table's width, and a length.
        let mut looked_up = bits.take(entry);
        if entry.is_literal() {
            let byte = entry.byte();
            entry = literals.first(bits.peek());
            looked_up = bits.take(entry);
            put(buffer, end, byte);
            if entry.is_literal() {
                let byte = entry.byte();
                entry = literals.first(bits.peek());
                looked_up = bits.take(entry);
                put(buffer, end, byte);
                if entry.is_literal() {
                    put(buffer, end, entry.byte());
                    if *end >= last || !bits.refill(input) {
                        return Ok(Over::Short);
                    }
                    entry = literals.first(bits.peek());
                    continue;
                }
            }
        }
        if entry.is_rare() {
            if entry.kind() == Kind::Longer {
                entry = literals.further(entry, bits.peek());
                looked_up = bits.take(entry);
            }
            match entry.kind() {
                Kind::Number => {}
                Kind::Literal => {
                    put(buffer, end, entry.byte());
                    if *end >= last || !bits.refill(input) {
                        return Ok(Over::Short);
                    }
                    entry = literals.first(bits.peek());
                    continue;
                }
                Kind::End => return Ok(Over::Block),
                Kind::Longer | Kind::None => return Err(Damage::Code),
            }
        }
        let length = entry.number(looked_up);
        if bits.count() < DISTANCE_BITS && !bits.refill(input) {
            return Ok(Over::Distance(length));
        }
        entry = distances.first(bits.peek());
        looked_up = bits.take(entry);
        if entry.is_rare() {
            if entry.kind() == Kind::Longer {
                entry = distances.further(entry, bits.peek());
                looked_up = bits.take(entry);
            }
            if entry.is_rare() {
                return Err(Damage::Code);
            }
        }
        let distance = entry.number(looked_up);
        if distance > *end {
            return Err(Damage::Distance);
        }
        let goes_on = bits.refill(input);
        entry = literals.first(bits.peek());
        copy(buffer, *end, distance, length);
        *end += length;
        if !goes_on || *end >= last {
            return Ok(Over::Short);
        }
    }
}

#[inline(always)]
fn put(buffer: &mut [u8], end: &mut usize, byte: u8) {
    if let Some(place) = buffer.get_mut(*end) {
        *place = byte;
    }
    *end += 1;
}

/// Writes `length` bytes that are those `distance` before them, and up to 64 of no meaning behind them.
///
/// The buffer must have room for both there, and the distance be within what was written.
#[inline(always)]
pub fn copy(buffer: &mut [u8], end: usize, distance: usize, length: usize) {
    let from = end.wrapping_sub(distance);
    if length <= 8 {
        // Most matches are that short. Those that reach into themselves, too, are one word: its first bytes again and again.
        let word = chunk::<8>(buffer, from);
        let (mask, times) = REPEAT.get(distance.min(8)).copied().unwrap_or_default();
        let word = (u64::from_le_bytes(word) & mask).wrapping_mul(times);
        write(buffer, end, word.to_le_bytes());
    } else if distance >= 16 {
        let (mut from, mut to) = (from, end);
        loop {
            move_chunk::<16>(buffer, from, to);
            move_chunk::<16>(buffer, from + 16, to + 16);
            (from, to) = (from + 32, to + 32);
            if to >= end + length {
                break;
            }
        }
    } else {
        copy_near(buffer, end, distance, length);
    }
}

/// For each distance, the bytes of a word that are before the match, and what repeats them; without a branch, which the
/// processor would guess wrong too often.
const REPEAT: [(u64, u64); 9] = [
    (u64::MAX, 1),
    repeat(1),
    repeat(2),
    repeat(3),
    repeat(4),
    repeat(5),
    repeat(6),
    repeat(7),
    // What is farther away does not reach into itself, nor does what no distance is.
    (u64::MAX, 1),
];

const fn repeat(distance: u32) -> (u64, u64) {
    let (mut times, mut shift) = (0, 0);
    while shift < u64::BITS {
        times |= 1 << shift;
        shift += 8 * distance;
    }
    ((1 << (8 * distance)) - 1, times)
}

/// The same from less than 16 bytes before.
#[inline(never)]
fn copy_near(buffer: &mut [u8], end: usize, distance: usize, length: usize) {
    let (mut at, mut step) = (end, distance.max(1));
    // Twice, four times as far back is the same, once that much is written.
    while step < 8 {
        move_chunk::<8>(buffer, at.wrapping_sub(step), at);
        at += step;
        step *= 2;
    }
    while at < end + length {
        move_chunk::<8>(buffer, at.wrapping_sub(step), at);
        at += 8;
    }
}

#[inline(always)]
fn move_chunk<const N: usize>(buffer: &mut [u8], from: usize, to: usize) {
    let bytes = chunk::<N>(buffer, from);
    write(buffer, to, bytes);
}

#[inline(always)]
fn chunk<const N: usize>(buffer: &[u8], from: usize) -> [u8; N] {
    let bytes = buffer.get(from..).and_then(|rest| rest.first_chunk());
    bytes.copied().unwrap_or([0; N])
}

#[inline(always)]
fn write<const N: usize>(buffer: &mut [u8], to: usize, bytes: [u8; N]) {
    if let Some(place) = buffer.get_mut(to..).and_then(|rest| rest.first_chunk_mut()) {
        *place = bytes;
    }
}

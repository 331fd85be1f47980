//! Tight (the community's RFB registry, "Tight Encoding"): solid, JPEG, or one of four zlib streams under a filter.
//!
//! Rectangles that have arrived are read together, as far as none covers another, and are then painted on as many
//! processors as they are worth, straight into the picture: a zlib stream goes to one of them, in order; a JPEG picture to any.

use super::tight_lane::{Filter, How, Lane, Rows, Work};
use super::{Target, WORTH_A_FILL};
use crate::error::DecodeError;
use crate::inflate::Inflate;
use crate::pixel::Format;
use crate::wire::Reader;
use farwire_model::codec::Codec;
use farwire_model::frame::{Pixel, Rect};
use std::sync::OnceLock;
use std::thread;

/// Data shorter than this is sent as it is.
const MIN_COMPRESSED_BYTES: usize = 12;

/// More rectangles are not read together: each is compared with all others.
const MAX_BATCH: usize = 64;

/// Nor more than this many pixels, but for a single rectangle: whoever looks at the picture waits meanwhile.
const MAX_BATCH_AREA: u64 = 1 << 19;

/// More processors do not help: the streams are four, and one of them does most of the work.
const MAX_LANES: usize = 4;

/// A lane with less to do, in pixels, is not worth a thread, which takes as long to start as some 10,000 of them to paint.
const WORTH_A_THREAD: u64 = 1 << 17;

/// Tight; its four zlib streams live as long as the connection.
pub struct Tight {
    streams: [Inflate; 4],
    lanes: usize,
    palettes: [Vec<Pixel>; MAX_LANES],
    batch: Vec<Work>,
}

impl Tight {
    /// Streams before their first byte.
    pub fn new() -> Self {
        Self {
            streams: std::array::from_fn(|_| Inflate::default()),
            lanes: processors().min(MAX_LANES),
            palettes: [const { Vec::new() }; MAX_LANES],
            batch: Vec::new(),
        }
    }

    /// Whether another rectangle may be read before those that were read are painted.
    pub fn takes(&self, rect: Rect) -> bool {
        let area: u64 = self.batch.iter().map(|work| work.rect.area()).sum();
        self.batch.len() < MAX_BATCH
            && area + rect.area() <= MAX_BATCH_AREA
            && self
                .batch
                .iter()
                .all(|work| work.rect.intersection(rect).is_none())
    }

    /// Reads the rectangle that begins at `at`, once it has arrived whole; answers where it ends. Its compressed data is
    /// at most 4 MiB by the format.
    pub fn read(
        &mut self,
        format: &Format,
        rect: Rect,
        input: &[u8],
        at: usize,
    ) -> Result<usize, DecodeError> {
        let rest = input.get(at..).unwrap_or_default();
        let mut reader = Reader::new(rest, "a Tight rectangle");
        let control = reader.u8()?;
        let how = match control >> 4 {
            8 => How::Fill(format.compact(&mut reader)?),
            9 => How::Jpeg,
            kind @ 0..=7 => How::Pixels {
                filter: if kind & 4 == 0 {
                    Filter::Copy
                } else {
                    read_filter(format, &mut reader, input.len())?
                },
                stream: Some(usize::from(kind & 3)),
            },
            kind => {
                return Err(DecodeError::Value {
                    what: "Tight's compression",
                    value: u32::from(kind),
                });
            }
        };
        let (how, length) = match how {
            How::Fill(_) => (how, 0),
            How::Jpeg => (how, compact_length(&mut reader)?),
            How::Pixels { filter, .. } => {
                let size = filter.row_bytes(format, rect) * usize::from(rect.height);
                if size < MIN_COMPRESSED_BYTES {
                    let stream = None;
                    (How::Pixels { filter, stream }, size)
                } else {
                    (how, compact_length(&mut reader)?)
                }
            }
        };
        let data = input.len() - reader.rest().len();
        reader.take(length)?;
        self.batch.push(Work {
            rect,
            how,
            resets: control & 15,
            data: data..data + length,
            lane: 0,
        });
        Ok(data + length)
    }

    /// Paints what was read from `input`.
    pub fn paint(
        &mut self,
        target: Target<'_>,
        format: &Format,
        input: &[u8],
    ) -> Result<(), DecodeError> {
        let (used, owners) = share(&mut self.batch, self.lanes);
        let mut streams = self.streams.each_mut().map(Some);
        let batch = self.batch.as_slice();
        let rects: Vec<Rect> = batch.iter().map(|work| work.rect).collect();
        let result = target.surface.paint(|painter| {
            let mut shares: [Vec<Rows<'_>>; MAX_LANES] = Default::default();
            for (work, rows) in batch.iter().zip(painter.frame().split(&rects)) {
                if let Some(share) = shares.get_mut(work.lane) {
                    share.push(rows);
                }
            }
            let mut lanes = shares.into_iter().zip(&mut self.palettes).enumerate();
            let mut next_lane = || {
                let (number, (parts, palette)) =
                    lanes.next().filter(|(number, _)| *number < used)?;
                let mut own = [const { None }; 4];
                for ((slot, stream), owner) in own.iter_mut().zip(&mut streams).zip(owners) {
                    if owner == number {
                        *slot = stream.take();
                    }
                }
                Some(Lane {
                    number,
                    streams: own,
                    palette,
                    format,
                    input,
                    parts,
                })
            };
            let result = match next_lane() {
                None => Ok(()),
                Some(first) => run(first, std::iter::from_fn(&mut next_lane), batch),
            };
            drop(lanes);
            for work in batch {
                match work.how {
                    How::Fill(colour) if work.rect.area() >= WORTH_A_FILL => {
                        painter.filled(work.rect, colour);
                    }
                    _ => painter.damaged(work.rect),
                }
            }
            result
        });
        if let Some(last) = self.batch.last() {
            target.meter.set_codec(match last.how {
                How::Jpeg => Codec::TightJpeg,
                _ => Codec::Tight,
            });
        }
        self.batch.clear();
        result
    }
}

/// Runs lanes, the first of them here.
fn run<'a>(
    mut first: Lane<'a>,
    others: impl Iterator<Item = Lane<'a>>,
    batch: &[Work],
) -> Result<(), DecodeError> {
    thread::scope(|scope| {
        let others: Vec<_> = others
            .map(|mut lane| scope.spawn(move || lane.run(batch)))
            .collect();
        let mut result = first.run(batch);
        for other in others {
            let ended = other.join();
            // A defect in one lane is one of the session, as if there were no lanes.
            result = result.and(ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        result
    })
}

/// Gives each rectangle a lane. Answers how many lanes there are, and which of them has each stream.
fn share(batch: &mut [Work], most: usize) -> (usize, [usize; 4]) {
    let mut owners = [0; 4];
    let mut loads = [0_u64; MAX_LANES];
    let whole: u64 = batch.iter().map(Work::weight).sum();
    if most < 2 || whole < WORTH_A_THREAD * 2 {
        batch.iter_mut().for_each(|work| work.lane = 0);
        return (1, owners);
    }
    let mut streams = [0_u64; 4];
    for work in batch.iter() {
        if let Some(load) = work.stream().and_then(|stream| streams.get_mut(stream)) {
            *load += work.weight();
        }
    }
    let lightest = |loads: &[u64; MAX_LANES]| {
        let lanes = loads.iter().enumerate().take(most);
        lanes
            .min_by_key(|(_, load)| **load)
            .map_or(0, |(lane, _)| lane)
    };
    for (owner, load) in owners.iter_mut().zip(streams) {
        *owner = lightest(&loads);
        if let Some(sum) = loads.get_mut(*owner) {
            *sum += load;
        }
    }
    for work in batch.iter_mut() {
        work.lane = match work.stream().and_then(|stream| owners.get(stream)) {
            Some(owner) => *owner,
            None => lightest(&loads),
        };
        if let (None, Some(sum)) = (work.stream(), loads.get_mut(work.lane)) {
            *sum += work.weight();
        }
    }
    // Lanes fill up from the first on, but for streams that fell to others.
    if loads.iter().skip(1).all(|load| *load < WORTH_A_THREAD) {
        batch.iter_mut().for_each(|work| work.lane = 0);
        return (1, [0; 4]);
    }
    let used = loads.iter().rposition(|load| *load > 0).unwrap_or(0) + 1;
    let owned = owners.into_iter().max().unwrap_or(0) + 1;
    (used.max(owned), owners)
}

fn processors() -> usize {
    static COUNT: OnceLock<usize> = OnceLock::new();
    *COUNT.get_or_init(|| thread::available_parallelism().map_or(1, usize::from))
}

/// Reads a filter; `end` is where the reader's bytes end in the input.
fn read_filter(
    format: &Format,
    reader: &mut Reader<'_>,
    end: usize,
) -> Result<Filter, DecodeError> {
    match reader.u8()? {
        0 => Ok(Filter::Copy),
        1 => {
            let count = usize::from(reader.u8()?) + 1;
            let colours = end - reader.rest().len();
            reader.take(count * format.compact_bytes())?;
            Ok(Filter::Palette { colours, count })
        }
        2 if format.channels().is_some() => Ok(Filter::Gradient),
        value => Err(DecodeError::Value {
            what: "Tight's filter",
            value: u32::from(value),
        }),
    }
}

/// One to three bytes, seven bits each and eight in the last: at most 4 MiB, so it needs no cap of its own.
fn compact_length(reader: &mut Reader<'_>) -> Result<usize, DecodeError> {
    let first = usize::from(reader.u8()?);
    if first & 0x80 == 0 {
        return Ok(first);
    }
    let second = usize::from(reader.u8()?);
    let low = first & 0x7f | (second & 0x7f) << 7;
    if second & 0x80 == 0 {
        return Ok(low);
    }
    Ok(low | usize::from(reader.u8()?) << 14)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compact_lengths_take_one_to_three_bytes() {
        for (bytes, expected) in [
            (&[0x7f][..], Some(127)),
            (&[0x90, 0x4e], Some(10_000)),
            (&[0xff, 0xff, 0xff], Some(4_194_303)),
            (&[0x80], None),
        ] {
            let mut reader = Reader::new(bytes, "a test");
            assert_eq!(compact_length(&mut reader).ok(), expected, "{bytes:?}");
        }
    }

    fn work(stream: Option<usize>, side: u16) -> Work {
        Work {
            rect: Rect::new(0, 0, side, side),
            how: match stream {
                None => How::Jpeg,
                Some(_) => How::Pixels {
                    filter: Filter::Copy,
                    stream,
                },
            },
            resets: 0,
            data: 0..0,
            lane: 9,
        }
    }

    #[test]
    fn a_stream_stays_in_one_lane_and_pictures_fill_the_others() {
        for (what, batch, most, lanes) in [
            ("one processor", vec![(None, 500); 4], 1, vec![0; 4]),
            ("little work", vec![(None, 20); 4], 2, vec![0; 4]),
            ("pictures", vec![(None, 500); 4], 2, vec![0, 1, 0, 1]),
            ("one stream", vec![(Some(0), 500); 3], 2, vec![0; 3]),
            (
                "two streams",
                vec![(Some(0), 500), (Some(1), 500), (Some(0), 500)],
                2,
                vec![0, 1, 0],
            ),
            (
                "a stream and pictures",
                vec![(Some(2), 500), (None, 500), (Some(2), 500), (None, 500)],
                2,
                vec![0, 1, 0, 1],
            ),
        ] {
            let mut batch: Vec<Work> = batch
                .into_iter()
                .map(|(stream, side)| work(stream, side))
                .collect();
            let (used, owners) = share(&mut batch, most);
            let got: Vec<usize> = batch.iter().map(|work| work.lane).collect();
            assert_eq!(got, lanes, "{what}");
            assert!(got.iter().chain(&owners).all(|lane| *lane < used), "{what}");
        }
    }
}

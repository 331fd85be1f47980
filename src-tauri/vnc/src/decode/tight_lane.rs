//! One processor's share of Tight rectangles.

use super::surplus::finish;
use super::{tight_filter as filter, tight_jpeg};
use crate::error::DecodeError;
use crate::inflate::Inflate;
use crate::pixel::{BLACK, Format};
use farwire_model::frame::{Pixel, Rect};
use std::ops::Range;

/// How bytes become pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// They are pixels.
    Copy,
    /// They are places in a palette.
    Palette {
        /// Where its colours begin in the input.
        colours: usize,
        /// How many there are.
        count: usize,
    },
    /// They are differences to a guess.
    Gradient,
}

impl Filter {
    /// Bytes of a row of a rectangle.
    pub fn row_bytes(self, format: &Format, rect: Rect) -> usize {
        let width = usize::from(rect.width);
        match self {
            Self::Copy | Self::Gradient => width * format.compact_bytes(),
            Self::Palette { count: ..=2, .. } => width.div_ceil(8),
            Self::Palette { .. } => width,
        }
    }
}

/// What is in a rectangle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// One colour.
    Fill(Pixel),
    /// A JPEG picture.
    Jpeg,
    /// Bytes under a filter, of a zlib stream or as they are.
    Pixels {
        /// The filter.
        filter: Filter,
        /// The stream.
        stream: Option<usize>,
    },
}

/// A rectangle that was read and not painted yet.
#[derive(Clone, Debug)]
pub struct Work {
    /// The rectangle.
    pub rect: Rect,
    /// What is in it.
    pub how: How,
    /// The streams that start over before it, a bit each.
    pub resets: u8,
    /// Where its bytes lie in the input.
    pub data: Range<usize>,
    /// Which lane paints it.
    pub lane: usize,
}

impl Work {
    /// The stream it belongs to.
    pub fn stream(&self) -> Option<usize> {
        match self.how {
            How::Pixels { stream, .. } => stream,
            How::Fill(_) | How::Jpeg => None,
        }
    }

    /// How much work it is, in pixels.
    pub fn weight(&self) -> u64 {
        match self.how {
            How::Fill(_) => 0,
            How::Jpeg | How::Pixels { .. } => self.rect.area(),
        }
    }
}

/// A rectangle's rows of the picture, from its top.
pub type Rows<'a> = Vec<&'a mut [Pixel]>;

/// One processor's share.
pub struct Lane<'a> {
    /// Its number.
    pub number: usize,
    /// The streams that are its own.
    pub streams: [Option<&'a mut Inflate>; 4],
    /// Memory that is used again and again.
    pub palette: &'a mut Vec<Pixel>,
    /// How pixels are written.
    pub format: &'a Format,
    /// What the rectangles were read from.
    pub input: &'a [u8],
    /// The rows of its rectangles, in their order.
    pub parts: Vec<Rows<'a>>,
}

impl Lane<'_> {
    /// Paints the lane's rectangles. Streams start over where any lane's rectangle says so.
    pub fn run(&mut self, batch: &[Work]) -> Result<(), DecodeError> {
        let mut parts = std::mem::take(&mut self.parts).into_iter();
        for work in batch {
            for (number, stream) in self.streams.iter_mut().enumerate() {
                if let Some(stream) = stream
                    && work.resets >> number & 1 == 1
                {
                    stream.reset();
                }
            }
            if work.lane == self.number {
                self.paint(work, &mut parts.next().unwrap_or_default())?;
            }
        }
        Ok(())
    }

    fn paint(&mut self, work: &Work, rows: &mut [&mut [Pixel]]) -> Result<(), DecodeError> {
        let rect = work.rect;
        let bytes = self.input.get(work.data.clone()).unwrap_or_default();
        match work.how {
            How::Fill(colour) => rows.iter_mut().for_each(|row| row.fill(colour)),
            How::Jpeg => tight_jpeg::decode(rect, bytes, rows)?,
            How::Pixels { filter, stream } => {
                if let Filter::Palette { colours, count } = filter {
                    self.palette.clear();
                    self.palette.resize(256, BLACK);
                    let from = self.input.get(colours..).unwrap_or_default();
                    let to = self.palette.get_mut(..count).unwrap_or_default();
                    self.format.compact_row(to, from);
                }
                let mut paint = Paint {
                    format: self.format,
                    filter,
                    palette: self.palette,
                    gradient: filter::Gradient::default(),
                    row_bytes: filter.row_bytes(self.format, rect).max(1),
                };
                match stream.map(|stream| self.streams.get_mut(stream)) {
                    None => paint.rows(rows, bytes),
                    Some(Some(Some(stream))) => paint.inflate(rows, stream, bytes)?,
                    // A stream goes to the lane of its rectangles.
                    Some(_) => {}
                }
            }
        }
        Ok(())
    }
}

/// Paints a rectangle's rows from their bytes.
struct Paint<'a> {
    format: &'a Format,
    filter: Filter,
    palette: &'a [Pixel],
    gradient: filter::Gradient,
    row_bytes: usize,
}

impl Paint<'_> {
    fn inflate(
        &mut self,
        mut rows: &mut [&mut [Pixel]],
        stream: &mut Inflate,
        mut compressed: &[u8],
    ) -> Result<(), DecodeError> {
        while !rows.is_empty() {
            let bytes = stream.fill(&mut compressed, self.row_bytes)?;
            let whole = (bytes.len() / self.row_bytes).min(rows.len());
            if whole == 0 {
                // It has arrived whole, so what is missing never comes.
                return Err(DecodeError::Value {
                    what: "the length of a Tight rectangle's data",
                    value: 0,
                });
            }
            let (band, rest) = rows.split_at_mut(whole);
            self.rows(band, bytes);
            stream.consume(whole * self.row_bytes);
            rows = rest;
        }
        finish(stream, compressed, &mut 0)
    }

    fn rows(&mut self, rows: &mut [&mut [Pixel]], bytes: &[u8]) {
        let Self {
            format,
            palette,
            gradient,
            ..
        } = self;
        let rows = rows.iter_mut().zip(bytes.chunks_exact(self.row_bytes));
        match self.filter {
            Filter::Copy => rows.for_each(|(to, from)| format.compact_row(to, from)),
            Filter::Palette { count: ..=2, .. } => {
                rows.for_each(|(to, from)| filter::two_colours(to, from, palette));
            }
            Filter::Palette { .. } => {
                rows.for_each(|(to, from)| filter::palette(to, from, palette));
            }
            Filter::Gradient => rows.for_each(|(to, from)| gradient.row(format, to, from)),
        }
    }
}

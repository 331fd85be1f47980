//! One processor's share of Tight rectangles.

use super::surplus::finish;
use super::{Target, WORTH_A_FILL, tight_filter as filter, tight_jpeg};
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

/// Memory that a lane uses again and again.
#[derive(Default)]
pub struct Scratch {
    band: Vec<u8>,
    palette: Vec<Pixel>,
}

/// One processor's share.
pub struct Lane<'a> {
    /// Its number.
    pub number: usize,
    /// The streams that are its own.
    pub streams: [Option<&'a mut Inflate>; 4],
    /// Memory.
    pub scratch: &'a mut Scratch,
    /// Where to paint.
    pub target: Target<'a>,
    /// How pixels are written.
    pub format: &'a Format,
    /// What the rectangles were read from.
    pub input: &'a [u8],
}

impl Lane<'_> {
    /// Paints the lane's rectangles. Streams start over where any lane's rectangle says so.
    pub fn run(&mut self, batch: &[Work]) -> Result<(), DecodeError> {
        for work in batch {
            for (number, stream) in self.streams.iter_mut().enumerate() {
                if let Some(stream) = stream
                    && work.resets >> number & 1 == 1
                {
                    stream.reset();
                }
            }
            if work.lane == self.number {
                self.paint(work)?;
            }
        }
        Ok(())
    }

    fn paint(&mut self, work: &Work) -> Result<(), DecodeError> {
        let rect = work.rect;
        let bytes = self.input.get(work.data.clone()).unwrap_or_default();
        match work.how {
            How::Fill(colour) => fill(self.target, rect, colour),
            How::Jpeg => tight_jpeg::decode(self.target, rect, bytes, &mut self.scratch.band)?,
            How::Pixels { filter, stream } => {
                let palette = &mut self.scratch.palette;
                if let Filter::Palette { colours, count } = filter {
                    palette.clear();
                    palette.resize(256, BLACK);
                    let from = self.input.get(colours..).unwrap_or_default();
                    let to = palette.get_mut(..count).unwrap_or_default();
                    self.format.compact_row(to, from);
                }
                let mut rows = Rows {
                    target: self.target,
                    format: self.format,
                    filter,
                    palette,
                    gradient: filter::Gradient::default(),
                    row_bytes: filter.row_bytes(self.format, rect).max(1),
                };
                match stream.map(|stream| self.streams.get_mut(stream)) {
                    None => rows.paint(rect, bytes),
                    Some(Some(Some(stream))) => rows.inflate(rect, stream, bytes)?,
                    // A stream goes to the lane of its rectangles.
                    Some(_) => return Ok(()),
                }
                self.target.surface.paint(|painter| painter.damaged(rect));
            }
        }
        Ok(())
    }
}

fn fill(target: Target<'_>, rect: Rect, colour: Pixel) {
    target.surface.paint(|painter| {
        if rect.area() >= WORTH_A_FILL {
            painter.fill(rect, colour);
        } else {
            painter.frame().fill(rect, colour);
            painter.damaged(rect);
        }
    });
}

/// Paints a rectangle's rows, in bands.
struct Rows<'a> {
    target: Target<'a>,
    format: &'a Format,
    filter: Filter,
    palette: &'a [Pixel],
    gradient: filter::Gradient,
    row_bytes: usize,
}

impl Rows<'_> {
    fn inflate(
        &mut self,
        rect: Rect,
        stream: &mut Inflate,
        mut compressed: &[u8],
    ) -> Result<(), DecodeError> {
        let mut top = 0;
        while top < rect.height {
            let bytes = stream.fill(&mut compressed, self.row_bytes)?;
            let whole = u16::try_from(bytes.len() / self.row_bytes).unwrap_or(u16::MAX);
            let rows = whole.min(rect.height - top);
            if rows == 0 {
                // It has arrived whole, so what is missing never comes.
                return Err(DecodeError::Value {
                    what: "the length of a Tight rectangle's data",
                    value: 0,
                });
            }
            self.paint(Rect::new(rect.x, rect.y + top, rect.width, rows), bytes);
            stream.consume(usize::from(rows) * self.row_bytes);
            top += rows;
        }
        finish(stream, compressed, &mut 0)
    }

    fn paint(&mut self, rect: Rect, bytes: &[u8]) {
        let Self {
            format,
            palette,
            gradient,
            ..
        } = self;
        self.target.surface.paint(|painter| {
            let rows = painter
                .frame()
                .rows_mut(rect)
                .zip(bytes.chunks_exact(self.row_bytes));
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
        });
    }
}

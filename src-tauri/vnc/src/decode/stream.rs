//! The stream of server messages after the handshake (RFC 6143, section 7.6).

use super::hextile::Hextile;
use super::raw::Raw;
use super::tight::Tight;
use super::zrle::Zrle;
use super::{Progress, Report, Target, copy_rect, cursor, desktop};
use crate::encoding;
use crate::error::DecodeError;
use crate::limits::{MAX_CUT_TEXT_BYTES, MAX_FENCE_BYTES, MAX_SKIPPED_TEXT_BYTES};
use crate::text::from_latin1;
use crate::wire::{Reader, capped};
use farwire_model::frame::Rect;
use std::sync::atomic::Ordering;

/// A count of rectangles that means: until `LastRect`.
const UNTIL_LAST_RECT: u16 = u16::MAX;

/// Decodes server messages into the picture, in whatever pieces they arrive.
pub struct Decoder {
    state: State,
    pixels: u64,
    raw: Raw,
    hextile: Hextile,
    zrle: Zrle,
    tight: Tight,
}

#[derive(Clone, Copy)]
enum State {
    /// Between messages.
    Message,
    /// In an update, between rectangles.
    Update { left: u16 },
    /// In a rectangle.
    Rectangle {
        left: u16,
        rect: Rect,
        encoding: i32,
    },
    /// Reading past something.
    Skip { left: usize },
}

impl Default for Decoder {
    fn default() -> Self {
        Self {
            state: State::Message,
            pixels: 0,
            raw: Raw::default(),
            hextile: Hextile::default(),
            zrle: Zrle::new(),
            tight: Tight::new(),
        }
    }
}

impl Decoder {
    /// How many pixels the rectangles so far covered, for measuring.
    pub fn pixels(&self) -> u64 {
        self.pixels
    }

    /// Takes the bytes that have arrived; answers how many are done with. The rest must come again, with more behind.
    ///
    /// # Errors
    /// Any [`DecodeError`] but `Truncated`; the stream cannot be followed any further then.
    pub fn feed(
        &mut self,
        target: Target<'_>,
        input: &[u8],
        report: &mut dyn FnMut(Report),
    ) -> Result<usize, DecodeError> {
        let mut rest = input;
        loop {
            let result = match self.state {
                State::Message => self.message(rest, report),
                State::Update { left: 0 } => self.finish(target),
                State::Update { left } => self.rectangle_header(target, left, rest),
                State::Rectangle {
                    left,
                    rect,
                    encoding,
                } => self.rectangle(target, left, rect, encoding, rest, report),
                State::Skip { left } => Ok(self.skip(left, rest)),
            };
            match result {
                Ok(Progress { used, is_done }) => {
                    rest = rest.get(used..).unwrap_or_default();
                    if !is_done {
                        return Ok(input.len() - rest.len());
                    }
                }
                Err(DecodeError::Truncated { .. }) => return Ok(input.len() - rest.len()),
                Err(error) => return Err(error),
            }
        }
    }

    fn message(
        &mut self,
        input: &[u8],
        report: &mut dyn FnMut(Report),
    ) -> Result<Progress, DecodeError> {
        let mut reader = Reader::new(input, "a message");
        match reader.u8()? {
            0 => {
                reader.take(1)?;
                let left = reader.u16()?;
                self.state = State::Update { left };
                // The server works on the next update while this one is decoded.
                report(Report::UpdateBegan);
            }
            // SetColourMapEntries: we never ask for colour maps, so they mean nothing.
            1 => {
                reader.take(3)?;
                let left = usize::from(reader.u16()?) * 6;
                self.state = State::Skip { left };
            }
            2 => report(Report::Bell),
            3 => {
                reader.take(3)?;
                let length = capped("clipboard text", reader.u32()?, MAX_SKIPPED_TEXT_BYTES)?;
                if length > MAX_CUT_TEXT_BYTES {
                    // Half a document would be worse than none.
                    tracing::debug!(length, "clipboard text is too long and was left out");
                    self.state = State::Skip { left: length };
                } else {
                    report(Report::Clipboard(from_latin1(reader.take(length)?)));
                }
            }
            248 => {
                reader.take(3)?;
                let flags = reader.u32()?;
                let length = capped("a fence", u32::from(reader.u8()?), MAX_FENCE_BYTES)?;
                report(Report::Fence(flags, reader.take(length)?.to_vec()));
            }
            kind => return Err(DecodeError::Message { kind }),
        }
        Ok(Progress::done(input.len() - reader.rest().len()))
    }

    fn rectangle_header(
        &mut self,
        target: Target<'_>,
        left: u16,
        input: &[u8],
    ) -> Result<Progress, DecodeError> {
        let mut reader = Reader::new(input, "a rectangle's header");
        let rect = Rect::new(reader.u16()?, reader.u16()?, reader.u16()?, reader.u16()?);
        let encoding = reader.i32()?;
        let size = target.surface.size();
        // Pseudo-encodings use the place for other things; those with pixels must fit.
        if encoding >= 0 && !rect.fits(size) {
            return Err(DecodeError::Outside { rect, size });
        }
        self.state = State::Rectangle {
            left,
            rect,
            encoding,
        };
        Ok(Progress::done(12))
    }

    fn rectangle(
        &mut self,
        target: Target<'_>,
        left: u16,
        rect: Rect,
        encoding: i32,
        input: &[u8],
        report: &mut dyn FnMut(Report),
    ) -> Result<Progress, DecodeError> {
        let progress = match encoding {
            encoding::RAW => self.raw.decode(target, rect, input)?,
            encoding::COPY_RECT => copy_rect::decode(target, rect, input)?,
            encoding::HEXTILE => self.hextile.decode(target, rect, input)?,
            encoding::TIGHT => self.tight.decode(target, rect, input)?,
            encoding::ZRLE => self.zrle.decode(target, rect, input)?,
            encoding::CURSOR => cursor::masked(target, rect, input)?,
            encoding::CURSOR_WITH_ALPHA => cursor::with_alpha(target, rect, input)?,
            encoding::DESKTOP_SIZE => desktop::size(target, rect, report)?,
            encoding::EXTENDED_DESKTOP_SIZE => desktop::extended_size(target, rect, input, report)?,
            encoding::DESKTOP_NAME => desktop::name(input, report)?,
            encoding::LAST_RECT => Progress::done(0),
            encoding => return Err(DecodeError::Encoding { encoding }),
        };
        if progress.is_done {
            if encoding >= 0 {
                self.pixels += rect.area();
            }
            let left = match (encoding, left) {
                (encoding::LAST_RECT, _) => 0,
                (_, UNTIL_LAST_RECT) => left,
                (_, left) => left - 1,
            };
            self.state = State::Update { left };
        }
        Ok(progress)
    }

    fn finish(&mut self, target: Target<'_>) -> Result<Progress, DecodeError> {
        self.state = State::Message;
        target.meter.updates.fetch_add(1, Ordering::Relaxed);
        target.surface.publish();
        Ok(Progress::done(0))
    }

    fn skip(&mut self, left: usize, input: &[u8]) -> Progress {
        let used = left.min(input.len());
        self.state = if used == left {
            State::Message
        } else {
            State::Skip { left: left - used }
        };
        Progress {
            used,
            is_done: used == left,
        }
    }
}

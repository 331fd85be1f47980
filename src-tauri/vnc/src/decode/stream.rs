//! The stream of server messages after the handshake (RFC 6143, section 7.6).

use super::hextile::Hextile;
use super::raw::Raw;
use super::rre::{Numbers, Rre};
use super::tight::Tight;
use super::trle::Trle;
use super::zlib::Zlib;
use super::zrle::Zrle;
use super::{Progress, Report, Target, clipboard, copy_rect, cursor, desktop};
use crate::encoding;
use crate::error::DecodeError;
use crate::limits::MAX_FENCE_BYTES;
use crate::pixel::Format;
use crate::pixel_format::PixelFormat;
use crate::wire::{Reader, capped};
use farwire_model::frame::{MAX_PIXELS, Rect};
use std::sync::atomic::Ordering;

/// A count of rectangles that means: until `LastRect`.
const UNTIL_LAST_RECT: u16 = u16::MAX;

/// Decodes server messages into the picture, in whatever pieces they arrive.
pub struct Decoder {
    format: Format,
    state: State,
    /// Pixels painted so far, those of new sizes included.
    pixels: u64,
    /// Bytes of the update so far.
    update_bytes: u64,
    /// What `pixels` was when the update began.
    pixels_before: u64,
    raw: Raw,
    rre: Rre,
    hextile: Hextile,
    zlib: Zlib,
    tight: Tight,
    trle: Trle,
    zrle: Zrle,
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

impl Decoder {
    /// Before the first message. The server's pixels are of this format.
    pub fn new(pixels: PixelFormat) -> Self {
        Self {
            format: Format::new(pixels),
            state: State::Message,
            pixels: 0,
            update_bytes: 0,
            pixels_before: 0,
            raw: Raw::default(),
            rre: Rre::default(),
            hextile: Hextile::default(),
            zlib: Zlib::new(),
            tight: Tight::new(),
            trle: Trle::new(),
            zrle: Zrle::new(),
        }
    }

    /// How many pixels the rectangles and new sizes so far covered, for measuring.
    pub fn pixels(&self) -> u64 {
        self.pixels
    }

    /// Takes the bytes that have arrived; answers how many are done with. The rest must come again, with more behind
    /// when it was none.
    ///
    /// A few bytes can ask for the whole screen to be painted again and again: each call ends after about
    /// [`MAX_PIXELS`], so that whoever calls can see to other things.
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
        let enough = self.pixels + MAX_PIXELS as u64;
        while self.pixels < enough {
            let result = match self.state {
                State::Message => self.message(target, rest, report),
                State::Update { left: 0 } => self.finish(target, report),
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
                    self.update_bytes += used as u64;
                    rest = rest.get(used..).unwrap_or_default();
                    if !is_done {
                        return Ok(input.len() - rest.len());
                    }
                }
                Err(DecodeError::Truncated { .. }) => return Ok(input.len() - rest.len()),
                Err(error) => return Err(error),
            }
        }
        Ok(input.len() - rest.len())
    }

    fn message(
        &mut self,
        target: Target<'_>,
        input: &[u8],
        report: &mut dyn FnMut(Report),
    ) -> Result<Progress, DecodeError> {
        let mut reader = Reader::new(input, "a message");
        match reader.u8()? {
            0 => {
                reader.take(1)?;
                let left = reader.u16()?;
                self.state = State::Update { left };
                (self.update_bytes, self.pixels_before) = (0, self.pixels);
                target.surface.begin();
                // The server works on the next update while this one is decoded.
                report(Report::UpdateBegan);
            }
            1 => {
                reader.take(1)?;
                let (first, count) = (reader.u16()?, reader.u16()?);
                let colours = reader.take(usize::from(count) * 6)?;
                self.format.map(first, colours.as_chunks().0);
            }
            2 => report(Report::Bell),
            3 => {
                let left = clipboard::cut_text(&mut reader, report)?;
                if left > 0 {
                    self.state = State::Skip { left };
                }
            }
            150 => report(Report::CanUpdateUnasked),
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
        let (rect, encoding) = rectangle_head(&mut Reader::new(input, "a rectangle's header"))?;
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
        let format = &self.format;
        let progress = match encoding {
            encoding::RAW => self.raw.decode(target, format, rect, input)?,
            encoding::COPY_RECT => copy_rect::decode(target, rect, input)?,
            encoding::RRE => self
                .rre
                .decode(target, format, Numbers::Wide, rect, input)?,
            encoding::CORRE => self
                .rre
                .decode(target, format, Numbers::Narrow, rect, input)?,
            encoding::HEXTILE => self.hextile.decode(target, format, rect, input)?,
            encoding::ZLIB => self.zlib.decode(target, format, rect, input)?,
            encoding::TIGHT => return self.tight_rectangles(target, left, rect, input),
            encoding::TRLE => self.trle.decode(target, format, rect, input)?,
            encoding::ZRLE => self.zrle.decode(target, format, rect, input)?,
            encoding::CURSOR => cursor::masked(target, format, rect, input)?,
            encoding::X_CURSOR => cursor::two_coloured(target, rect, input)?,
            encoding::CURSOR_WITH_ALPHA => cursor::with_alpha(target, rect, input)?,
            encoding::POINTER_POSITION => cursor::moved(target, rect),
            encoding::DESKTOP_SIZE => desktop::size(target, rect, report)?,
            encoding::EXTENDED_DESKTOP_SIZE => desktop::extended_size(target, rect, input, report)?,
            encoding::DESKTOP_NAME => desktop::name(input, report)?,
            encoding::LED_STATE => {
                let locks = Reader::new(input, "the keyboard's locks").u8()?;
                report(Report::Locks(locks));
                Progress::done(1)
            }
            encoding::EXTENDED_KEYS => {
                report(Report::TakesKeyCodes);
                Progress::done(0)
            }
            encoding::EXTENDED_BUTTONS => {
                report(Report::TakesMoreButtons);
                Progress::done(0)
            }
            encoding::LAST_RECT => Progress::done(0),
            encoding => return Err(DecodeError::Encoding { encoding }),
        };
        if progress.is_done {
            self.pixels += match encoding {
                0.. => rect.area(),
                // A new picture costs as much as painting all of it.
                encoding::DESKTOP_SIZE | encoding::EXTENDED_DESKTOP_SIZE => rect.area(),
                _ => 0,
            };
            let left = match encoding {
                encoding::LAST_RECT => 0,
                _ => one_less(left),
            };
            self.state = State::Update { left };
        }
        Ok(progress)
    }

    /// Takes Tight rectangles together, as many as have arrived one after the other.
    fn tight_rectangles(
        &mut self,
        target: Target<'_>,
        left: u16,
        rect: Rect,
        input: &[u8],
    ) -> Result<Progress, DecodeError> {
        let (mut left, mut rect) = (left, rect);
        let format = self.format.in_tight();
        let mut used = self.tight.read(format, rect, input, 0)?;
        let read = loop {
            self.pixels += rect.area();
            left = one_less(left);
            self.state = State::Update { left };
            let next = input.get(used..).unwrap_or_default();
            let Ok((head, encoding)) = rectangle_head(&mut Reader::new(next, "a rectangle")) else {
                break Ok(());
            };
            let is_ours = left > 0 && encoding == encoding::TIGHT;
            if !is_ours || !head.fits(target.surface.size()) || !self.tight.takes(head) {
                break Ok(());
            }
            match self.tight.read(format, head, input, used + 12) {
                Ok(end) => (rect, used) = (head, end),
                Err(DecodeError::Truncated { .. }) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        // What came before a mistake is painted, as it would be one by one.
        self.tight.paint(target, format, input)?;
        read.map(|()| Progress::done(used))
    }

    fn finish(
        &mut self,
        target: Target<'_>,
        report: &mut dyn FnMut(Report),
    ) -> Result<Progress, DecodeError> {
        self.state = State::Message;
        report(Report::UpdateEnded {
            bytes: self.update_bytes,
        });
        // One pixel answers a question of `pulse`, and is no new picture.
        if self.pixels != self.pixels_before + 1 {
            target.meter.updates.fetch_add(1, Ordering::Relaxed);
        }
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

fn rectangle_head(reader: &mut Reader<'_>) -> Result<(Rect, i32), DecodeError> {
    let rect = Rect::new(reader.u16()?, reader.u16()?, reader.u16()?, reader.u16()?);
    Ok((rect, reader.i32()?))
}

/// Rectangles left after one; an update that ends with `LastRect` does not count them.
fn one_less(left: u16) -> u16 {
    match left {
        UNTIL_LAST_RECT => left,
        left => left.saturating_sub(1),
    }
}

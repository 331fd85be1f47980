//! The binary codec of what viewers are sent: a 24-byte little-endian header, then a payload.
//!
//! | bytes | field |
//! | --- | --- |
//! | 0 | kind, see [`Kind`] |
//! | 1 | flags, 0 |
//! | 2, 4, 6, 8 | x, y, width, height |
//! | 10, 12 | source x, source y of a copy |
//! | 14 | 0 |
//! | 16 | value: the colour of a fill; of a frame's end 1 where more of the picture follows, else 0 |
//! | 20 | frame number |

use super::framebuffer::Framebuffer;
use super::owed::{Draw, Owed};
use super::rect::{Rect, Size};
use super::surface::Notice;
use crate::terminal::Grid;

/// The header's length.
pub const HEADER_BYTES: usize = 24;

/// The most pixel bytes in one message: larger ones delay the input that arrives while they are drawn.
pub const MAX_TILE_BYTES: usize = 256 * 1024;

/// The most pixel bytes in one frame, a full-HD picture; what is over stays owed and follows with the next credit.
const MAX_FRAME_BYTES: usize = 1920 * 1088 * 4;

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// RGBA pixels for a rectangle.
    Pixels = 1,
    /// A part of the picture is copied.
    Copy = 2,
    /// A rectangle is painted in one colour.
    Fill = 3,
    /// The picture has a new size.
    Resize = 4,
    /// A new cursor: RGBA with straight alpha, (x, y) the pixel that points.
    Cursor = 5,
    /// The machine moved its cursor to (x, y).
    CursorMove = 6,
    /// UTF-8 text of the machine's clipboard.
    Clipboard = 7,
    /// JSON, [`crate::session::StateNotice`].
    State = 8,
    /// UTF-8 name of the machine.
    Name = 9,
    /// The machine rang.
    Bell = 10,
    /// Everything since the last one of these is one frame; the viewer draws it, then acknowledges its number.
    FrameEnd = 11,
    /// JSON, [`crate::session::Stats`].
    Stats = 12,
    /// UTF-8 text that the person should read.
    Said = 13,
    /// One byte, the locks of the machine's keyboard: 1 scroll, 2 numbers, 4 capitals.
    Locks = 14,
    /// Bytes for the viewer's terminal, which continue what it has.
    Output = 15,
    /// Bytes that draw everything anew, on a terminal of `width` columns and `height` rows that was reset.
    Screen = 16,
    /// A picture of the machine's clipboard, PNG.
    ClipboardPicture = 17,
    /// Formatted text of the machine's clipboard: a u32 of the text's bytes, the text in UTF-8, HTML in UTF-8.
    ClipboardHtml = 18,
}

/// A message's header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// The kind as its number.
    pub kind: u8,
    /// Where.
    pub rect: Rect,
    /// A copy's source, from the left.
    pub source_x: u16,
    /// A copy's source, from the top.
    pub source_y: u16,
    /// A fill's colour.
    pub value: u32,
    /// The frame's number.
    pub sequence: u32,
}

impl Header {
    /// The header's bytes.
    pub fn encode(self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        let fields = [
            &[self.kind, 0][..],
            &self.rect.x.to_le_bytes(),
            &self.rect.y.to_le_bytes(),
            &self.rect.width.to_le_bytes(),
            &self.rect.height.to_le_bytes(),
            &self.source_x.to_le_bytes(),
            &self.source_y.to_le_bytes(),
            &[0, 0],
            &self.value.to_le_bytes(),
            &self.sequence.to_le_bytes(),
        ];
        for (to, from) in bytes.iter_mut().zip(fields.into_iter().flatten()) {
            *to = *from;
        }
        bytes
    }

    /// Reads a header and what follows it; `None` when the message is shorter than one.
    pub fn decode(message: &[u8]) -> Option<(Self, &[u8])> {
        let (head, payload) = message.split_first_chunk::<HEADER_BYTES>()?;
        let &[
            kind,
            _,
            x0,
            x1,
            y0,
            y1,
            w0,
            w1,
            h0,
            h1,
            a0,
            a1,
            b0,
            b1,
            _,
            _,
            v0,
            v1,
            v2,
            v3,
            s0,
            s1,
            s2,
            s3,
        ] = head;
        let header = Self {
            kind,
            rect: Rect::new(
                u16::from_le_bytes([x0, x1]),
                u16::from_le_bytes([y0, y1]),
                u16::from_le_bytes([w0, w1]),
                u16::from_le_bytes([h0, h1]),
            ),
            source_x: u16::from_le_bytes([a0, a1]),
            source_y: u16::from_le_bytes([b0, b1]),
            value: u32::from_le_bytes([v0, v1, v2, v3]),
            sequence: u32::from_le_bytes([s0, s1, s2, s3]),
        };
        Some((header, payload))
    }
}

fn message(kind: Kind, rect: Rect, payload: &[u8]) -> Vec<u8> {
    let header = Header {
        kind: kind as u8,
        rect,
        ..Header::default()
    };
    let mut bytes = Vec::with_capacity(HEADER_BYTES + payload.len());
    bytes.extend_from_slice(&header.encode());
    bytes.extend_from_slice(payload);
    bytes
}

/// Cuts what a viewer is owed from the newest picture: notices first, then at most one frame.
///
/// `is_ready` says whether the viewer has credit for a frame; without it only notices and sizes go out. Answers the messages and
/// whether they end with a frame numbered `sequence`. This is the one copy between the framebuffer and the socket.
pub fn encode_frame(
    frame: &Framebuffer,
    owed: &mut Owed,
    sequence: u32,
    is_ready: bool,
) -> (Vec<Vec<u8>>, bool) {
    let mut messages: Vec<Vec<u8>> = owed
        .notices
        .drain(..)
        .map(|notice| encode_notice(&notice))
        .collect();
    if let Some((x, y)) = owed.cursor_at.take() {
        messages.push(message(Kind::CursorMove, Rect::new(x, y, 0, 0), &[]));
    }
    if let Some(cursor) = owed.cursor.take() {
        let rect = Rect::new(
            cursor.hot_x,
            cursor.hot_y,
            cursor.size.width,
            cursor.size.height,
        );
        messages.push(message(Kind::Cursor, rect, cursor.pixels.as_flattened()));
    }
    // Where the picture is shown elsewhere, the viewer still has to know its size: that is where the pointer is.
    if let Some(Size { width, height }) = owed.size.take() {
        messages.push(message(Kind::Resize, Rect::new(0, 0, width, height), &[]));
    }
    if !is_ready || !owed.has_picture() {
        return (messages, false);
    }
    messages.extend(owed.draws.drain(..).map(encode_draw));
    let mut budget = MAX_FRAME_BYTES;
    while let Some(rect) = owed.dirty.pop() {
        let (tile, rest) = split(rect, MAX_TILE_BYTES.min(budget));
        let Some(tile) = tile else {
            owed.dirty.add(rect);
            break;
        };
        if let Some(part) = rest {
            // Not merged back by area: the two parts of one rectangle always merge well, which would undo the cut.
            owed.dirty.push_part(part);
        }
        budget = budget.saturating_sub(pixel_bytes(tile));
        messages.push(encode_pixels(frame, tile));
    }
    messages.push(frame_end(sequence, !owed.has_picture()));
    (messages, true)
}

/// A frame of a terminal: bytes that continue what the viewer has or, with a size, draw everything anew.
pub fn encode_terminal(bytes: &[u8], grid: Option<Grid>, sequence: u32) -> Vec<Vec<u8>> {
    let drawing = match grid {
        None => message(Kind::Output, Rect::default(), bytes),
        Some(Grid { columns, rows }) => {
            message(Kind::Screen, Rect::new(0, 0, columns, rows), bytes)
        }
    };
    vec![drawing, frame_end(sequence, true)]
}

/// Ends a frame, and says whether the viewer has the whole picture with it. Alone it is a frame in which nothing changed.
pub fn frame_end(sequence: u32, is_whole: bool) -> Vec<u8> {
    let end = Header {
        kind: Kind::FrameEnd as u8,
        value: u32::from(!is_whole),
        sequence,
        ..Header::default()
    };
    end.encode().to_vec()
}

fn pixel_bytes(rect: Rect) -> usize {
    usize::from(rect.width) * usize::from(rect.height) * 4
}

/// Splits a rectangle into a part of at most `bytes` and the rest. No part at all when not even one row of 64 fits.
fn split(rect: Rect, bytes: usize) -> (Option<Rect>, Option<Rect>) {
    if pixel_bytes(rect) <= bytes {
        return (Some(rect), None);
    }
    let row = usize::from(rect.width) * 4;
    let rows = u16::try_from(bytes / row.max(1)).unwrap_or(u16::MAX);
    if rows == 0 {
        // One row of the widest picture is 64 KiB, so this is the end of the frame's budget.
        return (None, None);
    }
    let tile = Rect::new(rect.x, rect.y, rect.width, rows);
    let rest = Rect::new(
        rect.x,
        rect.y.saturating_add(rows),
        rect.width,
        rect.height - rows,
    );
    (Some(tile), Some(rest))
}

fn encode_pixels(frame: &Framebuffer, rect: Rect) -> Vec<u8> {
    let header = Header {
        kind: Kind::Pixels as u8,
        rect,
        ..Header::default()
    };
    let mut bytes = Vec::with_capacity(HEADER_BYTES + pixel_bytes(rect));
    bytes.extend_from_slice(&header.encode());
    for y in rect.y..rect.y.saturating_add(rect.height) {
        if let Some(row) = frame.row(rect, y) {
            bytes.extend_from_slice(row.as_flattened());
        }
    }
    bytes
}

fn encode_draw(draw: Draw) -> Vec<u8> {
    let header = match draw {
        Draw::Copy { from, x, y } => Header {
            kind: Kind::Copy as u8,
            rect: Rect::new(x, y, from.width, from.height),
            source_x: from.x,
            source_y: from.y,
            ..Header::default()
        },
        Draw::Fill { rect, colour } => Header {
            kind: Kind::Fill as u8,
            rect,
            value: u32::from_le_bytes(colour),
            ..Header::default()
        },
    };
    header.encode().to_vec()
}

fn encode_notice(notice: &Notice) -> Vec<u8> {
    let none = Rect::default();
    // Our own plain structs always become JSON; an empty object would be refused by the viewer, never misread.
    match notice {
        Notice::State(state) => message(
            Kind::State,
            none,
            &serde_json::to_vec(state).unwrap_or_default(),
        ),
        Notice::Stats(stats) => message(
            Kind::Stats,
            none,
            &serde_json::to_vec(stats).unwrap_or_default(),
        ),
        Notice::Clipboard(text) => message(Kind::Clipboard, none, text.as_bytes()),
        Notice::ClipboardPicture(png) => message(Kind::ClipboardPicture, none, png),
        Notice::ClipboardHtml { text, html } => {
            // Each is capped far below 4 GiB; a length that were wrong is refused by the viewer.
            let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
            let body = [&length.to_le_bytes(), text.as_bytes(), html.as_bytes()].concat();
            message(Kind::ClipboardHtml, none, &body)
        }
        Notice::Name(text) => message(Kind::Name, none, text.as_bytes()),
        Notice::Bell => message(Kind::Bell, none, &[]),
        Notice::Said(text) => message(Kind::Said, none, text.as_bytes()),
        Notice::Locks(locks) => message(Kind::Locks, none, &[*locks]),
    }
}

#[cfg(test)]
mod tests;

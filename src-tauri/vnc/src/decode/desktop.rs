//! The screen's size, layout and name (RFC 6143, section 7.8.2; the registry's "ExtendedDesktopSize" and "DesktopName").

use super::{Progress, Report, Target};
use crate::client::Screen;
use crate::error::DecodeError;
use crate::limits::MAX_NAME_BYTES;
use crate::wire::{Reader, capped};
use farwire_model::frame::{Rect, Size};

/// The screen has a new size; its picture follows when it is asked for.
pub fn size(
    target: Target<'_>,
    rect: Rect,
    report: &mut dyn FnMut(Report),
) -> Result<Progress, DecodeError> {
    let size = Size::new(rect.width, rect.height);
    let is_new = target.surface.paint(|painter| {
        if painter.size() == size {
            return Ok(false);
        }
        painter.resize(size).map(|()| true)
    })?;
    if is_new {
        report(Report::Resized(size));
    }
    Ok(Progress::done(0))
}

/// The screens, after a change or as the answer to our wish: x is who asked, y how it went.
pub fn extended_size(
    target: Target<'_>,
    rect: Rect,
    input: &[u8],
    report: &mut dyn FnMut(Report),
) -> Result<Progress, DecodeError> {
    const ASKED_BY_US: u16 = 1;
    let mut reader = Reader::new(input, "a screen layout");
    let [count, _, _, _] = reader.array()?;
    let mut list = Reader::new(reader.take(usize::from(count) * 16)?, "a screen");
    let screens = (0..count)
        .map(|_| {
            Ok(Screen {
                id: list.u32()?,
                rect: Rect::new(list.u16()?, list.u16()?, list.u16()?, list.u16()?),
                flags: list.u32()?,
            })
        })
        .collect::<Result<Vec<_>, DecodeError>>()?;
    let used = input.len() - reader.rest().len();
    if rect.x == ASKED_BY_US && rect.y != 0 {
        // The layout of a refusal means nothing.
        report(Report::ResizeRefused(rect.y));
    } else {
        report(Report::Screens(screens));
        size(target, rect, report)?;
    }
    Ok(Progress::done(used))
}

/// The machine's new name, in UTF-8.
pub fn name(input: &[u8], report: &mut dyn FnMut(Report)) -> Result<Progress, DecodeError> {
    let mut reader = Reader::new(input, "the desktop's name");
    let length = capped("the desktop's name", reader.u32()?, MAX_NAME_BYTES)?;
    report(Report::Name(crate::text::shown(reader.take(length)?)));
    Ok(Progress::done(4 + length))
}

//! A terminal's state written as bytes that draw it on another one of the same size that was reset.

use super::{Ear, cells};
use alacritty_terminal::Term;
use alacritty_terminal::grid::{Dimensions, Grid};
use alacritty_terminal::index::{Column, Line, Point};
use alacritty_terminal::term::TermMode;
use alacritty_terminal::term::cell::{Cell, Flags};
use alacritty_terminal::vte::ansi::{
    CharsetIndex, Color, CursorShape, NamedColor, StandardCharset,
};
use std::io::Write;

/// Lines above the screen that a viewer is given at most. At 80 characters 1.6 MB; a page that shows more than that again
/// asks for too much of its browser.
const MAX_LINES_ABOVE: usize = 20_000;

/// What draws the screen, with the lines above it if `is_whole`.
pub fn screen(term: &Term<Ear>, region: Option<(u16, u16)>, is_whole: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(16 << 10);
    let grid = term.grid();
    let mode = *term.mode();
    let is_other = mode.contains(TermMode::ALT_SCREEN);
    for index in 0..256_usize {
        if let Some(colour) = term.colors()[index] {
            let _ = write!(
                out,
                "\x1b]4;{index};rgb:{:02x}/{:02x}/{:02x}\x1b\\",
                colour.r, colour.g, colour.b
            );
        }
    }
    let above = match is_whole && !is_other {
        true => grid.history_size().min(MAX_LINES_ABOVE),
        false => 0,
    };
    if is_other {
        out.extend_from_slice(b"\x1b[?1049h\x1b[H");
    }
    let first = i32::try_from(above).map_or(0, |above| -above);
    let last = i32::try_from(grid.screen_lines()).unwrap_or(1) - 1;
    let mut pen = Cell::default();
    for line in first..=last {
        let is_continued = line < last && cells::is_continued(grid, Line(line));
        write_line(&mut out, grid, Line(line), is_continued, &mut pen);
        if line < last && !is_continued {
            reset_pen(&mut out, &mut pen);
            out.extend_from_slice(b"\r\n");
        }
    }
    reset_pen(&mut out, &mut pen);
    if let Some((top, bottom)) = region {
        let bottom = match bottom {
            0 => grid.screen_lines(),
            bottom => usize::from(bottom),
        };
        let _ = write!(out, "\x1b[{};{bottom}r", top.max(1));
    }
    let goto = |out: &mut Vec<u8>, point: Point| {
        let (line, column) = (point.line.0.max(0) + 1, point.column.0 + 1);
        let _ = write!(out, "\x1b[{line};{column}H");
    };
    goto(&mut out, grid.saved_cursor.point);
    out.extend_from_slice(b"\x1b7");
    goto(&mut out, grid.cursor.point);
    write_link(&mut out, &mut pen, &grid.cursor.template);
    write_pen(&mut out, &mut pen, &grid.cursor.template);
    if grid.cursor.charsets[CharsetIndex::G0] == StandardCharset::SpecialCharacterAndLineDrawing {
        out.extend_from_slice(b"\x1b(0");
    }
    let style = term.cursor_style();
    let shape = match style.shape {
        CursorShape::Underline => 4,
        CursorShape::Beam => 6,
        _ => 2,
    };
    let _ = write!(out, "\x1b[{} q", shape - u8::from(style.blinking));
    for (flag, when, bytes) in [
        (TermMode::APP_CURSOR, true, "\x1b[?1h"),
        (TermMode::APP_KEYPAD, true, "\x1b="),
        (TermMode::BRACKETED_PASTE, true, "\x1b[?2004h"),
        (TermMode::MOUSE_REPORT_CLICK, true, "\x1b[?1000h"),
        (TermMode::MOUSE_DRAG, true, "\x1b[?1002h"),
        (TermMode::MOUSE_MOTION, true, "\x1b[?1003h"),
        (TermMode::UTF8_MOUSE, true, "\x1b[?1005h"),
        (TermMode::SGR_MOUSE, true, "\x1b[?1006h"),
        (TermMode::FOCUS_IN_OUT, true, "\x1b[?1004h"),
        (TermMode::INSERT, true, "\x1b[4h"),
        (TermMode::LINE_FEED_NEW_LINE, true, "\x1b[20h"),
        (TermMode::LINE_WRAP, false, "\x1b[?7l"),
        (TermMode::SHOW_CURSOR, false, "\x1b[?25l"),
    ] {
        if mode.contains(flag) == when {
            out.extend_from_slice(bytes.as_bytes());
        }
    }
    out
}

fn write_line(
    out: &mut Vec<u8>,
    grid: &Grid<Cell>,
    line: Line,
    is_continued: bool,
    pen: &mut Cell,
) {
    let row = &grid[line];
    for column in 0..cells::used(grid, line) {
        let cell = &row[Column(column)];
        let Some((text, marks)) = cells::shown(row, column) else {
            continue;
        };
        // The wide character that did not fit wraps by itself.
        let is_last = column == grid.last_column().0;
        if is_continued && is_last && cell.flags.contains(Flags::LEADING_WIDE_CHAR_SPACER) {
            continue;
        }
        write_link(out, pen, cell);
        write_pen(out, pen, cell);
        let mut buffer = [0; 4];
        for part in std::iter::once(&text).chain(marks) {
            out.extend_from_slice(part.encode_utf8(&mut buffer).as_bytes());
        }
    }
}

/// Begins or ends a link (OSC 8).
fn write_link(out: &mut Vec<u8>, pen: &mut Cell, cell: &Cell) {
    let link = cell.hyperlink();
    if pen.extra.is_none() && link.is_none() || pen.hyperlink() == link {
        return;
    }
    let _ = match &link {
        Some(link) => write!(out, "\x1b]8;id={};{}\x1b\\", link.id(), link.uri()),
        None => write!(out, "\x1b]8;;\x1b\\"),
    };
    pen.set_hyperlink(link);
}

fn reset_pen(out: &mut Vec<u8>, pen: &mut Cell) {
    write_link(out, pen, &Cell::default());
    write_pen(out, pen, &Cell::default());
}

/// What shows; the rest of a cell's marks are its place on the screen.
const STYLES: Flags = Flags::INVERSE
    .union(Flags::BOLD)
    .union(Flags::ITALIC)
    .union(Flags::DIM)
    .union(Flags::HIDDEN)
    .union(Flags::STRIKEOUT)
    .union(Flags::ALL_UNDERLINES);

/// Changes colours and styles to those of a cell.
fn write_pen(out: &mut Vec<u8>, pen: &mut Cell, cell: &Cell) {
    let styles = cell.flags.intersection(STYLES);
    if pen.fg == cell.fg && pen.bg == cell.bg && pen.flags == styles {
        return;
    }
    (pen.fg, pen.bg, pen.flags) = (cell.fg, cell.bg, styles);
    out.extend_from_slice(b"\x1b[0");
    for (flag, code) in [
        (Flags::BOLD, "1"),
        (Flags::DIM, "2"),
        (Flags::ITALIC, "3"),
        (Flags::UNDERLINE, "4"),
        (Flags::DOUBLE_UNDERLINE, "4:2"),
        (Flags::UNDERCURL, "4:3"),
        (Flags::DOTTED_UNDERLINE, "4:4"),
        (Flags::DASHED_UNDERLINE, "4:5"),
        (Flags::INVERSE, "7"),
        (Flags::HIDDEN, "8"),
        (Flags::STRIKEOUT, "9"),
    ] {
        if styles.contains(flag) {
            let _ = write!(out, ";{code}");
        }
    }
    write_colour(out, cell.fg, 30);
    write_colour(out, cell.bg, 40);
    out.push(b'm');
}

fn write_colour(out: &mut Vec<u8>, colour: Color, base: u8) {
    let _ = match colour {
        Color::Spec(rgb) => write!(out, ";{};2;{};{};{}", base + 8, rgb.r, rgb.g, rgb.b),
        Color::Indexed(index) => write!(out, ";{};5;{index}", base + 8),
        Color::Named(name) => match name as usize {
            index @ 0..=7 => write!(out, ";{}", usize::from(base) + index),
            index @ 8..=15 => write!(out, ";{}", usize::from(base) + 60 + index - 8),
            _ => match name {
                NamedColor::BrightForeground => write!(out, ";{}", base + 67),
                _ => Ok(()),
            },
        },
    };
}

//! A terminal's screen as a picture, for screenshots and thumbnails.

use super::{Ear, Terminal, cells};
use alacritty_terminal::Term;
use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::index::{Column, Line, Point};
use alacritty_terminal::term::TermMode;
use alacritty_terminal::term::cell::{Cell, Flags};
use alacritty_terminal::vte::ansi::{Color, NamedColor};
use farwire_model::frame::Size;
use image::{Rgba, RgbaImage};
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

/// What is written in no colour of its own.
pub const FOREGROUND: [u8; 3] = [0xd8, 0xde, 0xe9];
/// What nothing is written on.
pub const BACKGROUND: [u8; 3] = [0x14, 0x17, 0x1c];

/// A character's height in pixels.
const HEIGHT: u32 = RasterHeight::Size16 as u32;

fn width() -> u32 {
    u32::try_from(get_raster_width(FontWeight::Regular, RasterHeight::Size16)).unwrap_or(8)
}

impl Terminal {
    /// How large the picture of the screen is.
    pub fn picture_size(&self) -> Size {
        let grid = self.lock().grid;
        let side = |count: u16, pixels: u32| {
            u16::try_from(u32::from(count).saturating_mul(pixels)).unwrap_or(u16::MAX)
        };
        Size::new(side(grid.columns, width()), side(grid.rows, HEIGHT))
    }

    /// The screen as a picture. Letters beyond Latin are drawn as boxes.
    pub fn picture(&self) -> RgbaImage {
        let state = self.lock();
        let grid = state.term.grid();
        let (columns, rows) = (u32::from(state.grid.columns), u32::from(state.grid.rows));
        let mut picture = RgbaImage::new(columns * width(), rows * HEIGHT);
        let is_shown = state.term.mode().contains(TermMode::SHOW_CURSOR);
        for row in 0..state.grid.rows {
            for column in 0..state.grid.columns {
                let point = Point::new(Line(i32::from(row)), Column(usize::from(column)));
                let is_cursor = is_shown && grid.cursor.point == point;
                let corner = (u32::from(column) * width(), u32::from(row) * HEIGHT);
                let shown = cells::shown(&grid[point.line], point.column.0);
                let letter = shown.map_or(' ', |(letter, _)| letter);
                let cell = (&grid[point], letter);
                draw(&mut picture, corner, cell, is_cursor, &state.term);
            }
        }
        debug_assert_eq!(grid.screen_lines(), usize::from(state.grid.rows));
        picture
    }
}

fn draw(
    picture: &mut RgbaImage,
    (left, top): (u32, u32),
    (cell, letter): (&Cell, char),
    is_cursor: bool,
    term: &Term<Ear>,
) {
    let mut ink = colour(cell.fg, term);
    let mut paper = colour(cell.bg, term);
    if cell.flags.contains(Flags::INVERSE) != is_cursor {
        std::mem::swap(&mut ink, &mut paper);
    }
    if cell.flags.contains(Flags::HIDDEN) {
        ink = paper;
    }
    let weight = match cell.flags.contains(Flags::BOLD) {
        true => FontWeight::Bold,
        false => FontWeight::Regular,
    };
    let raster = get_raster(letter, weight, RasterHeight::Size16);
    let is_dim = cell.flags.contains(Flags::DIM);
    for y in 0..HEIGHT {
        for x in 0..width() {
            let cover = match &raster {
                _ if letter == ' ' => 0,
                Some(raster) => {
                    let at = |place: u32| usize::try_from(place).unwrap_or_default();
                    raster.pixel(at(x), at(y)).unwrap_or(0)
                }
                None => line_drawing(letter, x, y),
            };
            let is_line = cell.flags.intersects(Flags::ALL_UNDERLINES) && y == HEIGHT - 2
                || cell.flags.contains(Flags::STRIKEOUT) && y == HEIGHT / 2;
            let cover = if is_line { 255 } else { cover };
            let cover = if is_dim { cover / 2 } else { cover };
            picture.put_pixel(left + x, top + y, mix(paper, ink, cover));
        }
    }
}

/// Characters that programs draw frames with, of which the font has none: which of the four arms each has.
fn line_drawing(character: char, x: u32, y: u32) -> u8 {
    const LEFT: u8 = 1;
    const RIGHT: u8 = 2;
    const UP: u8 = 4;
    const DOWN: u8 = 8;
    let (middle_x, middle_y) = (width() / 2, HEIGHT / 2);
    let arms = match character {
        '─' | '━' | '═' | '╌' | '┄' => LEFT | RIGHT,
        '│' | '┃' | '║' | '╎' | '┆' => UP | DOWN,
        '┌' | '╭' | '╔' | '┏' => RIGHT | DOWN,
        '┐' | '╮' | '╗' | '┓' => LEFT | DOWN,
        '└' | '╰' | '╚' | '┗' => RIGHT | UP,
        '┘' | '╯' | '╝' | '┛' => LEFT | UP,
        '├' | '╠' | '┣' => UP | DOWN | RIGHT,
        '┤' | '╣' | '┫' => UP | DOWN | LEFT,
        '┬' | '╦' | '┳' => LEFT | RIGHT | DOWN,
        '┴' | '╩' | '┻' => LEFT | RIGHT | UP,
        '┼' | '╬' | '╋' => LEFT | RIGHT | UP | DOWN,
        '█' => return 255,
        '▓' => return 190,
        '▒' => return 128,
        '░' => return 64,
        '▀' => return if y < middle_y { 255 } else { 0 },
        '▄' => return if y >= middle_y { 255 } else { 0 },
        '▌' => return if x < middle_x { 255 } else { 0 },
        '▐' => return if x >= middle_x { 255 } else { 0 },
        _ => {
            // Any other letter: a box of its own size.
            let is_side = x == 1 || x + 2 == width();
            let is_end = y == 3 || y + 4 == HEIGHT;
            let is_inside = (1..width() - 1).contains(&x) && (3..HEIGHT - 3).contains(&y);
            return if is_inside && (is_side || is_end) {
                160
            } else {
                0
            };
        }
    };
    let is_drawn = (y == middle_y
        && (arms & LEFT != 0 && x <= middle_x || arms & RIGHT != 0 && x >= middle_x))
        || (x == middle_x
            && (arms & UP != 0 && y <= middle_y || arms & DOWN != 0 && y >= middle_y));
    if is_drawn { 255 } else { 0 }
}

fn mix(paper: [u8; 3], ink: [u8; 3], cover: u8) -> Rgba<u8> {
    let [r, g, b] = std::array::from_fn(|place| {
        let part = |colour: [u8; 3]| u32::from(colour.get(place).copied().unwrap_or_default());
        let cover = u32::from(cover);
        let sum = part(paper) * (255 - cover) + part(ink) * cover;
        u8::try_from(sum / 255).unwrap_or(u8::MAX)
    });
    Rgba([r, g, b, 255])
}

fn colour(colour: Color, term: &Term<Ear>) -> [u8; 3] {
    let own = |index: usize| term.colors()[index].map(|own| [own.r, own.g, own.b]);
    match colour {
        Color::Spec(rgb) => [rgb.r, rgb.g, rgb.b],
        Color::Indexed(index) => own(usize::from(index)).unwrap_or_else(|| palette(index)),
        Color::Named(name) => match name {
            NamedColor::Foreground | NamedColor::BrightForeground | NamedColor::DimForeground => {
                own(256).unwrap_or(FOREGROUND)
            }
            NamedColor::Background => own(257).unwrap_or(BACKGROUND),
            name => {
                let index = name as usize;
                own(index).unwrap_or_else(|| palette(u8::try_from(index).unwrap_or(7)))
            }
        },
    }
}

/// xterm's 256 colours: 16 named ones, a cube of 6 x 6 x 6, 24 greys.
pub fn palette(index: u8) -> [u8; 3] {
    const NAMED: [[u8; 3]; 16] = [
        [0x1d, 0x1f, 0x21],
        [0xcc, 0x66, 0x66],
        [0x8c, 0xb3, 0x69],
        [0xe0, 0xb0, 0x60],
        [0x6f, 0x9c, 0xd8],
        [0xb2, 0x8c, 0xc8],
        [0x6c, 0xb5, 0xb0],
        [0xc5, 0xc8, 0xc6],
        [0x70, 0x75, 0x7d],
        [0xe0, 0x80, 0x80],
        [0xa8, 0xd0, 0x80],
        [0xf0, 0xc6, 0x74],
        [0x8a, 0xb4, 0xf0],
        [0xc8, 0xa0, 0xe0],
        [0x88, 0xd0, 0xc8],
        [0xff, 0xff, 0xff],
    ];
    match index {
        0..=15 => NAMED.get(usize::from(index)).copied().unwrap_or(FOREGROUND),
        16..=231 => {
            let index = index - 16;
            [index / 36, index / 6 % 6, index % 6]
                .map(|part| if part == 0 { 0 } else { 55 + 40 * part })
        }
        _ => [8 + 10 * (index - 232); 3],
    }
}

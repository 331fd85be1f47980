//! A look at whether the page lets through what lies under it.
//!
//! The page leaves a corner of itself out and draws all the rest. A mark lies under both: it has to be seen in the corner, and
//! must not be seen beside it, since a page that has not been drawn yet hides nothing either.

use gtk::gdk_pixbuf::Pixbuf;
use gtk::glib::{self, ControlFlow, Propagation};
use gtk::prelude::*;
use std::time::Duration;
use tokio::sync::oneshot;

/// How often the toolkit is asked what it shows, and how many times: a page on a slow machine is late, and draws its pictures
/// itself as long.
const PAUSE: Duration = Duration::from_millis(50);
const LOOKS: u32 = 100;

/// The side of the mark, in units of the toolkit: twice that of the corner that the page leaves out.
const MARK: i32 = 16;

/// The mark's red, green and blue: no colour of the page's.
const COLOUR: [u8; 3] = [0xff, 0x00, 0xa5];

/// What is seen of the mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// The page is not drawn yet, or not as it should be.
    Nothing,
    /// The page hides it.
    Hidden,
    /// The page lets it through, where it should.
    Through,
}

/// Looks until the page in a window's overlay lets the mark through, or until it will not any more; tells whether it does.
pub fn begin(both: &gtk::Overlay, page: &gtk::Widget, tell: oneshot::Sender<bool>) {
    let mark = mark();
    both.add_overlay(&mark);
    both.reorder_overlay(page, -1);
    mark.show();
    let both = both.clone();
    let (mut looks, mut tell) = (0, Some(tell));
    glib::timeout_add_local(PAUSE, move || {
        looks += 1;
        let is_through = look(&both) == Seen::Through;
        if !is_through && looks < LOOKS {
            return ControlFlow::Continue;
        }
        tracing::debug!(looks, is_through, "looked at the page");
        both.remove(&mark);
        if let Some(tell) = tell.take() {
            // Whoever asked may be gone, such as a page that was closed.
            let _ = tell.send(is_through);
        }
        ControlFlow::Break
    });
}

fn mark() -> gtk::DrawingArea {
    let mark = gtk::DrawingArea::new();
    mark.set_halign(gtk::Align::Start);
    mark.set_valign(gtk::Align::Start);
    mark.set_size_request(MARK, MARK);
    mark.connect_draw(|_, context| {
        let [red, green, blue] = COLOUR.map(|part| f64::from(part) / 255.0);
        context.set_source_rgb(red, green, blue);
        if let Err(error) = context.paint() {
            tracing::debug!(%error, "the mark was not painted");
        }
        Propagation::Stop
    });
    mark
}

/// Looks at the window's own pixels, as they are on the screen: drawn for anybody else, a page may be left out.
fn look(both: &gtk::Overlay) -> Seen {
    let at = both.allocation();
    let shown = both
        .window()
        .and_then(|window| window.pixbuf(at.x(), at.y(), MARK, MARK));
    shown.map_or(Seen::Nothing, |shown| {
        // In the middle of the corner that is left out, and of what is not.
        seen(pixel(&shown, 1), pixel(&shown, 3))
    })
}

/// The red, green and blue at so many quarters of both sides.
fn pixel(picture: &Pixbuf, quarters: i32) -> Option<[u8; 3]> {
    let offset = picture.height() * quarters / 4 * picture.rowstride()
        + picture.width() * quarters / 4 * picture.n_channels();
    let bytes = picture.read_pixel_bytes();
    let rest = bytes.get(usize::try_from(offset).ok()?..)?;
    rest.first_chunk().copied()
}

fn seen(corner: Option<[u8; 3]>, rest: Option<[u8; 3]>) -> Seen {
    let (Some(corner), Some(rest)) = (corner, rest) else {
        return Seen::Nothing;
    };
    match (corner == COLOUR, rest == COLOUR) {
        (true, false) => Seen::Through,
        (false, false) => Seen::Hidden,
        (_, true) => Seen::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gtk::gdk_pixbuf::Colorspace;

    #[test]
    fn a_page_lets_through_only_what_it_left_out() {
        let [mark, page, black] = [COLOUR, [0xef, 0xf1, 0xf2], [0; 3]].map(Some);
        for (corner, rest, expected) in [
            (mark, page, Seen::Through),
            (page, page, Seen::Hidden),
            (black, black, Seen::Hidden),
            (mark, mark, Seen::Nothing),
            (page, mark, Seen::Nothing),
            (None, page, Seen::Nothing),
            (mark, None, Seen::Nothing),
        ] {
            assert_eq!(seen(corner, rest), expected, "{corner:?} {rest:?}");
        }
    }

    #[test]
    fn pixels_are_read_at_quarters() {
        let picture = Pixbuf::new(Colorspace::Rgb, false, 8, 16, 16).unwrap();
        picture.fill(0xeff1_f2ff);
        picture.new_subpixbuf(0, 0, 8, 8).fill(0xff00_a5ff);
        assert_eq!(pixel(&picture, 1), Some(COLOUR));
        assert_eq!(pixel(&picture, 3), Some([0xef, 0xf1, 0xf2]));
        assert_eq!(pixel(&picture, 5), None);
    }
}

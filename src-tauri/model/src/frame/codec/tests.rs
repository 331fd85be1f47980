use super::super::{Cursor, FrameSink, Framebuffer, Painter, Pixel, Rect, Size, Surface};
use super::*;
use crate::session::{SessionState, StateNotice};
use proptest::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

struct Deaf;
impl FrameSink for Deaf {
    fn wake(&self) {}
}

/// An independent viewer: what the page does, in a few lines.
#[derive(Default)]
struct Viewer {
    size: Size,
    pixels: Vec<Pixel>,
}

impl Viewer {
    fn draw(&mut self, message: &[u8]) {
        let (header, payload) = Header::decode(message).unwrap();
        let Rect {
            x,
            y,
            width,
            height,
        } = header.rect;
        let stride = usize::from(self.size.width);
        let at = |x: u16, y: u16| usize::from(y) * stride + usize::from(x);
        if header.kind == Kind::Resize as u8 {
            self.size = Size::new(width, height);
            self.pixels = vec![[9, 9, 9, 255]; self.size.pixels()];
        } else if header.kind == Kind::Pixels as u8 {
            assert!(payload.len() <= MAX_TILE_BYTES);
            let source: &[Pixel] = payload.as_chunks::<4>().0;
            for row in 0..height {
                let from = usize::from(row) * usize::from(width);
                self.pixels[at(x, y + row)..][..usize::from(width)]
                    .copy_from_slice(&source[from..][..usize::from(width)]);
            }
        } else if header.kind == Kind::Copy as u8 {
            let before = self.pixels.clone();
            for row in 0..height {
                let from = at(header.source_x, header.source_y + row);
                self.pixels[at(x, y + row)..][..usize::from(width)]
                    .copy_from_slice(&before[from..][..usize::from(width)]);
            }
        } else if header.kind == Kind::Fill as u8 {
            for row in 0..height {
                self.pixels[at(x, y + row)..][..usize::from(width)]
                    .fill(header.value.to_le_bytes());
            }
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Paint(Rect, u8),
    Copy(Rect, u16, u16),
    Fill(Rect, u8),
    Resize(u16, u16),
    Look,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let rect =
        || (0..30u16, 0..30u16, 1..20u16, 1..20u16).prop_map(|(x, y, w, h)| Rect::new(x, y, w, h));
    prop::collection::vec(
        prop_oneof![
            4 => (rect(), any::<u8>()).prop_map(|(r, c)| Step::Paint(r, c)),
            3 => (rect(), 0..30u16, 0..30u16).prop_map(|(r, x, y)| Step::Copy(r, x, y)),
            2 => (rect(), any::<u8>()).prop_map(|(r, c)| Step::Fill(r, c)),
            1 => (40..60u16, 40..60u16).prop_map(|(w, h)| Step::Resize(w, h)),
            3 => Just(Step::Look),
        ],
        1..60,
    )
}

proptest! {
    #[test]
    fn a_viewer_that_looks_now_and_then_ends_with_the_same_picture(steps in steps()) {
        let surface = Surface::new();
        surface.paint(|painter| painter.resize(Size::new(50, 50))).unwrap();
        let attached = surface.attach(Arc::new(Deaf));
        let mut viewer = Viewer::default();
        let mut sequence = 0;
        let mut look = |viewer: &mut Viewer| {
            sequence += 1;
            let (messages, _) = attached.take(|frame, owed| encode_frame(frame, owed, sequence, true)).unwrap();
            messages.iter().for_each(|message| viewer.draw(message));
        };
        for step in steps {
            match step {
                Step::Paint(rect, colour) => surface.paint(|painter| {
                    for row in painter.frame().rows_mut(rect) {
                        for (column, pixel) in row.iter_mut().enumerate() {
                            *pixel = [colour, column as u8, 3, 255];
                        }
                    }
                    painter.damaged(rect);
                }),
                Step::Copy(rect, x, y) => surface.paint(|painter| {
                    let to = Rect::new(x, y, rect.width, rect.height);
                    if rect.fits(painter.size()) && to.fits(painter.size()) {
                        painter.copy(rect, x, y);
                    }
                }),
                Step::Fill(rect, colour) => surface.paint(|painter| {
                    if rect.fits(painter.size()) {
                        painter.fill(rect, [colour, colour, 0, 255]);
                    }
                }),
                Step::Resize(width, height) => surface.paint(|painter| painter.resize(Size::new(width, height)).unwrap()),
                Step::Look => look(&mut viewer),
            }
        }
        look(&mut viewer);
        let expected = surface.snapshot();
        prop_assert_eq!(viewer.size, expected.size());
        prop_assert!(viewer.pixels == expected.pixels());
    }

    #[test]
    fn a_header_reads_as_it_was_written(kind: u8, x: u16, y: u16, w: u16, h: u16, source_x: u16, source_y: u16, value: u32, sequence: u32) {
        let header = Header { kind, rect: Rect::new(x, y, w, h), source_x, source_y, value, sequence };
        let bytes = header.encode();
        prop_assert_eq!(Header::decode(&bytes), Some((header, &[][..])));
    }
}

#[test]
fn a_large_picture_arrives_in_tiles_over_several_frames() {
    let size = Size::new(5120, 2880);
    let surface = Surface::new();
    surface.paint(|painter| painter.resize(size)).unwrap();
    surface.paint(|painter| {
        painter
            .frame()
            .pixels_mut()
            .iter_mut()
            .enumerate()
            .for_each(|(at, pixel)| *pixel = [at as u8, (at >> 8) as u8, (at >> 16) as u8, 255])
    });
    let attached = surface.attach(Arc::new(Deaf));
    let mut viewer = Viewer::default();
    let (mut frames, mut ends) = (0, Vec::new());
    loop {
        let (messages, has_frame) = attached
            .take(|frame, owed| encode_frame(frame, owed, frames, true))
            .unwrap();
        if !has_frame {
            break;
        }
        frames += 1;
        messages.iter().for_each(|message| viewer.draw(message));
        let (end, _) = Header::decode(messages.last().unwrap()).unwrap();
        ends.push(end.value);
    }
    assert!(viewer.pixels == surface.snapshot().pixels());
    // 59 MB in frames of at most 8.4 MB, of which only the last one makes the picture whole.
    assert_eq!(ends, [1, 1, 1, 1, 1, 1, 1, 0]);
}

#[test]
fn without_credit_notices_and_sizes_pass_and_pixels_wait() {
    let surface = Surface::new();
    let attached = surface.attach(Arc::new(Deaf));
    surface
        .paint(|painter| painter.resize(Size::new(4, 4)))
        .unwrap();
    surface.tell(Notice::Bell);
    surface.tell(Notice::Clipboard("old".into()));
    surface.tell(Notice::Clipboard("new".into()));
    let (messages, has_frame) = attached
        .take(|frame, owed| encode_frame(frame, owed, 1, false))
        .unwrap();
    assert!(!has_frame);
    let seen: Vec<_> = messages
        .iter()
        .map(|message| (message[0], &message[HEADER_BYTES..]))
        .collect();
    assert_eq!(
        seen,
        [
            (Kind::Bell as u8, &b""[..]),
            (Kind::Clipboard as u8, &b"new"[..]),
            (Kind::Resize as u8, &b""[..])
        ]
    );
    let (messages, has_frame) = attached
        .take(|frame, owed| encode_frame(frame, owed, 1, true))
        .unwrap();
    assert!(has_frame);
    assert_eq!(messages[0][0], Kind::Pixels as u8, "the size was told");
}

#[test]
fn formatted_text_says_where_its_html_begins() {
    let html = Notice::ClipboardHtml {
        text: "\u{e4}".into(),
        html: "<b>\u{e4}</b>".into(),
    };
    let message = encode_notice(&html);
    assert_eq!(message[0], Kind::ClipboardHtml as u8);
    let expected = "\u{2}\0\0\0\u{e4}<b>\u{e4}</b>";
    assert_eq!(&message[HEADER_BYTES..], expected.as_bytes());
    let input = [&[13], expected.as_bytes()].concat();
    let read = crate::input::decode(&input).unwrap();
    let read_back = crate::input::SessionInput::ClipboardHtml {
        text: "\u{e4}".to_owned(),
        html: "<b>\u{e4}</b>".to_owned(),
    };
    assert_eq!(read, crate::input::ViewerMessage::Input(read_back));
}

/// Counts how often it is woken.
#[derive(Default)]
struct Blind(AtomicU32);

impl FrameSink for Blind {
    fn wake(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn takes_pictures(&self) -> bool {
        false
    }
}

#[test]
fn a_viewer_that_takes_no_pictures_is_woken_for_news_alone() {
    let surface = Surface::new();
    let blind = Arc::new(Blind::default());
    let attached = surface.attach(Arc::clone(&blind) as Arc<dyn FrameSink>);
    let whole = Rect::new(0, 0, 4, 4);
    let woken_by = |what: &str, change: fn(&mut Painter<'_>), expected| {
        let before = blind.0.load(Ordering::Relaxed);
        surface.paint(change);
        surface.publish();
        let woken = blind.0.load(Ordering::Relaxed) - before;
        assert_eq!(woken, expected, "{what}");
        attached.take(|frame, owed| encode_frame(frame, owed, 1, false));
    };
    woken_by(
        "a size",
        |painter| painter.resize(Size::new(4, 4)).unwrap(),
        1,
    );
    woken_by(
        "pixels",
        |painter| painter.damaged(Rect::new(0, 0, 4, 4)),
        0,
    );
    woken_by("a moved cursor", |painter| painter.cursor_moved(1, 2), 1);
    assert!(
        attached.take(|_, owed| owed.dirty.touches(whole)).unwrap(),
        "it stays owed"
    );
}

#[test]
fn a_viewer_that_comes_late_gets_picture_and_cursor() {
    let surface = Surface::new();
    surface.paint(|painter| {
        painter.resize(Size::new(2, 1)).unwrap();
        painter.cursor(Cursor {
            size: Size::new(1, 1),
            hot_x: 0,
            hot_y: 0,
            pixels: vec![[1, 2, 3, 4]],
        });
    });
    let attached = surface.attach(Arc::new(Deaf));
    let (messages, _) = attached
        .take(|frame: &Framebuffer, owed| encode_frame(frame, owed, 1, true))
        .unwrap();
    let kinds: Vec<u8> = messages.iter().map(|message| message[0]).collect();
    assert_eq!(
        kinds,
        [
            Kind::Cursor as u8,
            Kind::Resize as u8,
            Kind::Pixels as u8,
            Kind::FrameEnd as u8
        ]
    );
}

#[test]
fn a_viewer_that_comes_late_is_told_the_locks_while_the_link_is_up() {
    let surface = Surface::new();
    let told = || {
        let attached = surface.attach(Arc::new(Deaf));
        let (messages, _) = attached
            .take(|frame, owed| encode_frame(frame, owed, 1, true))
            .unwrap();
        messages
    };
    let state = |state| {
        Notice::State(StateNotice {
            state,
            stage: None,
            view_only: false,
            stalled: false,
            retry_in_ms: None,
            security: String::new(),
            questions: None,
            error: None,
        })
    };
    surface.tell(Notice::Locks(1));
    surface.tell(Notice::Locks(4));
    surface.tell(state(SessionState::Connected));
    let messages = told();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0][0], Kind::Locks as u8);
    assert_eq!(messages[0][HEADER_BYTES..], [4]);
    surface.tell(state(SessionState::Reconnecting));
    assert!(told().is_empty());
}

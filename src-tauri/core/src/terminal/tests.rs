//! What one terminal shows is what a viewer of it shows, whichever way it got there.

use super::*;
use alacritty_terminal::index::{Column, Line};
use proptest::prelude::*;

fn terminal() -> Arc<Terminal> {
    let grid = Grid {
        columns: 20,
        rows: 5,
    };
    Terminal::new(Surface::new(), &BTreeMap::new(), Some(grid))
}

/// Sends a viewer everything it is owed; its own terminal stands for it.
fn follow(from: &Terminal, view: &mut View, to: &mut Arc<Terminal>) {
    loop {
        match from.take(view) {
            Piece::Output(bytes) => {
                to.feed(&bytes);
            }
            Piece::Screen(grid, bytes) => {
                *to = Terminal::new(Surface::new(), &BTreeMap::new(), Some(grid));
                to.feed(&bytes);
            }
            Piece::Nothing | Piece::Later(_) => return,
        }
    }
}

fn lines(terminal: &Terminal) -> Vec<String> {
    terminal.text(100).lines
}

#[tokio::test(start_paused = true)]
async fn a_viewer_that_comes_later_sees_the_same() {
    for output in [
        &b"one\r\ntwo\r\nthree"[..],
        b"1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7\r\n8",
        b"a line that is longer than the screen is wide\r\n$ ",
        b"\x1b[31mred\x1b[0m \x1b[1;4mbold\x1b[0m\x1b[3;4Hthere",
        "wide \u{4e2d}\u{6587} and e\u{301}".as_bytes(),
        b"\x1b[?1049h\x1b[2J\x1b[2;2Hfull screen\x1b[2;4r",
        b"\x1b(0lqk\x1b(B plain",
        b"a line that wraps    \x1b[2Jand goes",
        "\u{4e2d}\u{4e2d}\x1b[1;4H\x1b[40m\x1b[K\x1b[1;1H\x1b[1Kright".as_bytes(),
        "a wide one wraps...\u{4e2d}\x1b[2K\r\nand goes".as_bytes(),
        "a wide one wraps...\u{4e2d}\x1b[1;1H\x1b[P\x1b[1;20Hxy".as_bytes(),
        b"see \x1b]8;id=a;https://example.org/a\x1b\\this\x1b]8;;\x1b\\ or \x1b]8;;http://b\x07that",
    ] {
        let source = terminal();
        source.feed(output);
        let (mut view, mut copy) = (View::default(), terminal());
        follow(&source, &mut view, &mut copy);
        assert_eq!(lines(&copy), lines(&source), "{output:?}");
        assert_eq!(copy.text(0).cursor, source.text(0).cursor, "{output:?}");
        assert_eq!(copy.picture(), source.picture(), "{output:?}");
        // And what comes then means the same to both.
        for more in [&b"more\x1b[1;1Hx"[..], b"\r\n\n\n\ny", b"\x1b[?1049l", b"z"] {
            source.feed(more);
            tokio::time::advance(std::time::Duration::from_millis(20)).await;
            follow(&source, &mut view, &mut copy);
            assert_eq!(lines(&copy), lines(&source), "{output:?} then {more:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_viewer_never_joins_inside_a_control_sequence() {
    let source = terminal();
    source.feed(b"before \x1b[3");
    let (mut view, mut copy) = (View::default(), terminal());
    follow(&source, &mut view, &mut copy);
    source.feed(b"1mred");
    follow(&source, &mut view, &mut copy);
    assert_eq!(lines(&copy), lines(&source));
    assert_eq!(copy.picture(), source.picture());
}

#[tokio::test(start_paused = true)]
async fn a_viewer_that_falls_behind_is_shown_the_newest_screen_then_the_lines_above() {
    let source = terminal();
    source.feed(b"start\r\n");
    let (mut view, mut copy) = (View::default(), terminal());
    follow(&source, &mut view, &mut copy);
    tokio::time::advance(SCREEN).await;
    for number in 0..60_000 {
        source.feed(format!("line {number}\r\n").as_bytes());
    }
    let Piece::Screen(_, bytes) = source.take(&mut view) else {
        panic!("a screen");
    };
    assert!(
        bytes.len() < 4096,
        "{} bytes for a screen of 20 x 5",
        bytes.len()
    );
    assert!(String::from_utf8_lossy(&bytes).contains("line 59999"));
    // While it pours on, not more often than 60 times a second.
    for number in 0..60_000 {
        source.feed(format!("line {number}\r\n").as_bytes());
    }
    assert!(matches!(source.take(&mut view), Piece::Later(_)));
    tokio::time::advance(std::time::Duration::from_secs(1)).await;
    follow(&source, &mut view, &mut copy);
    assert_eq!(lines(&copy), lines(&source));
}

const SCREEN: std::time::Duration = std::time::Duration::from_millis(20);

#[tokio::test(start_paused = true)]
async fn another_size_is_drawn_anew() {
    let source = terminal();
    source.feed(b"a line that is longer than the screen is wide\r\nlast");
    let (mut view, mut copy) = (View::default(), terminal());
    follow(&source, &mut view, &mut copy);
    source.resize(Grid {
        columns: 60,
        rows: 10,
    });
    tokio::time::advance(SCREEN).await;
    follow(&source, &mut view, &mut copy);
    assert_eq!(copy.grid().columns, 60);
    assert_eq!(lines(&copy), lines(&source));
}

#[test]
fn questions_are_answered_and_the_clipboard_is_not() {
    for (asked, expected) in [
        (&b"\x1b[6n"[..], "\x1b[1;1R"),
        (b"\x1b[5n", "\x1b[0n"),
        (b"\x1b]52;c;?\x07", ""),
        (b"\x1b]11;?\x07", "\x1b]11;rgb:1414/1717/1c1c\x07"),
    ] {
        let answer = terminal().feed(asked);
        assert_eq!(String::from_utf8_lossy(&answer), expected, "{asked:?}");
    }
    let flood = terminal().feed(&b"\x1b[6n".repeat(10_000));
    assert!(flood.len() <= MAX_REPLY_BYTES, "{}", flood.len());
}

#[test]
fn a_title_is_shown_without_what_could_deceive() {
    let terminal = terminal();
    terminal.feed("\x1b]0;safe\u{202e}evil\u{7}".as_bytes());
    assert_eq!(terminal.title(), "safeevil");
    let long = format!("\x1b]2;{}\x07", "x".repeat(5000));
    terminal.feed(long.as_bytes());
    assert_eq!(terminal.title().len(), MAX_TITLE_CHARS);
}

#[test]
fn the_clipboard_is_written_only_where_the_connection_allows_it() {
    use farwire_model::frame::FrameSink;
    struct Sink;
    impl FrameSink for Sink {
        fn wake(&self) {}
    }
    for (setting, expected) in [(None, false), (Some(false), false), (Some(true), true)] {
        let surface = Surface::new();
        let attached = surface.attach(Arc::new(Sink));
        let settings = setting.map(|value| ("ssh.clipboard".to_owned(), Value::Bool(value)));
        let terminal = Terminal::new(Arc::clone(&surface), &settings.into_iter().collect(), None);
        terminal.feed(b"\x1b]52;c;aGVsbG8=\x07");
        let told =
            attached.take(|_, owed| owed.notices.contains(&Notice::Clipboard("hello".into())));
        assert_eq!(told, Some(expected), "{setting:?}");
    }
}

proptest! {
    #[test]
    fn no_output_makes_the_terminal_panic_and_a_copy_shows_the_same_text(
        pieces in prop::collection::vec(piece(), 0..30),
        at in 0..30_usize,
    ) {
        let source = terminal();
        let (mut view, mut copy) = (View::default(), terminal());
        for (place, piece) in pieces.iter().enumerate() {
            source.feed(piece);
            if place == at {
                follow(&source, &mut view, &mut copy);
            }
        }
        source.feed(b"\x18");
        let mut view = View::default();
        follow(&source, &mut view, &mut copy);
        prop_assert_eq!(copy.text(0).lines, source.text(0).lines);
    }
}

fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "[ -~]{0,30}".prop_map(String::into_bytes),
        Just(b"\r\n".to_vec()),
        (0..30_u8, 0..30_u8).prop_map(|(row, column)| format!("\x1b[{row};{column}H").into_bytes()),
        (0..60_u8).prop_map(|code| format!("\x1b[{code}m").into_bytes()),
        Just("\u{4e2d}".as_bytes().to_vec()),
        Just(b"\x1b[2J".to_vec()),
        Just(b"\x1b[K".to_vec()),
        Just(b"\x1b[2K".to_vec()),
        Just(b"\x1b[2P\x1b[@".to_vec()),
        Just(b"\x1b[3;4r".to_vec()),
        Just(b"\x1b[L\x1b[2M".to_vec()),
        Just(b"\x1b[1J".to_vec()),
        Just(b"\x1b[?1049h".to_vec()),
        Just(b"\x1b[?1049l".to_vec()),
        prop::collection::vec(any::<u8>(), 0..8),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_viewer_that_comes_later_sees_where_links_lead() {
    let source = terminal();
    source.feed(b"\x1b]8;;https://example.org/a\x1b\\this\x1b]8;;\x1b\\ that");
    let (mut view, mut copy) = (View::default(), terminal());
    follow(&source, &mut view, &mut copy);
    let leads = |terminal: &Terminal, column: usize| {
        let state = terminal.lock();
        let cell = &state.term.grid()[Line(0)][Column(column)];
        cell.hyperlink().map(|link| link.uri().to_owned())
    };
    for (column, to) in [
        (0, Some("https://example.org/a")),
        (3, Some("https://example.org/a")),
        (4, None),
        (6, None),
    ] {
        assert_eq!(leads(&copy, column).as_deref(), to, "{column}");
    }
}

#[test]
fn marks_and_links_without_end_do_not_take_memory_without_end() {
    let terminal = terminal();
    let marks = "\u{301}".repeat(100_000);
    let kept = |at: (i32, usize)| {
        let state = terminal.lock();
        let cell = &state.term.grid()[Line(at.0)][Column(at.1)];
        (
            cell.zerowidth().unwrap_or_default().len(),
            cell.hyperlink().is_some(),
        )
    };
    terminal.feed(b"\x1b]8;;http://a\x07L\x1b]8;;\x07e");
    // The other screen in between must not hide what came to this one.
    for _ in 0..(MAX_EXTRAS / 100_000 + 2) {
        terminal.feed(marks.as_bytes());
        terminal.feed(b"\x1b[?1049hx\x1b[?1049l");
    }
    let (count, has_link) = kept((0, 1));
    assert!(count <= 2 * 100_000, "{count} marks");
    assert!(!has_link && !kept((0, 0)).1);
    terminal.feed("x\u{301}\u{302}".as_bytes());
    assert_eq!(kept((0, 2)).0, 2, "a few marks are kept");
}

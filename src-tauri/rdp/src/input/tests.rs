use super::*;

const SIZE: Size = Size::new(100, 50);
const ALL: InputFlags = InputFlags::all();

fn events(flags: InputFlags, layout: u32, inputs: Vec<SessionInput>) -> Vec<String> {
    let mut input = Input::new(flags, layout);
    let mut out = Vec::new();
    for next in inputs {
        input.write(&mut out, SIZE, next);
    }
    out.iter().map(word).collect()
}

/// An event in few letters, so that a list of them can be read.
fn word(event: &FastPathInputEvent) -> String {
    match event {
        FastPathInputEvent::KeyboardEvent(flags, code) => {
            let sign = if flags.contains(KeyboardFlags::RELEASE) {
                '-'
            } else {
                '+'
            };
            let prefix = match (
                flags.contains(KeyboardFlags::EXTENDED),
                flags.contains(KeyboardFlags::EXTENDED1),
            ) {
                (true, _) => "e0 ",
                (_, true) => "e1 ",
                _ => "",
            };
            format!("{sign}{prefix}{code:02x}")
        }
        FastPathInputEvent::UnicodeKeyboardEvent(flags, unit) => {
            let sign = if flags.contains(KeyboardFlags::RELEASE) {
                '-'
            } else {
                '+'
            };
            format!("{sign}u{unit:04x}")
        }
        FastPathInputEvent::MouseEvent(mouse) => format!(
            "{:?} {} {},{}",
            mouse.flags, mouse.number_of_wheel_rotation_units, mouse.x_position, mouse.y_position
        ),
        FastPathInputEvent::MouseEventEx(mouse) => format!(
            "{:?} {},{}",
            mouse.flags, mouse.x_position, mouse.y_position
        ),
        FastPathInputEvent::SyncEvent(flags) => format!("sync {}", flags.bits()),
        other => format!("{other:?}"),
    }
}

fn check(inputs: Vec<SessionInput>, expected: &[&str]) {
    assert_eq!(events(ALL, layout::US, inputs), expected);
}

fn key(is_down: bool, keysym: u32, place: u16) -> SessionInput {
    SessionInput::Key {
        is_down,
        keysym: Keysym(keysym),
        scancode: Scancode(place),
    }
}

fn pointer(x: u16, y: u16, buttons: u16) -> SessionInput {
    SessionInput::Pointer {
        x,
        y,
        buttons: Buttons(buttons),
    }
}

#[test]
fn keys_go_by_their_place_whatever_they_mean() {
    check(
        vec![
            key(true, 0x7a, 21),
            key(false, 0x7a, 21),
            key(true, 0xff53, 106),
            key(false, 0xff53, 106),
        ],
        &["sync 0", "+15", "-15", "+e0 4d", "-e0 4d"],
    );
}

#[test]
fn a_key_that_repeats_goes_down_again_and_up_once() {
    check(
        vec![
            key(true, 0x61, 30),
            key(true, 0x61, 30),
            key(false, 0x61, 30),
            key(false, 0x61, 30),
        ],
        &["sync 0", "+1e", "+1e", "-1e"],
    );
}

#[test]
fn keys_without_a_place_go_by_their_meaning() {
    check(
        vec![
            key(true, 0xffe3, 0),
            key(true, 0xffe9, 0),
            key(true, 0xffff, 0),
            key(false, 0xffff, 0),
            key(false, 0xffe9, 0),
            key(false, 0xffe3, 0),
        ],
        &["sync 0", "+1d", "+38", "+e0 53", "-e0 53", "-38", "-1d"],
    );
    check(
        vec![key(true, 0x41, 0), key(false, 0x41, 0)],
        &["sync 0", "+2a", "+1e", "-2a", "-1e"],
    );
    check(
        vec![key(true, 0xff13, 119), key(false, 0xff13, 119)],
        &["sync 0", "+e1 1d", "+45", "-e1 1d", "-45"],
    );
    // A dead key at no place means nothing.
    check(vec![key(true, 0, 0), key(false, 0, 0)], &["sync 0"]);
}

#[test]
fn text_is_typed_where_the_layout_is_known_and_sent_as_characters_elsewhere() {
    let text = |text: &str| vec![SessionInput::Text(text.to_owned())];
    check(
        text("a/?\r\n"),
        &[
            "sync 0", "+1e", "-1e", "+35", "-35", "+2a", "+35", "-2a", "-35", "+1c", "-1c",
        ],
    );
    check(text("é"), &["sync 0", "+u00e9", "-u00e9"]);
    check(
        text("😀"),
        &["sync 0", "+ud83d", "+ude00", "-ud83d", "-ude00"],
    );
    let german = events(ALL, 0x0407, text("z "));
    assert_eq!(german, ["sync 0", "+u007a", "-u007a", "+39", "-39"]);
}

#[test]
fn characters_nobody_can_type_are_counted() {
    let mut input = Input::new(ALL - InputFlags::UNICODE, 0x0407);
    let mut out = Vec::new();
    assert_eq!(
        input.write(&mut out, SIZE, SessionInput::Text("z é".to_owned())),
        2
    );
}

#[test]
fn locks_are_told_before_the_first_input_after_the_focus_was_lost() {
    let capital = [key(true, 0xffe5, 58), key(false, 0xffe5, 58)];
    let mut inputs = capital.to_vec();
    inputs.extend([
        SessionInput::ReleaseAll,
        key(true, 0x41, 30),
        key(false, 0x41, 30),
    ]);
    check(inputs, &["sync 0", "+3a", "-3a", "sync 4", "+1e", "-1e"]);
}

#[test]
fn release_all_lets_go_of_held_keys_and_buttons_alone() {
    check(
        vec![
            key(true, 0xffe1, 42),
            pointer(500, 500, Buttons::RIGHT | Buttons::FORWARD),
            SessionInput::ReleaseAll,
            SessionInput::ReleaseAll,
        ],
        &[
            "sync 0",
            "+2a",
            "PointerFlags(MOVE) 0 99,49",
            "PointerFlags(RIGHT_BUTTON | DOWN) 0 99,49",
            "PointerXFlags(DOWN | BUTTON2) 99,49",
            "-2a",
            "PointerFlags(RIGHT_BUTTON) 0 99,49",
            "PointerXFlags(BUTTON2) 99,49",
        ],
    );
}

#[test]
fn the_wheel_turns_by_whole_notches() {
    let wheel = |dx, dy| SessionInput::Wheel { x: 1, y: 2, dx, dy };
    check(vec![wheel(0, 60)], &["sync 0", "PointerFlags(MOVE) 0 1,2"]);
    check(
        vec![wheel(0, 60), wheel(0, 60), wheel(120, -240)],
        &[
            "sync 0",
            "PointerFlags(MOVE) 0 1,2",
            "PointerFlags(VERTICAL_WHEEL) -120 1,2",
            "PointerFlags(VERTICAL_WHEEL) 120 1,2",
            "PointerFlags(VERTICAL_WHEEL) 120 1,2",
            "PointerFlags(HORIZONTAL_WHEEL) 120 1,2",
        ],
    );
}

#[test]
fn only_pointer_moves_with_the_same_buttons_join() {
    let inputs = [
        pointer(1, 1, 0),
        pointer(2, 2, 0),
        pointer(2, 2, 1),
        pointer(3, 3, 1),
        key(true, 0x61, 30),
        pointer(4, 4, 1),
        pointer(4, 4, 0),
    ];
    let mut coalescer = Coalescer::default();
    let mut sent: Vec<SessionInput> = inputs
        .into_iter()
        .filter_map(|input| coalescer.push(input))
        .collect();
    sent.extend(coalescer.take());
    let expected = [
        pointer(2, 2, 0),
        pointer(3, 3, 1),
        key(true, 0x61, 30),
        pointer(4, 4, 1),
        pointer(4, 4, 0),
    ];
    assert_eq!(sent, expected);
}

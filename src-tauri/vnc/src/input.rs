//! What people type and point, as client messages (RFC 6143, sections 7.5.4 to 7.5.6).

use crate::client;
use crate::keycode;
use crate::keysym;
use farwire_model::frame::Size;
use farwire_model::input::{Buttons, Keysym, Scancode, SessionInput};
use std::collections::BTreeSet;

/// One turn of the wheel, in the units of [`SessionInput::Wheel`].
const NOTCH: i32 = 120;
/// More notches than this in one turn come from no wheel.
const MAX_NOTCHES: i32 = 32;

/// Which keys and buttons the machine believes are held.
#[derive(Default)]
pub struct Input {
    held: BTreeSet<(u32, u16)>,
    mask: u16,
    x: u16,
    y: u16,
    wheel_x: i32,
    wheel_y: i32,
    /// Whether the server takes keys by their place on the keyboard too.
    pub takes_codes: bool,
    /// Whether the server takes more than eight buttons.
    pub takes_more_buttons: bool,
}

impl Input {
    /// Appends the messages for keys and the pointer; other inputs are not for the machine's keyboard and mouse.
    pub fn write(&mut self, out: &mut Vec<u8>, size: Size, input: SessionInput) {
        match input {
            SessionInput::Key {
                is_down,
                keysym,
                scancode,
            } => self.key(out, is_down, keysym, scancode),
            SessionInput::Pointer { x, y, buttons } => {
                self.mask = button_mask(buttons);
                self.move_to(size, x, y);
                self.point(out, self.mask);
            }
            SessionInput::Wheel { x, y, dx, dy } => {
                self.move_to(size, x, y);
                self.wheel(out, dx, dy);
            }
            SessionInput::Text(text) => {
                for character in text.replace("\r\n", "\n").chars() {
                    let Keysym(keysym) = Keysym::of(character);
                    self.send_key(out, true, keysym, 0);
                    self.send_key(out, false, keysym, 0);
                }
            }
            SessionInput::ReleaseAll => self.release_all(out),
            SessionInput::Clipboard(_)
            | SessionInput::ClipboardPicture(_)
            | SessionInput::ClipboardHtml { .. }
            | SessionInput::Viewport { .. }
            | SessionInput::Quality(_)
            | SessionInput::Codec(_)
            | SessionInput::CheckLink
            | SessionInput::Bytes(_)
            | SessionInput::Grid(_) => {}
        }
    }

    /// Appends a key-up for every held key, and lets go of every button.
    pub fn release_all(&mut self, out: &mut Vec<u8>) {
        for (keysym, code) in std::mem::take(&mut self.held) {
            self.send_key(out, false, keysym, code);
        }
        if self.mask != 0 {
            self.mask = 0;
            self.point(out, 0);
        }
    }

    fn key(
        &mut self,
        out: &mut Vec<u8>,
        is_down: bool,
        Keysym(keysym): Keysym,
        Scancode(code): Scancode,
    ) {
        if is_down {
            self.held.insert((keysym, code));
        } else {
            self.held.remove(&(keysym, code));
        }
        self.send_key(out, is_down, keysym, code);
    }

    fn send_key(&self, out: &mut Vec<u8>, is_down: bool, keysym: u32, code: u16) {
        let keysym = keysym::own(keysym);
        match keycode::first_set(code).filter(|_| self.takes_codes) {
            Some(code) => client::extended_key(out, is_down, keysym, code),
            // A dead key means nothing by itself; only a machine that takes keys by their place composes on its own.
            None if keysym == 0 => {}
            None => client::key(out, is_down, keysym),
        }
    }

    fn point(&self, out: &mut Vec<u8>, mask: u16) {
        client::pointer(out, mask, self.takes_more_buttons, self.x, self.y);
    }

    fn move_to(&mut self, size: Size, x: u16, y: u16) {
        self.x = x.min(size.width.saturating_sub(1));
        self.y = y.min(size.height.saturating_sub(1));
    }

    fn wheel(&mut self, out: &mut Vec<u8>, dx: i16, dy: i16) {
        self.wheel_x += i32::from(dx);
        self.wheel_y += i32::from(dy);
        let (right, down) = (self.wheel_x / NOTCH, self.wheel_y / NOTCH);
        self.wheel_x %= NOTCH;
        self.wheel_y %= NOTCH;
        // Buttons 4 to 7: up, down, left, right.
        self.press(out, if down < 0 { 1 << 3 } else { 1 << 4 }, down);
        self.press(out, if right < 0 { 1 << 5 } else { 1 << 6 }, right);
    }

    fn press(&self, out: &mut Vec<u8>, button: u16, notches: i32) {
        for _ in 0..notches.abs().min(MAX_NOTCHES) {
            self.point(out, self.mask | button);
            self.point(out, self.mask);
        }
    }
}

/// RFB's buttons; four to seven are the wheel's. Forward is the ninth, which not every server takes.
fn button_mask(Buttons(held): Buttons) -> u16 {
    [
        (Buttons::LEFT, 1),
        (Buttons::MIDDLE, 1 << 1),
        (Buttons::RIGHT, 1 << 2),
        (Buttons::BACK, 1 << 7),
        (Buttons::FORWARD, 1 << 8),
    ]
    .into_iter()
    .filter(|(ours, _)| held & ours != 0)
    .fold(0, |mask, (_, theirs)| mask | theirs)
}

/// Joins pointer moves with the same buttons into the last of them; everything else keeps its place.
#[derive(Default)]
pub struct Coalescer {
    waiting: Option<SessionInput>,
}

impl Coalescer {
    /// Takes an input; answers the one that waited and must go out before it.
    pub fn push(&mut self, input: SessionInput) -> Option<SessionInput> {
        match (&mut self.waiting, input) {
            (
                Some(SessionInput::Pointer {
                    x,
                    y,
                    buttons: held,
                }),
                SessionInput::Pointer {
                    x: new_x,
                    y: new_y,
                    buttons,
                },
            ) if *held == buttons => {
                (*x, *y) = (new_x, new_y);
                None
            }
            (waiting, input) => waiting.replace(input),
        }
    }

    /// The input that still waits.
    pub fn take(&mut self) -> Option<SessionInput> {
        self.waiting.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use farwire_model::input::Scancode;

    const SIZE: Size = Size::new(100, 50);

    fn check(inputs: Vec<SessionInput>, expected: &[&[u8]]) {
        let mut input = Input::default();
        let mut out = Vec::new();
        for next in inputs {
            input.write(&mut out, SIZE, next);
        }
        assert_eq!(out, expected.concat());
    }

    fn pointer(x: u16, y: u16, buttons: u16) -> SessionInput {
        SessionInput::Pointer {
            x,
            y,
            buttons: Buttons(buttons),
        }
    }

    fn key(is_down: bool, keysym: u32) -> SessionInput {
        SessionInput::Key {
            is_down,
            keysym: Keysym(keysym),
            scancode: Scancode(0),
        }
    }

    fn dead_key() -> SessionInput {
        SessionInput::Key {
            is_down: true,
            keysym: Keysym(0),
            scancode: Scancode(13),
        }
    }

    #[test]
    fn a_dead_key_is_nothing_where_keys_go_by_their_meaning() {
        check(vec![dead_key()], &[]);
        check(vec![dead_key(), SessionInput::ReleaseAll], &[]);
    }

    #[test]
    fn a_turn_of_the_wheel_presses_a_button_for_every_whole_notch() {
        let wheel = |dx, dy| SessionInput::Wheel { x: 1, y: 2, dx, dy };
        check(vec![wheel(0, 60)], &[]);
        check(
            vec![wheel(0, 60), wheel(0, 60)],
            &[&[5, 16, 0, 1, 0, 2], &[5, 0, 0, 1, 0, 2]],
        );
        check(
            vec![pointer(1, 2, Buttons::LEFT), wheel(-120, -120)],
            &[
                &[5, 1, 0, 1, 0, 2],
                &[5, 9, 0, 1, 0, 2],
                &[5, 1, 0, 1, 0, 2],
                &[5, 33, 0, 1, 0, 2],
                &[5, 1, 0, 1, 0, 2],
            ],
        );
    }

    #[test]
    fn release_all_lets_go_of_held_keys_and_buttons_alone() {
        check(
            vec![
                key(true, 0xffe1),
                key(true, 0x61),
                key(false, 0x61),
                pointer(500, 500, Buttons::RIGHT | Buttons::FORWARD),
                SessionInput::ReleaseAll,
                SessionInput::ReleaseAll,
            ],
            &[
                &[4, 1, 0, 0, 0, 0, 0xff, 0xe1],
                &[4, 1, 0, 0, 0, 0, 0, 0x61],
                &[4, 0, 0, 0, 0, 0, 0, 0x61],
                &[5, 4, 0, 99, 0, 49],
                &[4, 0, 0, 0, 0, 0, 0xff, 0xe1],
                &[5, 0, 0, 99, 0, 49],
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
            key(true, 0x61),
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
            key(true, 0x61),
            pointer(4, 4, 1),
            pointer(4, 4, 0),
        ];
        assert_eq!(sent, expected);
    }

    #[test]
    fn text_is_typed_key_by_key() {
        check(
            vec![SessionInput::Text("A\r\n".to_owned())],
            &[
                &[4, 1, 0, 0, 0, 0, 0, 0x41],
                &[4, 0, 0, 0, 0, 0, 0, 0x41],
                &[4, 1, 0, 0, 0, 0, 0xff, 0x0d],
                &[4, 0, 0, 0, 0, 0, 0xff, 0x0d],
            ],
        );
    }

    #[test]
    fn keys_and_buttons_go_the_long_way_where_the_server_takes_them() {
        let mut input = Input {
            takes_codes: true,
            takes_more_buttons: true,
            ..Input::default()
        };
        for (sent, expected) in [
            (
                SessionInput::Key {
                    is_down: true,
                    keysym: Keysym(0xff53),
                    scancode: Scancode(106),
                },
                &[255, 0, 0, 1, 0, 0, 0xff, 0x53, 0, 0, 0, 0xcd][..],
            ),
            (dead_key(), &[255, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0x0d]),
            (key(true, 0x61), &[4, 1, 0, 0, 0, 0, 0, 0x61]),
            (
                pointer(1, 2, Buttons::LEFT | Buttons::FORWARD),
                &[5, 0x81, 0, 1, 0, 2, 2],
            ),
            (pointer(1, 2, Buttons::BACK), &[5, 0x80, 0, 1, 0, 2, 1]),
            (pointer(1, 2, 0), &[5, 0, 0, 1, 0, 2]),
        ] {
            let mut out = Vec::new();
            input.write(&mut out, SIZE, sent);
            assert_eq!(out, expected);
        }
    }
}

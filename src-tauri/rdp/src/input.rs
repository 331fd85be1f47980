//! What people type and point, as input events (MS-RDPBCGR 2.2.8.1.2.2).

use crate::keycode::{self, Code, PAUSE};
use crate::layout;
use farwire_model::frame::Size;
use farwire_model::input::{Buttons, Keysym, Scancode, SessionInput};
use ironrdp_pdu::input::fast_path::{FastPathInputEvent, KeyboardFlags, SynchronizeFlags};
use ironrdp_pdu::input::mouse::PointerFlags;
use ironrdp_pdu::input::mouse_x::PointerXFlags;
use ironrdp_pdu::input::{MousePdu, MouseXPdu};
use ironrdp_pdu::rdp::capability_sets::InputFlags;
use std::collections::BTreeMap;

/// One turn of the wheel, in the units of [`SessionInput::Wheel`], which are the protocol's too.
const NOTCH: i32 = 120;
/// More notches than this in one turn come from no wheel.
const MAX_NOTCHES: i32 = 32;

const SHIFT: Code = Code {
    is_extended: false,
    number: 0x2a,
};

/// Lock keys by their place, and what the application calls their locks.
const LOCKS: [(u16, u8); 3] = [(70, 1), (69, 2), (58, 4)];

/// What a key is sent as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    /// Its place.
    Place(Code),
    /// The place of a character that takes Shift on it.
    Shifted(Code),
    /// The character itself.
    Character(char),
    /// Pause, which goes up by itself.
    Pause,
}

/// Which keys and buttons the machine believes are held, and which locks are on.
pub struct Input {
    flags: InputFlags,
    layout: u32,
    /// By meaning and place, what went down.
    held: BTreeMap<(u32, u16), Sent>,
    buttons: u16,
    x: u16,
    y: u16,
    wheel_x: i32,
    wheel_y: i32,
    locks: u8,
    /// Somebody else may have used the machine's keyboard meanwhile: its locks are told before the next input.
    is_away: bool,
}

impl Input {
    /// Nothing held and no lock on, which the machine is told first. `layout` is Windows' number of the keyboard's layout.
    pub fn new(flags: InputFlags, layout: u32) -> Self {
        Self {
            flags,
            layout,
            held: BTreeMap::new(),
            buttons: 0,
            x: 0,
            y: 0,
            wheel_x: 0,
            wheel_y: 0,
            locks: 0,
            is_away: true,
        }
    }

    /// Which locks are on: 1 scroll, 2 numbers, 4 capitals.
    pub fn locks(&self) -> u8 {
        self.locks
    }

    /// The session was opened anew under these flags: the machine holds nothing any more.
    pub fn renewed(&mut self, flags: InputFlags) {
        self.flags = flags;
        self.held.clear();
        self.buttons = 0;
        self.is_away = true;
    }

    /// The events for keys and the pointer; other inputs are not for the machine's keyboard and mouse.
    ///
    /// Answers how many characters the machine cannot be made to type.
    pub fn write(
        &mut self,
        out: &mut Vec<FastPathInputEvent>,
        size: Size,
        input: SessionInput,
    ) -> usize {
        if matches!(input, SessionInput::ReleaseAll) {
            self.release_all(out);
            self.is_away = true;
            return 0;
        }
        if self.is_away {
            self.is_away = false;
            out.push(FastPathInputEvent::SyncEvent(toggles(self.locks)));
        }
        match input {
            SessionInput::Key {
                is_down,
                keysym: Keysym(keysym),
                scancode: Scancode(place),
            } => self.key(out, is_down, keysym, place),
            SessionInput::Pointer { x, y, buttons } => self.point(out, size, (x, y), buttons),
            SessionInput::Wheel { x, y, dx, dy } => {
                self.move_to(out, size, (x, y));
                self.wheel(out, dx, dy);
            }
            SessionInput::Text(text) => return self.text(out, &text),
            _ => {}
        }
        0
    }

    /// A key-up for every held key, and lets go of every button.
    pub fn release_all(&mut self, out: &mut Vec<FastPathInputEvent>) {
        for sent in std::mem::take(&mut self.held).into_values() {
            up(out, sent);
        }
        self.press(out, Buttons(0));
    }

    fn key(&mut self, out: &mut Vec<FastPathInputEvent>, is_down: bool, keysym: u32, place: u16) {
        if !is_down {
            if let Some(sent) = self.held.remove(&(keysym, place)) {
                up(out, sent);
            }
            return;
        }
        let place_of_meaning = keycode::place(keysym);
        let at = if place == 0 {
            place_of_meaning.unwrap_or(0)
        } else {
            place
        };
        let sent = match (at, keycode::of_linux(at)) {
            (PAUSE, _) => Some(Sent::Pause),
            (_, Some(code)) => Some(Sent::Place(code)),
            (_, None) => character(keysym).and_then(|character| self.typed(character)),
        };
        let Some(sent) = sent else {
            return;
        };
        // A key that repeats goes down again and again.
        let is_new = self.held.insert((keysym, place), sent).is_none();
        let lock = LOCKS.into_iter().find(|(key, _)| *key == at);
        if let Some((_, lock)) = lock.filter(|_| is_new) {
            self.locks ^= lock;
        }
        down(out, sent);
    }

    fn text(&mut self, out: &mut Vec<FastPathInputEvent>, text: &str) -> usize {
        let mut lost = 0;
        for character in text.replace("\r\n", "\n").chars() {
            let Keysym(keysym) = Keysym::of(character);
            let place = keycode::place(keysym).and_then(keycode::of_linux);
            match place.map(Sent::Place).or_else(|| self.typed(character)) {
                Some(sent) => {
                    down(out, sent);
                    up(out, sent);
                }
                None => lost += 1,
            }
        }
        lost
    }

    /// How a character is typed; `None` when the machine cannot be made to.
    fn typed(&self, character: char) -> Option<Sent> {
        // Only here is known what is where. Some machines say they take characters and lose them.
        if self.layout == layout::US
            && let Some((place, is_shifted)) = keycode::us_place(character)
        {
            let code = keycode::of_linux(place)?;
            return Some(match is_shifted {
                true => Sent::Shifted(code),
                false => Sent::Place(code),
            });
        }
        self.flags
            .contains(InputFlags::UNICODE)
            .then_some(Sent::Character(character))
    }

    fn point(
        &mut self,
        out: &mut Vec<FastPathInputEvent>,
        size: Size,
        at: (u16, u16),
        buttons: Buttons,
    ) {
        self.move_to(out, size, at);
        self.press(out, buttons);
    }

    fn move_to(&mut self, out: &mut Vec<FastPathInputEvent>, size: Size, (x, y): (u16, u16)) {
        let x = x.min(size.width.saturating_sub(1));
        let y = y.min(size.height.saturating_sub(1));
        if (x, y) != (self.x, self.y) {
            (self.x, self.y) = (x, y);
            out.push(self.mouse(PointerFlags::MOVE, 0));
        }
    }

    fn press(&mut self, out: &mut Vec<FastPathInputEvent>, Buttons(held): Buttons) {
        let changed = self.buttons ^ held;
        self.buttons = held;
        for (ours, theirs) in [
            (Buttons::LEFT, PointerFlags::LEFT_BUTTON),
            (Buttons::MIDDLE, PointerFlags::MIDDLE_BUTTON_OR_WHEEL),
            (Buttons::RIGHT, PointerFlags::RIGHT_BUTTON),
        ] {
            if changed & ours != 0 {
                let down = if held & ours == 0 {
                    PointerFlags::empty()
                } else {
                    PointerFlags::DOWN
                };
                out.push(self.mouse(theirs | down, 0));
            }
        }
        for (ours, theirs) in [
            (Buttons::BACK, PointerXFlags::BUTTON1),
            (Buttons::FORWARD, PointerXFlags::BUTTON2),
        ] {
            if changed & ours != 0 && self.flags.contains(InputFlags::MOUSEX) {
                let down = if held & ours == 0 {
                    PointerXFlags::empty()
                } else {
                    PointerXFlags::DOWN
                };
                out.push(FastPathInputEvent::MouseEventEx(MouseXPdu {
                    flags: theirs | down,
                    x_position: self.x,
                    y_position: self.y,
                }));
            }
        }
    }

    /// Whole notches: some machines take the smallest part of one for all of it.
    fn wheel(&mut self, out: &mut Vec<FastPathInputEvent>, dx: i16, dy: i16) {
        self.wheel_x += i32::from(dx);
        self.wheel_y += i32::from(dy);
        let (right, down) = (self.wheel_x / NOTCH, self.wheel_y / NOTCH);
        self.wheel_x %= NOTCH;
        self.wheel_y %= NOTCH;
        self.turn(out, PointerFlags::VERTICAL_WHEEL, -down);
        if self.flags.contains(InputFlags::TS_MOUSE_HWHEEL) {
            self.turn(out, PointerFlags::HORIZONTAL_WHEEL, right);
        }
    }

    fn turn(&self, out: &mut Vec<FastPathInputEvent>, wheel: PointerFlags, notches: i32) {
        let units = if notches < 0 { -120 } else { 120 };
        for _ in 0..notches.abs().min(MAX_NOTCHES) {
            out.push(self.mouse(wheel, units));
        }
    }

    fn mouse(&self, flags: PointerFlags, units: i16) -> FastPathInputEvent {
        FastPathInputEvent::MouseEvent(MousePdu {
            flags,
            number_of_wheel_rotation_units: units,
            x_position: self.x,
            y_position: self.y,
        })
    }
}

/// The character a keysym stands for.
fn character(keysym: u32) -> Option<char> {
    match keysym {
        0x20..=0x7e | 0xa0..=0xff => char::from_u32(keysym),
        0x0100_0000..=0x0110_ffff => char::from_u32(keysym - 0x0100_0000),
        _ => None,
    }
}

fn toggles(locks: u8) -> SynchronizeFlags {
    // The application's bits are the protocol's.
    SynchronizeFlags::from_bits_truncate(locks)
}

fn down(out: &mut Vec<FastPathInputEvent>, sent: Sent) {
    match sent {
        Sent::Place(code) => scancode(out, code, KeyboardFlags::empty()),
        Sent::Shifted(code) => {
            scancode(out, SHIFT, KeyboardFlags::empty());
            scancode(out, code, KeyboardFlags::empty());
            scancode(out, SHIFT, KeyboardFlags::RELEASE);
        }
        Sent::Character(character) => unicode(out, character, KeyboardFlags::empty()),
        Sent::Pause => {
            for release in [KeyboardFlags::empty(), KeyboardFlags::RELEASE] {
                let first = KeyboardFlags::EXTENDED1 | release;
                out.push(FastPathInputEvent::KeyboardEvent(first, 0x1d));
                out.push(FastPathInputEvent::KeyboardEvent(release, 0x45));
            }
        }
    }
}

fn up(out: &mut Vec<FastPathInputEvent>, sent: Sent) {
    match sent {
        Sent::Place(code) | Sent::Shifted(code) => scancode(out, code, KeyboardFlags::RELEASE),
        Sent::Character(character) => unicode(out, character, KeyboardFlags::RELEASE),
        Sent::Pause => {}
    }
}

fn scancode(out: &mut Vec<FastPathInputEvent>, code: Code, flags: KeyboardFlags) {
    let prefix = match code.is_extended {
        true => KeyboardFlags::EXTENDED,
        false => KeyboardFlags::empty(),
    };
    out.push(FastPathInputEvent::KeyboardEvent(
        flags | prefix,
        code.number,
    ));
}

fn unicode(out: &mut Vec<FastPathInputEvent>, character: char, flags: KeyboardFlags) {
    for unit in character.encode_utf16(&mut [0; 2]) {
        out.push(FastPathInputEvent::UnicodeKeyboardEvent(flags, *unit));
    }
}

/// Joins pointer moves with the same buttons into the last of them; everything else keeps its place.
#[derive(Default)]
pub struct Coalescer {
    waiting: Option<SessionInput>,
}

impl Coalescer {
    /// Takes an input; answers the one that waited and must go out before it.
    pub fn push(&mut self, input: SessionInput) -> Option<SessionInput> {
        let is_move = |input: &SessionInput| match input {
            SessionInput::Pointer { buttons, .. } => Some(*buttons),
            _ => None,
        };
        let held = self.waiting.as_ref().and_then(is_move);
        let joins = held.is_some() && held == is_move(&input);
        self.waiting.replace(input).filter(|_| !joins)
    }

    /// The input that still waits.
    pub fn take(&mut self) -> Option<SessionInput> {
        self.waiting.take()
    }
}

#[cfg(test)]
#[path = "input/tests.rs"]
mod tests;

//! X11: what a program on the machine says first, and the list of cookies.
#![no_main]

#[path = "../../../src-tauri/ssh/src/limits.rs"]
#[expect(dead_code, reason = "other caps are for others")]
mod limits;
#[path = "."]
mod lend {
    #[path = "../../../src-tauri/ssh/src/lend/display.rs"]
    #[expect(dead_code, reason = "this computer's own is asked for by shells alone")]
    mod display;
    #[path = "../../../src-tauri/ssh/src/lend/setup.rs"]
    #[expect(dead_code, reason = "cookies are made up for shells alone")]
    pub mod setup;

    pub fn find(list: &[u8], computer: &[u8], number: u16) -> Option<setup::Cookie> {
        display::find(list, computer, number)
    }
}

use lend::setup::{Cookie, Setup};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    for number in [0, 10] {
        let _ = lend::find(input, b"here", number);
    }
    let cookie = Cookie::of(&input[..input.len().min(16)]);
    if let Setup::Whole(said) = Setup::read(input) {
        let with = said.with(Some(&cookie));
        assert!(matches!(Setup::read(&with), Setup::Whole(again) if again.knows(&cookie)));
        // More behind it changes nothing, and less is not enough.
        assert!(matches!(
            Setup::read(&input[..said.length]),
            Setup::Whole(_)
        ));
        assert!(matches!(Setup::read(&input[..said.length - 1]), Setup::Cut));
    }
});

//! What an RDP machine says on the clipboard's channel, message by message: two bytes of a length in front of each.
#![no_main]

#[path = "../../../src-tauri/rdp/src/clip_html.rs"]
mod clip_html;
#[path = "../../../src-tauri/rdp/src/clip_picture.rs"]
mod clip_picture;
#[path = "../../../src-tauri/rdp/src/clipboard.rs"]
#[expect(dead_code, reason = "what is here is carried over by sessions alone")]
mod clipboard;
#[path = "../../../src-tauri/rdp/src/limits.rs"]
#[expect(dead_code, reason = "other caps are for others")]
mod limits;

use clipboard::{Brought, Clipboard, Content, Heard};
use farwire_model::input::MAX_PICTURE_BYTES;
use ironrdp_cliprdr::CliprdrClient;
use ironrdp_svc::SvcProcessor;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let heard = Heard::default();
    let mut channel = CliprdrClient::new(Box::new(Clipboard::backend(&heard)));
    let here = Content::Html("here".to_owned(), "<b>here</b>".to_owned());
    let mut clipboard = Clipboard::new(heard, Some(here));
    let mut rest = input;
    while let Some((length, behind)) = rest.split_first_chunk() {
        let length = usize::from(u16::from_le_bytes(*length)).min(behind.len());
        let (message, behind) = behind.split_at(length);
        rest = behind;
        let _ = channel.process(message);
        match clipboard.answer(&mut channel).1 {
            Brought::Content(Content::Text(text)) => {
                assert!(text.len() <= limits::MAX_CLIPBOARD_BYTES);
            }
            Brought::Content(Content::Html(text, html)) => {
                assert!(text.len().max(html.len()) <= limits::MAX_CLIPBOARD_BYTES);
            }
            Brought::Content(Content::Picture(png)) => {
                assert!(png.len() <= MAX_PICTURE_BYTES);
                assert!(clip_picture::bitmap(&png).is_some());
            }
            Brought::TooLong | Brought::Unreadable | Brought::Nothing => {}
        }
    }
    if let Some(html) = clip_html::fragment(input) {
        // It is a part of what came, or longer only where letters were broken.
        assert!(html.len() <= 3 * input.len());
        assert!(clip_html::fragment(&clip_html::wrapped(&html)) == Some(html));
    }
    let _ = clip_picture::png(input);
    let _ = clip_picture::bitmap(input);
});

//! Our side of the clipboard: Latin-1 with every server, the registry's "Extended Clipboard" where it is understood.

use crate::client;
use crate::decode::{CAPS, Extended, NOTIFY, PEEK, PROVIDE, REQUEST, TEXT};
use crate::limits::MAX_CUT_TEXT_BYTES;
use flate2::write::ZlibEncoder;
use std::io::{self, Write};

/// Our side of the clipboard.
#[derive(Default)]
pub struct Clipboard {
    /// What the server understands; none before it says so.
    server: Option<Server>,
    /// The text we told the server about, until it asks for it.
    text: String,
}

#[derive(Clone, Copy)]
struct Server {
    actions: u32,
    unasked: usize,
}

impl Clipboard {
    /// Tells the server about our text. Answers `false` when it is too long, and then left alone: half a document would
    /// be worse than none.
    pub fn offer(&mut self, out: &mut Vec<u8>, text: String) -> bool {
        if text.len() > MAX_CUT_TEXT_BYTES {
            return false;
        }
        match self.server {
            None => client::cut_text(out, &text),
            Some(Server { actions, unasked }) => {
                let can_wait = actions & NOTIFY != 0;
                if actions & PROVIDE != 0 && (text.len() <= unasked || !can_wait) {
                    provide(out, &text);
                } else {
                    client::extended_cut_text(out, NOTIFY | TEXT, &[]);
                }
                self.text = text;
            }
        }
        true
    }

    /// Answers what the server says.
    pub fn heard(&mut self, out: &mut Vec<u8>, said: &Extended) {
        match said {
            Extended::Caps { actions, unasked } => {
                self.server = Some(Server {
                    actions: *actions,
                    unasked: usize::try_from(*unasked).unwrap_or(usize::MAX),
                });
                let ours = CAPS | REQUEST | PEEK | NOTIFY | PROVIDE | TEXT;
                let unasked = u32::try_from(MAX_CUT_TEXT_BYTES).unwrap_or(u32::MAX);
                client::extended_cut_text(out, ours, &unasked.to_be_bytes());
            }
            Extended::Request => provide(out, &self.text),
            Extended::Peek => {
                let formats = if self.text.is_empty() { 0 } else { TEXT };
                client::extended_cut_text(out, NOTIFY | formats, &[]);
            }
            Extended::Notify { has_text: true } => {
                client::extended_cut_text(out, REQUEST | TEXT, &[]);
            }
            Extended::Notify { has_text: false } => {}
        }
    }
}

/// Sends text: its size, then UTF-8 with `\r\n` and a zero at the end, in a zlib stream of its own.
fn provide(out: &mut Vec<u8>, text: &str) {
    let lines = text.replace("\r\n", "\n").replace('\n', "\r\n");
    let pack = || -> io::Result<Vec<u8>> {
        let mut packed = ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        let size = u32::try_from(lines.len() + 1).unwrap_or(u32::MAX);
        packed.write_all(&size.to_be_bytes())?;
        packed.write_all(lines.as_bytes())?;
        packed.write_all(&[0])?;
        packed.finish()
    };
    match pack() {
        Ok(packed) => client::extended_cut_text(out, PROVIDE | TEXT, &packed),
        // Writing into memory does not fail.
        Err(error) => tracing::warn!(%error, "could not pack clipboard text"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: Extended = Extended::Caps {
        actions: CAPS | REQUEST | NOTIFY | PROVIDE | TEXT,
        unasked: 10,
    };

    fn flags(message: &[u8]) -> u32 {
        assert_eq!(message[0], 6);
        let length = i32::from_be_bytes(message[4..8].try_into().unwrap());
        assert_eq!(message.len() as i32 - 8, -length, "one message");
        u32::from_be_bytes(message[8..12].try_into().unwrap())
    }

    #[test]
    fn short_text_goes_at_once_and_long_text_when_it_is_asked_for() {
        let (mut clipboard, mut out) = (Clipboard::default(), Vec::new());
        assert!(clipboard.offer(&mut out, "é€".to_owned()));
        assert_eq!(
            out,
            [6, 0, 0, 0, 0, 0, 0, 2, 0xe9, b'?'],
            "before the server says more"
        );
        out.clear();
        clipboard.heard(&mut out, &SERVER);
        assert_eq!(flags(&out) & CAPS, CAPS);
        out.clear();
        assert!(clipboard.offer(&mut out, "é€".to_owned()));
        assert_eq!(flags(&out), PROVIDE | TEXT);
        out.clear();
        assert!(clipboard.offer(&mut out, "a text over ten bytes".to_owned()));
        assert_eq!(flags(&out), NOTIFY | TEXT);
        out.clear();
        clipboard.heard(&mut out, &Extended::Request);
        assert_eq!(flags(&out), PROVIDE | TEXT);
    }

    #[test]
    fn text_over_the_limit_is_left_out() {
        let (mut clipboard, mut out) = (Clipboard::default(), Vec::new());
        assert!(!clipboard.offer(&mut out, "x".repeat(MAX_CUT_TEXT_BYTES + 1)));
        assert!(out.is_empty());
    }
}

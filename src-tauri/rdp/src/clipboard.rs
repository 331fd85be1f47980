//! Text on the clipboard, both ways (MS-RDPECLIP).

use crate::limits::MAX_CLIPBOARD_BYTES;
use ironrdp_cliprdr::backend::CliprdrBackend;
use ironrdp_cliprdr::pdu::{
    ClipboardFormat, ClipboardFormatId, ClipboardGeneralCapabilityFlags, FileContentsRequest,
    FileContentsResponse, FormatDataRequest, FormatDataResponse, LockDataId,
    OwnedFormatDataResponse,
};
use ironrdp_cliprdr::{CliprdrClient, CliprdrSvcMessages};
use ironrdp_core::impl_as_any;
use ironrdp_svc::SvcProcessorMessages;
use std::sync::{Arc, Mutex, PoisonError};

/// What the machine says on the clipboard's channel.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Said {
    /// Tell what is on the clipboard here.
    WhatIsThere,
    /// It has something new; whether there is text in it.
    Offers { has_text: bool },
    /// It wants what is here.
    Wants { is_text: bool },
    /// What was asked for.
    Brings(Brought),
}

/// What came when the machine was asked for its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Brought {
    /// The text.
    Text(String),
    /// Text that is longer than what is taken.
    TooLong,
    /// It is gone meanwhile.
    Nothing,
}

/// What was heard since somebody listened last: a message of the machine says one thing at most.
#[derive(Clone, Debug, Default)]
pub struct Heard(Arc<Mutex<Vec<Said>>>);

impl Heard {
    fn note(&self, said: Said) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(said);
    }

    fn take(&self) -> Vec<Said> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What is to be sent on the clipboard's channel.
pub type Messages = SvcProcessorMessages<CliprdrClient>;

/// The clipboard of a session.
#[derive(Debug)]
pub struct Clipboard {
    heard: Heard,
    /// What is on the clipboard here, as far as it was told.
    here: Option<String>,
}

impl Clipboard {
    /// The part that listens.
    pub fn backend(heard: &Heard) -> Backend {
        Backend(heard.clone())
    }

    /// Nothing on it yet.
    pub fn new(heard: Heard) -> Self {
        Self { heard, here: None }
    }

    /// Offers text to the machine; `None` when it is too long. Machines whose channel is not open get it once it is.
    pub fn offer(&mut self, channel: &mut CliprdrClient, text: String) -> Option<Vec<Messages>> {
        if text.len() > MAX_CLIPBOARD_BYTES {
            return None;
        }
        self.here = Some(text);
        Some(self.tell(channel).into_iter().collect())
    }

    /// Answers what the machine said: what to send, and the text it brought.
    pub fn answer(&mut self, channel: &mut CliprdrClient) -> (Vec<Messages>, Brought) {
        let (mut messages, mut brought) = (Vec::new(), Brought::Nothing);
        for said in self.heard.take() {
            match said {
                Said::WhatIsThere => messages.extend(self.tell(channel)),
                Said::Offers { has_text: true } => {
                    messages.extend(sent(
                        channel.initiate_paste(ClipboardFormatId::CF_UNICODETEXT),
                    ));
                }
                Said::Offers { has_text: false } => {}
                Said::Wants { is_text } => {
                    let text = self.here.as_deref().filter(|_| is_text);
                    messages.extend(sent(channel.submit_format_data(response(text))));
                }
                // What it was given comes back from some: that is no news.
                Said::Brings(Brought::Text(text)) if self.here.as_ref() == Some(&text) => {}
                Said::Brings(Brought::Nothing) => {}
                Said::Brings(news) => brought = news,
            }
        }
        (messages, brought)
    }

    fn tell(&self, channel: &mut CliprdrClient) -> Option<Messages> {
        let text = ClipboardFormat::new(ClipboardFormatId::CF_UNICODETEXT);
        let formats: Vec<_> = self.here.is_some().then_some(text).into_iter().collect();
        sent(channel.initiate_copy(&formats))
    }
}

fn sent(
    messages: ironrdp_pdu::PduResult<CliprdrSvcMessages<ironrdp_cliprdr::Client>>,
) -> Option<Messages> {
    match messages {
        Ok(messages) => Some(messages),
        Err(error) => {
            // The clipboard of the machine is not ready; it asks once it is.
            tracing::debug!(%error, "the clipboard was not told");
            None
        }
    }
}

/// Text as Windows has it, or that there is none.
fn response(text: Option<&str>) -> OwnedFormatDataResponse {
    match text {
        Some(text) => {
            let lines = text.replace("\r\n", "\n").replace('\n', "\r\n");
            FormatDataResponse::new_unicode_string(&lines)
        }
        None => FormatDataResponse::new_error(),
    }
}

/// Text of the machine: UTF-16 up to its end, with one kind of line ends.
fn text(data: &[u8]) -> Brought {
    let (pairs, _) = data.as_chunks::<2>();
    let units = pairs.iter().map(|pair| u16::from_le_bytes(*pair));
    let units: Vec<u16> = units.take_while(|unit| *unit != 0).collect();
    let text = String::from_utf16_lossy(&units).replace("\r\n", "\n");
    match text.len() <= MAX_CLIPBOARD_BYTES {
        true => Brought::Text(text),
        false => Brought::TooLong,
    }
}

/// Listens on the clipboard's channel.
#[derive(Debug)]
pub struct Backend(Heard);

impl_as_any!(Backend);

impl CliprdrBackend for Backend {
    fn temporary_directory(&self) -> &str {
        // Files are not taken, so none is ever put there.
        "/tmp"
    }

    fn client_capabilities(&self) -> ClipboardGeneralCapabilityFlags {
        ClipboardGeneralCapabilityFlags::USE_LONG_FORMAT_NAMES
    }

    fn on_ready(&mut self) {}

    fn on_request_format_list(&mut self) {
        self.0.note(Said::WhatIsThere);
    }

    fn on_process_negotiated_capabilities(&mut self, _: ClipboardGeneralCapabilityFlags) {}

    fn on_remote_copy(&mut self, available_formats: &[ClipboardFormat]) {
        let has_text = available_formats
            .iter()
            .any(|format| format.id() == ClipboardFormatId::CF_UNICODETEXT);
        self.0.note(Said::Offers { has_text });
    }

    fn on_format_data_request(&mut self, request: FormatDataRequest) {
        let is_text = request.format == ClipboardFormatId::CF_UNICODETEXT;
        self.0.note(Said::Wants { is_text });
    }

    fn on_format_data_response(&mut self, response: FormatDataResponse<'_>) {
        let brought = match response.is_error() {
            true => Brought::Nothing,
            false => text(response.data()),
        };
        self.0.note(Said::Brings(brought));
    }

    fn on_file_contents_request(&mut self, _: FileContentsRequest) {}

    fn on_file_contents_response(&mut self, _: FileContentsResponse<'_>) {}

    fn on_lock(&mut self, _: LockDataId) {}

    fn on_unlock(&mut self, _: LockDataId) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_keeps_its_lines_on_the_way_there_and_back() {
        for (here, wire, back) in [
            ("a\nb", "a\r\nb", "a\nb"),
            ("a\r\nb", "a\r\nb", "a\nb"),
            ("", "", ""),
            ("é ß 漢 😀", "é ß 漢 😀", "é ß 漢 😀"),
        ] {
            let response = response(Some(here));
            let mut expected: Vec<u8> = wire.encode_utf16().flat_map(u16::to_le_bytes).collect();
            expected.extend([0, 0]);
            assert_eq!(response.data(), expected, "{here:?}");
            assert_eq!(
                text(response.data()),
                Brought::Text(back.to_owned()),
                "{here:?}"
            );
        }
    }

    #[test]
    fn text_ends_at_its_mark_and_has_a_limit() {
        let only_a = Brought::Text("A".to_owned());
        assert_eq!(text(&[0x41, 0, 0, 0, 0x42, 0]), only_a);
        assert_eq!(text(&[0x41, 0, 0x42]), only_a);
        assert_eq!(
            text(&[0x41, 0].repeat(MAX_CLIPBOARD_BYTES + 1)),
            Brought::TooLong
        );
    }
}

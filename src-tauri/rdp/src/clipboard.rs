//! Text and pictures on the clipboard, both ways (MS-RDPECLIP).

use crate::clip_picture::{self, Refused};
use crate::limits::MAX_CLIPBOARD_BYTES;
use farwire_model::input::MAX_PICTURE_BYTES;
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
    /// It has something new, and we can read it so; none where we cannot.
    Offers(Option<Form>),
    /// It wants what is here; none for a form that we never offer.
    Wants(Option<Form>),
    /// What was asked for; none when it is gone meanwhile.
    Brings(Option<Vec<u8>>),
}

/// A form of what is on a clipboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Text,
    Picture,
}

impl Form {
    fn of(id: ClipboardFormatId) -> Option<Self> {
        match id {
            ClipboardFormatId::CF_UNICODETEXT => Some(Self::Text),
            ClipboardFormatId::CF_DIB => Some(Self::Picture),
            _ => None,
        }
    }

    fn id(self) -> ClipboardFormatId {
        match self {
            Self::Text => ClipboardFormatId::CF_UNICODETEXT,
            Self::Picture => ClipboardFormatId::CF_DIB,
        }
    }
}

/// What is on a clipboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Text.
    Text(String),
    /// A picture as PNG.
    Picture(Arc<[u8]>),
}

impl Content {
    fn form(&self) -> Form {
        match self {
            Self::Text(_) => Form::Text,
            Self::Picture(_) => Form::Picture,
        }
    }

    fn is_too_long(&self) -> bool {
        match self {
            Self::Text(text) => text.len() > MAX_CLIPBOARD_BYTES,
            Self::Picture(png) => png.len() > MAX_PICTURE_BYTES,
        }
    }
}

/// What came when the machine was asked for what it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Brought {
    /// That.
    Content(Content),
    /// More than what is taken.
    TooLong,
    /// A picture that cannot be read.
    Unreadable,
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
    here: Option<Content>,
    /// How what the machine was asked for last is to be read.
    asked: Option<Form>,
    /// The picture that was told last, as the machine has it: some machines tell of what they were given.
    given: Option<Vec<u8>>,
}

impl Clipboard {
    /// The part that listens.
    pub fn backend(heard: &Heard) -> Backend {
        Backend(heard.clone())
    }

    /// What was copied here before the session began, which the machine is told once it listens.
    pub fn new(heard: Heard, here: Option<Content>) -> Self {
        Self {
            heard,
            here,
            asked: None,
            given: None,
        }
    }

    /// What is on the clipboard here, as far as it was told.
    pub fn here(&self) -> Option<&Content> {
        self.here.as_ref()
    }

    /// Offers something to the machine; `None` when it is too long. Machines whose channel is not open get it once it is.
    pub fn offer(
        &mut self,
        channel: &mut CliprdrClient,
        content: Content,
    ) -> Option<Vec<Messages>> {
        if content.is_too_long() {
            return None;
        }
        self.here = Some(content);
        self.given = None;
        Some(self.tell(channel).into_iter().collect())
    }

    /// Answers what the machine said: what to send, and what it brought.
    pub fn answer(&mut self, channel: &mut CliprdrClient) -> (Vec<Messages>, Brought) {
        let (mut messages, mut brought) = (Vec::new(), Brought::Nothing);
        for said in self.heard.take() {
            match said {
                Said::WhatIsThere => messages.extend(self.tell(channel)),
                Said::Offers(form) => {
                    self.asked = form;
                    if let Some(form) = form {
                        messages.extend(sent(channel.initiate_paste(form.id())));
                    }
                }
                Said::Wants(form) => {
                    let response = self.response(form);
                    messages.extend(sent(channel.submit_format_data(response)));
                }
                Said::Brings(Some(data)) => match self.read(data) {
                    Brought::Nothing => {}
                    news => brought = news,
                },
                Said::Brings(None) => {}
            }
        }
        (messages, brought)
    }

    fn tell(&self, channel: &mut CliprdrClient) -> Option<Messages> {
        let form = self.here.as_ref().map(Content::form);
        let formats = form.map(|form| ClipboardFormat::new(form.id()));
        sent(channel.initiate_copy(formats.as_slice()))
    }

    /// What is here in the form that the machine wants, or that there is none.
    fn response(&mut self, wanted: Option<Form>) -> OwnedFormatDataResponse {
        let here = self.here.as_ref();
        match here.filter(|here| Some(here.form()) == wanted) {
            Some(Content::Text(text)) => text_response(text),
            Some(Content::Picture(png)) => match clip_picture::bitmap(png) {
                Some(bitmap) => {
                    self.given = Some(bitmap.clone());
                    FormatDataResponse::new_data(bitmap)
                }
                None => FormatDataResponse::new_error(),
            },
            None => FormatDataResponse::new_error(),
        }
    }

    /// Reads what came. What the machine was given comes back from some: that is no news.
    fn read(&self, data: Vec<u8>) -> Brought {
        let content = match self.asked {
            None => return Brought::Nothing,
            Some(Form::Text) => Content::Text(text(&data)),
            Some(Form::Picture) if self.given.as_ref() == Some(&data) => return Brought::Nothing,
            Some(Form::Picture) => match clip_picture::png(&data) {
                Ok(png) => Content::Picture(png.into()),
                Err(Refused::TooLarge) => return Brought::TooLong,
                Err(Refused::Broken) => return Brought::Unreadable,
            },
        };
        match content {
            content if self.here.as_ref() == Some(&content) => Brought::Nothing,
            content if content.is_too_long() => Brought::TooLong,
            content => Brought::Content(content),
        }
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

/// Text as Windows has it.
fn text_response(text: &str) -> OwnedFormatDataResponse {
    let lines = text.replace("\r\n", "\n").replace('\n', "\r\n");
    FormatDataResponse::new_unicode_string(&lines)
}

/// Text of the machine: UTF-16 up to its end, with one kind of line ends.
fn text(data: &[u8]) -> String {
    let (pairs, _) = data.as_chunks::<2>();
    let units = pairs.iter().map(|pair| u16::from_le_bytes(*pair));
    let units: Vec<u16> = units.take_while(|unit| *unit != 0).collect();
    String::from_utf16_lossy(&units).replace("\r\n", "\n")
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
        let forms: Vec<_> = available_formats
            .iter()
            .filter_map(|format| Form::of(format.id()))
            .collect();
        // Programs that offer both draw a picture of the text.
        let form = [Form::Text, Form::Picture]
            .into_iter()
            .find(|form| forms.contains(form));
        self.0.note(Said::Offers(form));
    }

    fn on_format_data_request(&mut self, request: FormatDataRequest) {
        self.0.note(Said::Wants(Form::of(request.format)));
    }

    fn on_format_data_response(&mut self, response: FormatDataResponse<'_>) {
        let data = (!response.is_error()).then(|| response.data().to_vec());
        self.0.note(Said::Brings(data));
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
            let response = text_response(here);
            let mut expected: Vec<u8> = wire.encode_utf16().flat_map(u16::to_le_bytes).collect();
            expected.extend([0, 0]);
            assert_eq!(response.data(), expected, "{here:?}");
            assert_eq!(text(response.data()), back, "{here:?}");
        }
    }

    fn asking(form: Form) -> Clipboard {
        Clipboard {
            asked: Some(form),
            ..Clipboard::new(Heard::default(), None)
        }
    }

    #[test]
    fn text_ends_at_its_mark_and_has_a_limit() {
        assert_eq!(text(&[0x41, 0, 0, 0, 0x42, 0]), "A");
        assert_eq!(text(&[0x41, 0, 0x42]), "A");
        let asked = asking(Form::Text);
        let long = [0x41, 0].repeat(MAX_CLIPBOARD_BYTES + 1);
        assert_eq!(asked.read(long), Brought::TooLong);
    }

    #[test]
    fn a_picture_comes_as_it_was_asked_for_and_what_was_given_is_no_news() {
        let pixels = image::RgbImage::from_pixel(3, 2, image::Rgb([1, 2, 3]));
        let mut png = Vec::new();
        let mut target = std::io::Cursor::new(&mut png);
        pixels
            .write_to(&mut target, image::ImageFormat::Png)
            .unwrap();
        let mut clipboard = asking(Form::Picture);
        clipboard.here = Some(Content::Picture(png.into()));
        let given = clipboard.response(Some(Form::Picture));
        assert_eq!(clipboard.read(given.data().to_vec()), Brought::Nothing);
        assert!(clipboard.response(Some(Form::Text)).is_error());
        assert!(clipboard.response(None).is_error());

        let mut other = asking(Form::Picture);
        let brought = other.read(given.data().to_vec());
        assert!(matches!(brought, Brought::Content(Content::Picture(_))));
        assert_eq!(other.read(vec![1, 2, 3]), Brought::Unreadable);
        other.asked = None;
        assert_eq!(other.read(vec![1, 2, 3]), Brought::Nothing);
    }
}

//! Text, formatted or not, and pictures on the clipboard, both ways (MS-RDPECLIP).

use crate::clip_html;
use crate::clip_picture::{self, Refused};
use crate::limits::MAX_CLIPBOARD_BYTES;
use farwire_model::input::MAX_PICTURE_BYTES;
use ironrdp_cliprdr::backend::CliprdrBackend;
use ironrdp_cliprdr::pdu::{
    ClipboardFormat, ClipboardFormatId, ClipboardFormatName, ClipboardGeneralCapabilityFlags,
    FileContentsRequest, FileContentsResponse, FormatDataRequest, FormatDataResponse, LockDataId,
    OwnedFormatDataResponse,
};
use ironrdp_cliprdr::{CliprdrClient, CliprdrSvcMessages};
use ironrdp_core::impl_as_any;
use ironrdp_svc::SvcProcessorMessages;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// What the machine says on the clipboard's channel.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Said {
    /// Tell what is on the clipboard here.
    WhatIsThere,
    /// It has something new, and we can read it in these forms, which are asked for one after the other.
    Offers(Vec<(Form, ClipboardFormatId)>),
    /// It wants what is here; none for a form that we never offer.
    Wants(Option<Form>),
    /// What was asked for; none when it is gone meanwhile.
    Brings(Option<Vec<u8>>),
}

/// A form of what is on a clipboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Text,
    Html,
    Picture,
}

/// Our number of the format that has a name only; such numbers are from 0xc000 on (MS-RDPECLIP 1.3.1.2).
const HTML: ClipboardFormatId = ClipboardFormatId(0xc0a1);

impl Form {
    /// One of ours.
    fn of(id: ClipboardFormatId) -> Option<Self> {
        match id {
            ClipboardFormatId::CF_UNICODETEXT => Some(Self::Text),
            ClipboardFormatId::CF_DIB => Some(Self::Picture),
            HTML => Some(Self::Html),
            _ => None,
        }
    }

    /// One of the machine's, which has numbers of its own.
    fn of_machine(format: &ClipboardFormat) -> Option<Self> {
        let name = format.name().map(ClipboardFormatName::value);
        match name == Some(clip_html::NAME) {
            true => Some(Self::Html),
            false => Self::of(format.id()).filter(|form| *form != Self::Html),
        }
    }

    fn format(self) -> ClipboardFormat {
        match self {
            Self::Text => ClipboardFormat::new(ClipboardFormatId::CF_UNICODETEXT),
            Self::Html => {
                ClipboardFormat::new(HTML).with_name(ClipboardFormatName::new(clip_html::NAME))
            }
            Self::Picture => ClipboardFormat::new(ClipboardFormatId::CF_DIB),
        }
    }
}

/// What is on a clipboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Text.
    Text(String),
    /// Text, and the same as HTML.
    Html(String, String),
    /// A picture as PNG.
    Picture(Arc<[u8]>),
}

impl Content {
    /// The forms it can be had in, the best last.
    fn forms(&self) -> &'static [Form] {
        match self {
            Self::Text(_) => &[Form::Text],
            Self::Html(..) => &[Form::Text, Form::Html],
            Self::Picture(_) => &[Form::Picture],
        }
    }

    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Html(text, _) => Some(text),
            Self::Picture(_) => None,
        }
    }

    /// Takes HTML that is too long for no more than its text.
    fn shortened(self) -> Self {
        match self {
            Self::Html(text, html) if html.len() > MAX_CLIPBOARD_BYTES => Self::Text(text),
            other => other,
        }
    }

    fn is_too_long(&self) -> bool {
        match self {
            Self::Text(text) | Self::Html(text, _) => text.len() > MAX_CLIPBOARD_BYTES,
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
    /// What the machine is asked for, one after the other; it was asked for the first of them.
    asked: VecDeque<(Form, ClipboardFormatId)>,
    /// How it was asked last, once it answered all.
    done: Option<Form>,
    /// How many answers are still to come to what was asked before it had something new.
    late: usize,
    /// Text that came and was told, while its HTML is still to come.
    brought: Option<String>,
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
            asked: VecDeque::new(),
            done: None,
            late: 0,
            brought: None,
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
        self.here = Some(content.shortened());
        self.given = None;
        Some(self.tell(channel).into_iter().collect())
    }

    /// Answers what the machine said: what to send, and what it brought.
    pub fn answer(&mut self, channel: &mut CliprdrClient) -> (Vec<Messages>, Brought) {
        let (mut messages, mut brought) = (Vec::new(), Brought::Nothing);
        for said in self.heard.take() {
            match said {
                Said::WhatIsThere => messages.extend(self.tell(channel)),
                Said::Offers(forms) => {
                    self.late = match self.asked.is_empty() {
                        true => 0,
                        false => self.late + 1,
                    };
                    (self.asked, self.brought) = (forms.into(), None);
                    messages.extend(self.ask(channel));
                }
                Said::Wants(form) => {
                    let response = self.response(form);
                    messages.extend(sent(channel.submit_format_data(response)));
                }
                Said::Brings(data) => {
                    let left = self.asked.len();
                    match self.read(data) {
                        Brought::Nothing => {}
                        news => brought = news,
                    }
                    if self.asked.len() < left {
                        messages.extend(self.ask(channel));
                    }
                }
            }
        }
        (messages, brought)
    }

    fn tell(&self, channel: &mut CliprdrClient) -> Option<Messages> {
        let forms = self.here.as_ref().map_or(&[][..], Content::forms);
        let formats: Vec<_> = forms.iter().map(|form| form.format()).collect();
        sent(channel.initiate_copy(&formats))
    }

    /// Asks for the next form of what the machine has.
    fn ask(&self, channel: &mut CliprdrClient) -> Option<Messages> {
        let (_, id) = self.asked.front()?;
        sent(channel.initiate_paste(*id))
    }

    /// What is here in the form that the machine wants, or that there is none.
    fn response(&mut self, wanted: Option<Form>) -> OwnedFormatDataResponse {
        match (self.here.as_ref(), wanted) {
            (Some(Content::Text(text) | Content::Html(text, _)), Some(Form::Text)) => {
                text_response(text)
            }
            (Some(Content::Html(_, html)), Some(Form::Html)) => {
                FormatDataResponse::new_data(clip_html::wrapped(html))
            }
            (Some(Content::Picture(png)), Some(Form::Picture)) => match clip_picture::bitmap(png) {
                Some(bitmap) => {
                    self.given = Some(bitmap.clone());
                    FormatDataResponse::new_data(bitmap)
                }
                None => FormatDataResponse::new_error(),
            },
            _ => FormatDataResponse::new_error(),
        }
    }

    /// Reads what came, none when that is gone meanwhile. What the machine was given comes back from some: that is no news.
    fn read(&mut self, data: Option<Vec<u8>>) -> Brought {
        let Some(form) = self.form_of(data.as_deref()) else {
            return Brought::Nothing;
        };
        let content = match (form, data) {
            (Form::Text, Some(data)) => {
                let text = text(&data);
                // Told at once: some machines offer HTML and never bring it.
                if text.len() <= MAX_CLIPBOARD_BYTES && !self.asked.is_empty() {
                    self.brought = Some(text.clone());
                } else {
                    self.asked.clear();
                }
                Content::Text(text)
            }
            (Form::Html, data) => {
                let Some(text) = self.brought.take() else {
                    return Brought::Nothing;
                };
                match data.and_then(|data| clip_html::fragment(&data)) {
                    Some(html) => Content::Html(text, html),
                    None => return Brought::Nothing,
                }
            }
            (Form::Picture, Some(data)) if self.given.as_ref() == Some(&data) => {
                return Brought::Nothing;
            }
            (Form::Picture, Some(data)) => match clip_picture::png(&data) {
                Ok(png) => Content::Picture(png.into()),
                Err(Refused::TooLarge) => return Brought::TooLong,
                Err(Refused::Broken) => return Brought::Unreadable,
            },
            (Form::Text | Form::Picture, None) => {
                self.asked.clear();
                return Brought::Nothing;
            }
        };
        match content {
            content if self.is_known(&content) => Brought::Nothing,
            content if content.is_too_long() => Brought::TooLong,
            content => Brought::Content(content),
        }
    }

    /// Which form an answer has; none where it is an old one that means nothing any more. Machines answer in order, some of them
    /// not at all, so that what was asked before may be answered now, or never.
    fn form_of(&mut self, data: Option<&[u8]>) -> Option<Form> {
        let is_html = data.map(clip_html::is_it);
        let next = self.asked.front().map(|(form, _)| *form);
        if self.late > 0 {
            let late = self.late - 1;
            match (next, is_html) {
                (None, _) => {
                    self.late = late;
                    return self.done.filter(|done| *done != Form::Html);
                }
                (Some(Form::Text), Some(true)) => {
                    self.late = late;
                    return None;
                }
                (Some(Form::Html), Some(false)) => {
                    self.late = late;
                    return Some(Form::Text);
                }
                _ => {}
            }
        }
        self.asked.pop_front();
        self.done = next;
        next
    }

    /// Whether it is what is here. HTML comes back written otherwise, so that its text counts.
    fn is_known(&self, content: &Content) -> bool {
        let is_plain = |here: &Content| matches!(here, Content::Text(_));
        self.here.as_ref().is_some_and(|here| match here.text() {
            Some(text) => content.text() == Some(text) && (!is_plain(here) || is_plain(content)),
            None => here == content,
        })
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
        let find = |form| {
            let mut formats = available_formats.iter();
            let format = formats.find(|format| Form::of_machine(format) == Some(form))?;
            Some((form, format.id()))
        };
        // Programs that offer both draw a picture of the text.
        let forms = match find(Form::Text) {
            Some(text) => [Some(text), find(Form::Html)],
            None => [find(Form::Picture), None],
        };
        self.0
            .note(Said::Offers(forms.into_iter().flatten().collect()));
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
#[path = "clipboard/tests.rs"]
mod tests;

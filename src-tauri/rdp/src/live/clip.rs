//! The clipboard's channel in a live session.

use super::Live;
use crate::clipboard::{Brought, Content, Messages};
use farwire_model::session::SessionEvent;
use ironrdp_cliprdr::CliprdrClient;

impl Live {
    /// Offers the machine what was copied here.
    pub(super) fn offer(&mut self, content: Content) {
        let Some(channel) = self.stage.get_svc_processor_mut::<CliprdrClient>() else {
            return;
        };
        match self.clipboard.offer(channel, content) {
            Some(messages) => self.send_clipboard(messages),
            None => self.say("The clipboard here holds too much to send it to the machine."),
        }
    }

    /// Answers what the machine asked of its clipboard channel, and passes on what it brought.
    pub(super) fn answer_clipboard(&mut self) {
        let Some(channel) = self.stage.get_svc_processor_mut::<CliprdrClient>() else {
            return;
        };
        let (messages, brought) = self.clipboard.answer(channel);
        self.send_clipboard(messages);
        match brought {
            Brought::Content(Content::Text(text)) => {
                self.waiting.push_back(SessionEvent::Clipboard(text));
            }
            Brought::Content(Content::Html(text, html)) => {
                self.waiting
                    .push_back(SessionEvent::ClipboardHtml { text, html });
            }
            Brought::Content(Content::Picture(png)) => {
                self.waiting.push_back(SessionEvent::ClipboardPicture(png));
            }
            Brought::TooLong => {
                self.say("The machine's clipboard holds more than can be brought here.");
            }
            Brought::Unreadable => {
                self.say("The machine's clipboard holds a picture that cannot be read here.");
            }
            Brought::Nothing => {}
        }
    }

    fn send_clipboard(&mut self, messages: Vec<Messages>) {
        for message in messages {
            match self.stage.process_svc_processor_messages(message) {
                Ok(bytes) => self.outgoing.extend(bytes),
                Err(error) => {
                    tracing::debug!(error = %error.report(), "the clipboard was not told")
                }
            }
        }
    }
}

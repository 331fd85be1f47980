//! The message of a start that failed.

use crate::start::StartError;
use gtk::prelude::*;
use std::error::Error;

/// Says why there is no window: on the standard error stream, and in a dialog where there is a display.
///
/// Returns when the person has closed the dialog.
pub fn show(error: &StartError) {
    let text = with_causes(error);
    eprintln!("farwire: {text}");
    if !gtk::is_initialized() {
        return;
    }
    let dialog = gtk::MessageDialog::builder()
        .title("Farwire")
        .message_type(gtk::MessageType::Error)
        .buttons(gtk::ButtonsType::Close)
        .text("Farwire did not start")
        .secondary_text(format!("{}.\n{}", capitalised(&text), error.advice()))
        .build();
    dialog.run();
}

/// The error and what caused it, where the one does not say the other already.
fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let said = cause.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        source = cause.source();
    }
    text
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

//! Input that scripts send: text, named keys, pointer positions.

use super::live::Session;
use crate::error::CoreError;
use crate::limits::MAX_TYPED_CHARS;
use farwire_model::error::ErrorCode;
use farwire_model::input::{Buttons, Keysym, Scancode, SessionInput};

/// A key with the keys held meanwhile, such as `ctrl+alt+Delete`.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyStroke(Vec<Keysym>);

/// Where the pointer goes and which buttons are held there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PointerWish {
    /// Pixels from the left.
    pub x: u16,
    /// Pixels from the top.
    pub y: u16,
    /// Held buttons, a bit each: 1 left, 2 middle, 4 right.
    pub buttons: u16,
}

impl KeyStroke {
    /// Reads keys, each of names joined by `+`: the last one is pressed while the others are held.
    ///
    /// # Errors
    /// A name that is no key. Which one is told by its place: a script that types a password by mistake here finds it in no error.
    pub fn parse_all(texts: &[String]) -> Result<Vec<Self>, CoreError> {
        let strokes = (1..).zip(texts).map(|(number, text)| {
            Self::parse(text).ok_or_else(|| {
                let message = format!(
                    "number {number} of keys is no key: use a character or a name such as Return, F5, ctrl+alt+Delete"
                );
                CoreError::field(ErrorCode::InvalidRequestData, "keys", message)
            })
        });
        strokes.collect()
    }

    fn parse(text: &str) -> Option<Self> {
        let names = match text {
            // The plus key itself.
            "+" => vec!["+"],
            _ => text.split('+').collect(),
        };
        let keys = names.into_iter().map(Keysym::named);
        keys.collect::<Option<_>>().map(Self)
    }
}

impl Session {
    /// Types text.
    ///
    /// # Errors
    /// More than 10,000 characters; a session that is only observed or has no link.
    pub async fn type_text(&self, text: String) -> Result<(), CoreError> {
        if text.chars().count() > MAX_TYPED_CHARS {
            let message = format!("at most {MAX_TYPED_CHARS} characters are typed at once");
            return Err(CoreError::field(
                ErrorCode::ValueOutOfBounds,
                "text",
                message,
            ));
        }
        self.check_control()?;
        self.input(SessionInput::Text(text)).await;
        Ok(())
    }

    /// Presses and releases keys, one stroke after the other.
    ///
    /// # Errors
    /// A session that is only observed or has no link.
    pub async fn press(&self, strokes: Vec<KeyStroke>) -> Result<(), CoreError> {
        self.check_control()?;
        for KeyStroke(keys) in strokes {
            let key = |keysym, is_down| SessionInput::Key {
                is_down,
                keysym,
                scancode: Scancode(0),
            };
            for &keysym in &keys {
                self.input(key(keysym, true)).await;
            }
            for &keysym in keys.iter().rev() {
                self.input(key(keysym, false)).await;
            }
        }
        Ok(())
    }

    /// Moves the pointer and holds exactly these buttons.
    ///
    /// # Errors
    /// A session that is only observed or has no link; a place outside the picture.
    pub async fn point(&self, wish: PointerWish) -> Result<(), CoreError> {
        self.check_control()?;
        let size = self.surface.size();
        if wish.x >= size.width || wish.y >= size.height {
            let message = format!("the picture is {} x {} pixels", size.width, size.height);
            return Err(CoreError::field(
                ErrorCode::ValueOutOfBounds,
                "pointer",
                message,
            ));
        }
        self.input(SessionInput::Pointer {
            x: wish.x,
            y: wish.y,
            buttons: Buttons(wish.buttons),
        })
        .await;
        Ok(())
    }

    fn check_control(&self) -> Result<(), CoreError> {
        let refuse = |message| {
            Err(CoreError::Forbidden {
                property: "session",
                message,
            })
        };
        if self.is_view_only.load(std::sync::atomic::Ordering::Relaxed) {
            return refuse(format!(
                "{} is only observed: take control first",
                self.name
            ));
        }
        if self.inputs.borrow().is_none() {
            return refuse(format!("{} is not connected now", self.name));
        }
        Ok(())
    }
}

//! Which way pictures are shown, and why. It is settled when the program starts.

use crate::renderer::{Drawing, Renderer};
use farwire_model::settings::GraphicsChoice;
use gtk::gdk;
use gtk::prelude::ObjectExt;
use serde::Serialize;
use std::sync::{Mutex, PoisonError};

/// Where pictures are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// By the page itself, on a canvas.
    Canvas,
    /// On a surface under the page, which lets it through.
    Under,
    /// On a surface over the page, which steps aside while the page shows something there.
    Top,
}

/// How this run of the program shows pictures, and what that follows from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Graphics {
    /// Where they are drawn.
    pub way: Way,
    /// The graphics device's name in `/dev/dri`.
    pub render_node: Option<String>,
    /// Whether the page comes by WebKit's DMABUF renderer.
    pub has_dmabuf: bool,
    /// Whether the page lets through what lies under it: none before that was tried, or where nothing depends on it.
    pub is_transparent: Option<bool>,
    /// Whether the desktop speaks X.
    pub is_x11: bool,
    /// What was chosen in the settings.
    pub choice: GraphicsChoice,
}

impl Graphics {
    /// What fits the page's renderer, the desktop and what was chosen.
    pub fn of(drawing: &Drawing, is_x11: bool) -> Self {
        let way = match drawing.renderer {
            Renderer::Safe => Way::Canvas,
            // Tried under X only so far: elsewhere a person has to ask for it.
            _ if !is_x11 && drawing.choice != GraphicsChoice::Native => Way::Canvas,
            Renderer::Device | Renderer::ChosenDevice => Way::Under,
            Renderer::NoDevice | Renderer::ChosenMemory => Way::Top,
        };
        Self {
            way,
            render_node: drawing.render_node.clone(),
            has_dmabuf: matches!(drawing.renderer, Renderer::Device | Renderer::ChosenDevice),
            is_transparent: None,
            is_x11,
            choice: drawing.choice,
        }
    }

    /// Whether it takes a look at the page to know the way.
    pub fn is_open(&self) -> bool {
        self.way == Way::Under && self.is_transparent.is_none()
    }

    /// The page was looked at: a picture under one that hides it would never be seen.
    pub fn tried(&self, is_transparent: bool) -> Self {
        Self {
            way: match self.way {
                Way::Under if !is_transparent => Way::Top,
                way => way,
            },
            is_transparent: Some(is_transparent),
            ..self.clone()
        }
    }
}

/// What is known now.
#[derive(Debug)]
pub struct Settled(Mutex<Graphics>);

impl Settled {
    /// As it is at first.
    pub fn new(graphics: Graphics) -> Self {
        Self(Mutex::new(graphics))
    }

    /// As it is now.
    pub fn get(&self) -> Graphics {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// It is known better.
    pub fn set(&self, graphics: Graphics) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = graphics;
    }
}

/// Whether the desktop speaks X. The toolkit has been started.
pub fn is_x11() -> bool {
    gdk::Display::default().is_some_and(|display| display.is::<gdkx11::X11Display>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use GraphicsChoice::{Auto, Native, Safe};

    fn of(renderer: Renderer, choice: GraphicsChoice, is_x11: bool) -> Graphics {
        let drawing = Drawing {
            renderer,
            choice,
            render_node: None,
        };
        Graphics::of(&drawing, is_x11)
    }

    #[test]
    fn pictures_lie_where_the_page_lets_them() {
        for (renderer, choice, is_x11, way) in [
            (Renderer::Device, Auto, true, Way::Under),
            (Renderer::ChosenDevice, Auto, true, Way::Under),
            (Renderer::NoDevice, Auto, true, Way::Top),
            (Renderer::ChosenMemory, Native, true, Way::Top),
            (Renderer::Device, Auto, false, Way::Canvas),
            (Renderer::Device, Native, false, Way::Under),
            (Renderer::Safe, Safe, true, Way::Canvas),
        ] {
            let graphics = of(renderer, choice, is_x11);
            assert_eq!(graphics.way, way, "{renderer:?} {choice:?} {is_x11}");
            assert_eq!(graphics.is_open(), way == Way::Under, "{renderer:?}");
        }
    }

    #[test]
    fn automatic_is_native_under_x() {
        for renderer in [
            Renderer::Device,
            Renderer::NoDevice,
            Renderer::ChosenDevice,
            Renderer::ChosenMemory,
        ] {
            let (auto, native) = (of(renderer, Auto, true), of(renderer, Native, true));
            assert_eq!(auto.way, native.way, "{renderer:?}");
            assert_eq!(auto.has_dmabuf, native.has_dmabuf, "{renderer:?}");
        }
    }

    #[test]
    fn nothing_stays_under_a_page_that_hides_it() {
        for (renderer, is_transparent, way) in [
            (Renderer::Device, true, Way::Under),
            (Renderer::Device, false, Way::Top),
            (Renderer::NoDevice, false, Way::Top),
            (Renderer::Safe, true, Way::Canvas),
        ] {
            let tried = of(renderer, Auto, true).tried(is_transparent);
            assert_eq!(tried.way, way, "{renderer:?} {is_transparent}");
            assert_eq!(tried.is_transparent, Some(is_transparent));
            assert!(!tried.is_open());
        }
    }
}

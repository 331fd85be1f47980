//! Which way pictures are shown. It is settled when the program starts.

use crate::renderer::Renderer;
use farwire_model::settings::GraphicsChoice;
use gtk::gdk;
use gtk::prelude::ObjectExt;
use serde::Serialize;
use tauri::State;

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

/// How this run of the program shows pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Graphics {
    /// Where they are drawn.
    pub way: Way,
}

impl Graphics {
    /// What fits the page's renderer, the desktop and what was chosen.
    pub fn of(renderer: Renderer, choice: GraphicsChoice, is_x11: bool) -> Self {
        let way = match renderer {
            Renderer::Safe => Way::Canvas,
            // Tried under X only so far: elsewhere a person has to ask for it.
            _ if !is_x11 && choice != GraphicsChoice::Native => Way::Canvas,
            Renderer::Device | Renderer::ChosenDevice => Way::Under,
            Renderer::NoDevice | Renderer::ChosenMemory => Way::Top,
        };
        Self { way }
    }
}

/// Whether the desktop speaks X. The toolkit has been started.
pub fn is_x11() -> bool {
    gdk::Display::default().is_some_and(|display| display.is::<gdkx11::X11Display>())
}

/// How pictures are shown, to the page.
#[tauri::command]
pub fn graphics(graphics: State<'_, Graphics>) -> Graphics {
    *graphics.inner()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_lie_where_the_page_lets_them() {
        use GraphicsChoice::{Auto, Native, Safe};
        for (renderer, choice, is_x11, way) in [
            (Renderer::Device, Auto, true, Way::Under),
            (Renderer::ChosenDevice, Auto, true, Way::Under),
            (Renderer::NoDevice, Auto, true, Way::Top),
            (Renderer::ChosenMemory, Native, true, Way::Top),
            (Renderer::Device, Auto, false, Way::Canvas),
            (Renderer::Device, Native, false, Way::Under),
            (Renderer::Safe, Safe, true, Way::Canvas),
        ] {
            let graphics = Graphics::of(renderer, choice, is_x11);
            assert_eq!(graphics.way, way, "{renderer:?} {choice:?} {is_x11}");
        }
    }
}

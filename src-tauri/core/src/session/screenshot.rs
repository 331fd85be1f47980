//! Screenshots of sessions.

use super::live::Session;
use crate::error::CoreError;
use farwire_model::connection::ProtocolKind;
use farwire_model::error::ErrorCode;
use farwire_model::frame::{FrameSink, MAX_PIXELS, Size};
use farwire_model::session::SessionState;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ExtendedColorType, ImageEncoder, RgbaImage};
use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, Semaphore};

/// How a screenshot is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ImageFormat {
    /// Lossless.
    #[default]
    Png,
    /// Smaller, with losses.
    Jpeg,
}

impl ImageFormat {
    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
        }
    }
}

/// What a screenshot should be like.
#[derive(Clone, Copy, Debug, Default)]
pub struct Screenshot {
    /// How it is written.
    pub format: ImageFormat,
    /// Pixels across; absent means the picture's own, or what the height gives.
    pub width: Option<u16>,
    /// Pixels down; absent means the picture's own, or what the width gives.
    pub height: Option<u16>,
    /// With both sides given: the largest picture of the same shape that fits into them.
    pub keeps_aspect: bool,
}

const JPEG_QUALITY: u8 = 85;

/// Screenshots made at once: each may take a gigabyte for a moment.
static PLACES: Semaphore = Semaphore::const_new(2);

impl Session {
    /// The picture as an image file.
    ///
    /// # Errors
    /// There is no picture yet, or none of now: nobody looked, and a VNC machine sends none though it was asked.
    pub async fn screenshot(&self, wish: Screenshot) -> Result<Vec<u8>, CoreError> {
        self.look().await?;
        let surface = Arc::clone(&self.surface);
        let terminal = self.terminal.clone();
        let own = terminal
            .as_ref()
            .map_or(surface.size(), |terminal| terminal.picture_size());
        if own == Size::default() {
            return Err(CoreError::Forbidden {
                property: "session",
                message: format!(
                    "{} has no picture yet: wait until it is connected",
                    self.name
                ),
            });
        }
        let target = target(own, wish);
        if target.pixels() > MAX_PIXELS {
            let message = format!("a screenshot has at most {MAX_PIXELS} pixels");
            return Err(CoreError::field(
                ErrorCode::ValueOutOfBounds,
                "width",
                message,
            ));
        }
        // Never closed, so this only waits.
        let _place = PLACES.acquire().await;
        let encode = move || {
            let image = match terminal {
                Some(terminal) => Some(terminal.picture()),
                None => {
                    let picture = surface.snapshot();
                    let size = picture.size();
                    let pixels = picture.pixels().as_flattened().to_vec();
                    RgbaImage::from_raw(u32::from(size.width), u32::from(size.height), pixels)
                }
            };
            let image = image.ok_or_else(|| "the picture does not fill its size".to_owned())?;
            let is_own_size =
                image.dimensions() == (u32::from(target.width), u32::from(target.height));
            let image = if is_own_size {
                image
            } else {
                image::imageops::resize(
                    &image,
                    u32::from(target.width),
                    u32::from(target.height),
                    FilterType::Triangle,
                )
            };
            encode(&image, wish.format).map_err(|error| error.to_string())
        };
        tokio::task::spawn_blocking(encode)
            .await
            .map_err(|error| error.to_string())
            .and_then(|encoded| encoded)
            .map_err(|message| CoreError::Internal {
                attempt: "writing a screenshot",
                message,
            })
    }
}

/// How long a screenshot waits for a picture that nobody looked at until now: a whole one of 4K over a slow link.
const LOOK_LIMIT: Duration = Duration::from_secs(10);
/// RDP does not say which of the many parts of a picture is the last: it is the one after which nothing comes for so long,
const QUIET: Duration = Duration::from_millis(200);
/// or any after this, where the picture never rests.
const QUIET_LIMIT: Duration = Duration::from_secs(3);

/// A viewer that only sees that something comes.
#[derive(Default)]
struct Glance(Notify);

impl FrameSink for Glance {
    fn wake(&self) {
        self.0.notify_one();
    }

    fn takes_news(&self) -> bool {
        false
    }
}

impl Session {
    /// A machine sends no picture while all viewers are hidden: has it send, and waits for that. The last picture of a link
    /// that is gone stays what it is.
    async fn look(&self) -> Result<(), CoreError> {
        let (mut is_old, mut state) = (self.surface.is_old(), self.state.subscribe());
        if !*is_old.borrow() {
            return Ok(());
        }
        let glance = Arc::new(Glance::default());
        let viewer = Arc::clone(&glance) as Arc<dyn FrameSink>;
        let _attached = self.surface.attach(viewer);
        let come = async {
            tokio::select! {
                _ = is_old.wait_for(|is_old| !is_old) => {}
                _ = state.wait_for(|now| now.state != SessionState::Connected) => {}
            }
        };
        let has_come = tokio::time::timeout(LOOK_LIMIT, come).await.is_ok();
        if self.protocol == ProtocolKind::Rdp {
            // A machine with nothing new may be silent.
            let rest = async {
                while tokio::time::timeout(QUIET, glance.0.notified())
                    .await
                    .is_ok()
                {}
            };
            drop(tokio::time::timeout(QUIET_LIMIT, rest).await);
            return Ok(());
        }
        match has_come {
            true => Ok(()),
            false => {
                let seconds = LOOK_LIMIT.as_secs();
                Err(CoreError::Forbidden {
                    property: "session",
                    message: format!(
                        "nobody looked at {} until now, and it sent no picture within {seconds} s of being asked: try again, or look whether the link stands",
                        self.name
                    ),
                })
            }
        }
    }
}

fn target(size: Size, wish: Screenshot) -> Size {
    let (width, height) = (f64::from(size.width), f64::from(size.height));
    let scale = match (wish.width, wish.height) {
        (None, None) => return size,
        (Some(width), Some(height)) if !wish.keeps_aspect => return Size::new(width, height),
        (Some(wanted), None) => f64::from(wanted) / width,
        (None, Some(wanted)) => f64::from(wanted) / height,
        (Some(across), Some(down)) => (f64::from(across) / width).min(f64::from(down) / height),
    };
    let side = |length: f64| {
        (length * scale)
            .round()
            .clamp(1.0, f64::from(farwire_model::frame::MAX_SIDE)) as u16
    };
    Size::new(side(width), side(height))
}

fn encode(image: &RgbaImage, format: ImageFormat) -> image::ImageResult<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    match format {
        ImageFormat::Png => image.write_to(&mut bytes, image::ImageFormat::Png)?,
        ImageFormat::Jpeg => {
            let rgb = DynamicImage::ImageRgba8(image.clone()).into_rgb8();
            JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY).write_image(
                &rgb,
                rgb.width(),
                rgb.height(),
                ExtendedColorType::Rgb8,
            )?;
        }
    }
    Ok(bytes.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_side_follows_the_shape_of_the_picture() {
        let size = Size::new(1920, 1080);
        for (width, height, keeps_aspect, expected) in [
            (None, None, false, (1920, 1080)),
            (Some(960), None, false, (960, 540)),
            (None, Some(540), false, (960, 540)),
            (Some(100), Some(100), false, (100, 100)),
            (Some(100), Some(100), true, (100, 56)),
        ] {
            let wish = Screenshot {
                width,
                height,
                keeps_aspect,
                ..Screenshot::default()
            };
            assert_eq!(
                target(size, wish),
                Size::new(expected.0, expected.1),
                "{width:?} {height:?}"
            );
        }
    }
}

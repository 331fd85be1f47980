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
use tokio::sync::Semaphore;

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
    /// There is no picture yet, or none of now: nobody looked, and the machine sends none though it was asked.
    pub async fn screenshot(&self, wish: Screenshot) -> Result<Vec<u8>, CoreError> {
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
        self.look().await?;
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
/// And then for the rest of it: some machines send a whole picture in many parts without saying which is the last.
const LOOK_REST: Duration = Duration::from_millis(200);

/// A viewer that has the machine send, and takes nothing.
struct Glance;

impl FrameSink for Glance {
    fn wake(&self) {}

    fn takes_news(&self) -> bool {
        false
    }
}

impl Session {
    /// A machine sends no picture while all viewers are hidden: has it send, and waits for that.
    async fn look(&self) -> Result<(), CoreError> {
        let mut is_old = self.surface.is_old();
        let is_connected = self.state.borrow().state == SessionState::Connected;
        if !is_connected || !*is_old.borrow() {
            return Ok(());
        }
        let _glance = self.surface.attach(Arc::new(Glance));
        let fresh = async { is_old.wait_for(|is_old| !is_old).await.is_ok() };
        match tokio::time::timeout(LOOK_LIMIT, fresh).await {
            Ok(_) => tokio::time::sleep(LOOK_REST).await,
            // By RDP a machine with nothing new may be silent; by the others it answers.
            Err(_) if self.protocol == ProtocolKind::Rdp => {}
            Err(_) => {
                let seconds = LOOK_LIMIT.as_secs();
                return Err(CoreError::Forbidden {
                    property: "session",
                    message: format!(
                        "nobody looked at {} until now, and it sent no picture within {seconds} s of being asked: try again, or look whether the link stands",
                        self.name
                    ),
                });
            }
        }
        Ok(())
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

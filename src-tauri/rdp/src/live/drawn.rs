//! What the machine draws: the graphics pipeline's part of it, drawing anew, and drawing nothing while nobody looks.

use super::{Ended, Live, plain};
use crate::codec;
use crate::limits::DAMAGE_PERIOD;
use crate::options::Anew;
use crate::picture::Picture;
use crate::speed;
use farwire_model::codec::Codec;
use farwire_model::codec::CodecChoice;
use farwire_model::frame::Size;
use ironrdp_core::WriteBuf;
use ironrdp_pdu::Action;
use ironrdp_pdu::rdp::headers::ShareDataPdu;
use ironrdp_pdu::rdp::suppress_output::SuppressOutputPdu;
use std::sync::atomic::Ordering;
use tokio::time::Instant;

impl Live {
    /// Shows what was decoded.
    pub fn show(&mut self) {
        if self.picture.take_fresh() {
            self.meter.updates.fetch_add(1, Ordering::Relaxed);
            self.surface.publish();
        }
    }

    /// Notes how the pixels of a message were encoded that is none of the graphics pipeline.
    pub(super) fn note_codec(&self, action: Action, frame: &[u8], has_pixels: bool) {
        let codec = match action {
            Action::FastPath => codec::of_update(frame),
            Action::X224 => has_pixels.then_some(Codec::Bitmap),
        };
        if let Some(codec) = codec {
            self.meter.set_codec(codec);
        }
    }

    /// Brings over what the graphics pipeline drew.
    ///
    /// # Errors
    /// A size that cannot be shown; H.264 that takes too long here while the codec is not somebody's choice.
    pub(super) fn pipeline(&mut self) -> Result<(), Ended> {
        let brought = self.graphics.take();
        if let Some(size) = brought.size.filter(|size| *size != self.picture.size()) {
            self.picture = Picture::new(size, &self.surface)
                .map_err(|error| Ended::Fault(error.to_string()))?;
        }
        if !brought.parts.is_empty() {
            self.picture.paint(&self.surface, &brought.parts);
            if let Some(codec) = self.graphics.codec() {
                self.meter.set_codec(codec);
                let is_h264 = matches!(codec, Codec::Avc420 | Codec::Avc444);
                let may_choose = is_h264 && self.codecs == CodecChoice::Auto && self.can_begin_anew;
                if may_choose && speed::is_too_slow(self.picture.size()) {
                    tracing::info!("H.264 takes too long here: the session goes on without it");
                    return Err(self.anew(self.picture.size()));
                }
            }
        }
        match brought.is_damaged {
            true => self.cannot_decode("a part of the picture cannot be decoded"),
            false => Ok(()),
        }
    }

    /// The machine is to be offered these encodings.
    pub(super) fn choose(&mut self, codecs: CodecChoice) -> Result<(), Ended> {
        if codecs == self.codecs {
            return Ok(());
        }
        self.codecs = codecs;
        // They are agreed on only while a session begins (MS-RDPBCGR 2.2.1.13.2).
        Err(self.anew(self.picture.size()))
    }

    /// Another session takes the place of this one: of this size, unless the viewer has had another one meanwhile.
    pub(super) fn anew(&self, size: Size) -> Ended {
        let (_, asked) = self.resize.asked();
        let wish = self.resize.wish();
        let (size, scale) = wish.unwrap_or((size, asked));
        Ended::Again(Anew {
            size,
            scale,
            wish: wish.map(|(size, _)| size),
            codecs: self.codecs,
            copied: self.clipboard.here().cloned(),
        })
    }

    /// Nobody looks any more, or somebody does again.
    pub fn look(&mut self, is_hidden: bool) {
        if self.hidden.set(is_hidden, Instant::now()) {
            self.redraw();
        }
    }

    /// Tells the machine to draw nothing, when that is due.
    pub(super) fn suppress(&mut self, now: Instant) {
        if !self.hidden.take(now) || !self.can_suppress {
            return;
        }
        let mut message = WriteBuf::new();
        let nothing = SuppressOutputPdu { desktop_rect: None };
        let nothing = ShareDataPdu::SuppressOutput(nothing);
        match self.stage.encode_static(&mut message, nothing) {
            Ok(_) => {
                self.outgoing.extend_from_slice(message.filled());
                self.surface.paused();
            }
            Err(error) => tracing::error!(error = %error.report(), "the machine goes on drawing"),
        }
    }

    /// Asks for the picture anew; a second time soon after means that it does not help.
    pub(super) fn cannot_decode(&mut self, why: &str) -> Result<(), Ended> {
        let now = Instant::now();
        let is_again = self
            .damaged
            .is_some_and(|before| now.duration_since(before) < DAMAGE_PERIOD);
        if is_again {
            return Err(Ended::Fault(plain(why)));
        }
        tracing::debug!(error = why, "a message could not be decoded");
        self.damaged = Some(now);
        self.redraw();
        Ok(())
    }

    /// Asks for the whole picture; `false` when the machine cannot be asked.
    pub(super) fn redraw(&mut self) -> bool {
        // While its size changes, it is told nothing; then it draws everything by itself.
        if self.renewal.is_some() {
            return false;
        }
        let Size { width, height } = self.picture.size();
        let messages =
            self.stage
                .request_full_redraw(width, height, self.can_refresh, self.can_suppress);
        let messages = messages.unwrap_or_default();
        let is_asked = !messages.is_empty();
        self.outgoing.extend(messages.into_iter().flatten());
        // It draws from now on, also where nobody looks.
        self.hidden.forgotten(Instant::now());
        self.surface.resumed(None);
        is_asked
    }
}

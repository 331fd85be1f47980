//! The graphics pipeline (MS-RDPEGFX): a dynamic channel whose pixels lie on surfaces, in codecs of its own.
//!
//! What bounds it: one channel a session at a time; the crate below holds 256 MiB of surfaces, caches and pending parts
//! together, and one decompressed message to as much.

use crate::speed::{Speed, Work};
use farwire_model::codec::Codec;
use farwire_model::frame::Size;
use ironrdp_core::impl_as_any;
use ironrdp_dvc::{DvcChannelListener, DvcClientProcessor, DvcMessage, DvcProcessor};
use ironrdp_egfx::CHANNEL_NAME;
use ironrdp_egfx::client::{BitmapUpdate, GraphicsPipelineClient, GraphicsPipelineHandler};
use ironrdp_egfx::compositor::OutputUpdate;
use ironrdp_egfx::decode::H264Decoder;
use ironrdp_egfx::pdu::{
    CapabilitiesV8Flags, CapabilitiesV10Flags, CapabilitiesV81Flags, CapabilitiesV103Flags,
    CapabilitiesV104Flags, CapabilitiesV107Flags, CapabilitySet, Codec1Type, WireToSurface2Pdu,
};
use ironrdp_pdu::PduResult;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

/// What the channel brought since somebody looked.
#[derive(Default)]
pub struct Brought {
    /// The picture's new size, if the machine told one.
    pub size: Option<Size>,
    /// What changed, in order; parts lie within the machine's picture, not necessarily within ours.
    pub parts: Vec<OutputUpdate>,
    /// Pixels were left out, since they could not be decoded.
    pub is_damaged: bool,
}

/// What the channel tells, for as long as a session lasts.
#[derive(Clone, Default)]
pub struct Output(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    brought: Brought,
    /// The codec of the frame that is being read, and of the newest whole one.
    current: Option<Codec>,
    newest: Option<Codec>,
    /// Whether H.264 was decoded since this was looked at.
    has_h264: bool,
}

impl Output {
    /// What came since this was asked last.
    pub fn take(&self) -> Brought {
        std::mem::take(&mut self.lock().brought)
    }

    /// The codec of the newest whole frame; none before the first.
    pub fn codec(&self) -> Option<Codec> {
        self.lock().newest
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens the channel when the machine asks for it: again after it closed it, but one at a time.
pub struct Opener {
    output: Output,
    offers_h264: bool,
    open: Weak<()>,
}

impl Opener {
    /// Opens channels that tell `output`.
    pub fn new(output: &Output, offers_h264: bool) -> Self {
        Self {
            output: output.clone(),
            offers_h264,
            open: Weak::new(),
        }
    }
}

impl DvcChannelListener for Opener {
    fn channel_name(&self) -> &str {
        CHANNEL_NAME
    }

    fn create(&mut self, _: u32) -> Option<Box<dyn DvcClientProcessor>> {
        if self.open.strong_count() > 0 {
            return None;
        }
        let token = Arc::new(());
        self.open = Arc::downgrade(&token);
        Some(Box::new(Graphics::new(
            &self.output,
            self.offers_h264,
            token,
        )))
    }
}

/// The channel.
struct Graphics {
    pipeline: GraphicsPipelineClient,
    output: Output,
    speed: Speed,
    size: Size,
    /// Updates that were left out so far.
    left_out: u64,
    /// Held while it is open.
    _open: Arc<()>,
}

impl Graphics {
    fn new(output: &Output, offers_h264: bool, open: Arc<()>) -> Self {
        let decoder = decoder().filter(|_| offers_h264);
        let listener = Listener {
            output: output.clone(),
            offers_h264: decoder.is_some(),
        };
        Self {
            pipeline: GraphicsPipelineClient::new(Box::new(listener), decoder),
            output: output.clone(),
            speed: Speed::default(),
            size: Size::default(),
            left_out: 0,
            _open: open,
        }
    }

    /// Hands over what a message brought, which took so long to decode.
    fn hand_over(&mut self, spent: Duration) {
        let reset = self.pipeline.take_output_reset();
        let parts = self.pipeline.drain_output();
        let left_out = self.pipeline.dropped_updates();
        // Windows of single programs are never asked for.
        drop(self.pipeline.drain_window_updates());
        let mut state = self.output.lock();
        if let Some((width, height)) = reset {
            self.size = Size::new(width, height);
            // What was on the picture before is gone with it.
            state.brought.parts.clear();
            state.brought.size = Some(self.size);
        }
        state.brought.parts.extend(parts);
        state.brought.is_damaged |= left_out != std::mem::replace(&mut self.left_out, left_out);
        if std::mem::take(&mut state.has_h264) {
            self.speed.note(spent, self.size);
        }
    }
}

impl_as_any!(Graphics);

impl DvcProcessor for Graphics {
    fn channel_name(&self) -> &str {
        CHANNEL_NAME
    }

    fn start(&mut self, channel: u32) -> PduResult<Vec<DvcMessage>> {
        self.pipeline.start(channel)
    }

    fn process(&mut self, channel: u32, message: &[u8]) -> PduResult<Vec<DvcMessage>> {
        let work = Work::begin();
        let answers = self.pipeline.process(channel, message);
        self.hand_over(work.done());
        answers
    }

    fn close(&mut self, channel: u32) {
        self.pipeline.close(channel);
    }
}

impl DvcClientProcessor for Graphics {}

/// Hears from the pipeline which codecs are used, and says which there may be.
struct Listener {
    output: Output,
    offers_h264: bool,
}

impl GraphicsPipelineHandler for Listener {
    fn capabilities(&self) -> Vec<CapabilitySet> {
        capabilities(self.offers_h264)
    }

    fn on_wire_to_surface2(&mut self, _: &WireToSurface2Pdu) {
        self.output.lock().current = Some(Codec::Progressive);
    }

    fn on_bitmap_updated(&mut self, update: &BitmapUpdate) {
        let mut state = self.output.lock();
        let codec = match update.codec_id {
            Codec1Type::Avc420 => Codec::Avc420,
            Codec1Type::Avc444 | Codec1Type::Avc444v2 => Codec::Avc444,
            Codec1Type::RemoteFx => Codec::RemoteFx,
            Codec1Type::ClearCodec => Codec::ClearCodec,
            Codec1Type::Planar => Codec::Planar,
            // The opacity of what another codec brought.
            Codec1Type::Alpha => return,
            // Also what the progressive codec is told as.
            Codec1Type::Uncompressed => state.current.unwrap_or(Codec::Raw),
        };
        state.has_h264 |= matches!(codec, Codec::Avc420 | Codec::Avc444);
        state.current = Some(codec);
    }

    fn on_frame_complete(&mut self, _: u32) {
        let mut state = self.output.lock();
        state.newest = state.current.take().or(state.newest);
    }
}

/// The versions of the pipeline that are offered (MS-RDPEGFX 2.2.3), newest first, each with the small cache of 16 MB.
fn capabilities(offers_h264: bool) -> Vec<CapabilitySet> {
    let mut sets = vec![
        CapabilitySet::V10_7 {
            flags: CapabilitiesV107Flags::SMALL_CACHE | CapabilitiesV107Flags::AVC_DISABLED,
        },
        CapabilitySet::V10_6 {
            flags: CapabilitiesV104Flags::SMALL_CACHE | CapabilitiesV104Flags::AVC_DISABLED,
        },
        CapabilitySet::V10_5 {
            flags: CapabilitiesV104Flags::SMALL_CACHE | CapabilitiesV104Flags::AVC_DISABLED,
        },
        CapabilitySet::V10_4 {
            flags: CapabilitiesV104Flags::SMALL_CACHE | CapabilitiesV104Flags::AVC_DISABLED,
        },
        CapabilitySet::V10_3 {
            flags: CapabilitiesV103Flags::AVC_DISABLED,
        },
        CapabilitySet::V10_2 {
            flags: CapabilitiesV10Flags::SMALL_CACHE | CapabilitiesV10Flags::AVC_DISABLED,
        },
        CapabilitySet::V10 {
            flags: CapabilitiesV10Flags::SMALL_CACHE | CapabilitiesV10Flags::AVC_DISABLED,
        },
        CapabilitySet::V8_1 {
            flags: CapabilitiesV81Flags::SMALL_CACHE,
        },
        CapabilitySet::V8 {
            flags: CapabilitiesV8Flags::SMALL_CACHE,
        },
    ];
    if offers_h264 {
        sets.iter_mut().for_each(allow_h264);
    }
    sets
}

fn allow_h264(set: &mut CapabilitySet) {
    match set {
        CapabilitySet::V10_7 { flags } => flags.remove(CapabilitiesV107Flags::AVC_DISABLED),
        CapabilitySet::V10_4 { flags }
        | CapabilitySet::V10_5 { flags }
        | CapabilitySet::V10_6 { flags } => flags.remove(CapabilitiesV104Flags::AVC_DISABLED),
        CapabilitySet::V10_3 { flags } => flags.remove(CapabilitiesV103Flags::AVC_DISABLED),
        CapabilitySet::V10 { flags } | CapabilitySet::V10_2 { flags } => {
            flags.remove(CapabilitiesV10Flags::AVC_DISABLED);
        }
        CapabilitySet::V8_1 { flags } => flags.insert(CapabilitiesV81Flags::AVC420_ENABLED),
        _ => {}
    }
}

/// A decoder of H.264, in a build that has one.
#[cfg(feature = "h264")]
fn decoder() -> Option<Box<dyn H264Decoder>> {
    match ironrdp_egfx::decode::OpenH264Decoder::new() {
        Ok(decoder) => Some(Box::new(decoder)),
        Err(error) => {
            tracing::warn!(%error, "H.264 is not offered");
            None
        }
    }
}

#[cfg(not(feature = "h264"))]
fn decoder() -> Option<Box<dyn H264Decoder>> {
    None
}

#[cfg(test)]
mod tests;

//! What a session knows and what waits to be sent: decoding, and answering, without I/O.

mod clip;
mod drawn;
mod renewal;

use crate::clipboard::{Clipboard, Content};
use crate::cookie::Jar;
use crate::drive::{self, Drive};
use crate::graphics::Output;
use crate::guard::Guard;
use crate::input::{Coalescer, Input};
use crate::limits::{MAX_TEXT_CHARS, REACTIVATE_LIMIT, WAITING_BYTES, WAITING_EVENTS, WAKE_LIMIT};
use crate::options::{Anew, Options};
use crate::picture::{self, Picture};
use crate::redirect::Target;
use crate::resize::Resize;
use crate::wire;
use farwire_link::hidden::Hidden;
use farwire_model::codec::CodecChoice;
use farwire_model::frame::{Cursor, FramebufferError, Size, Surface};
use farwire_model::input::SessionInput;
use farwire_model::session::{Meter, SessionEvent, Start};
use ironrdp_connector::ConnectionResult;
use ironrdp_connector::connection_activation::{
    ConnectionActivationFactory, ConnectionActivationSequence,
};
use ironrdp_core::{MonotonicInstant, WriteBuf};
use ironrdp_dvc::DrdynvcClient;
use ironrdp_pdu::Action;
use ironrdp_pdu::input::fast_path::FastPathInputEvent;
use ironrdp_pdu::rdp::capability_sets::InputFlags;
use ironrdp_session::{ActiveStage, ActiveStageBuilder, ActiveStageOutput};
use ironrdp_svc::SvcProcessorMessages;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// How a session came to its end.
pub enum Ended {
    /// Cancelled, or the application is gone.
    Cancelled,
    /// The session goes on there.
    Sent(Box<Target>),
    /// Another session: with other encodings, or of a size that the machine did not manage to change to.
    Again(Anew),
    /// The link does not take or bring bytes any more.
    Lost(String),
    /// The machine ended the session on purpose.
    Over(String),
    /// The machine sends what cannot be followed.
    Fault(String),
}

/// What a session knows and what waits to be sent.
pub struct Live {
    /// Bytes for the machine.
    pub outgoing: Vec<u8>,
    /// Events for the application.
    pub waiting: VecDeque<SessionEvent>,
    surface: Arc<Surface>,
    meter: Arc<Meter>,
    jar: Jar,
    stage: ActiveStage,
    picture: Picture,
    /// What the graphics pipeline brings.
    graphics: Output,
    codecs: CodecChoice,
    /// Whether another session can take the place of this one.
    can_begin_anew: bool,
    hidden: Hidden,
    factory: ConnectionActivationFactory,
    /// The session changes its size, and until when it may.
    renewal: Option<(Box<ConnectionActivationSequence>, Instant)>,
    input: Input,
    input_flags: InputFlags,
    clipboard: Clipboard,
    drive: Drive,
    guard: Guard,
    resize: Resize,
    is_display_ready: bool,
    can_refresh: bool,
    can_suppress: bool,
    /// When something could not be decoded.
    damaged: Option<Instant>,
    /// Until when the machine must have sent something, after this computer slept.
    awaited: Option<Instant>,
}

impl Live {
    /// A session that begins.
    ///
    /// # Errors
    /// A size that cannot be shown.
    pub fn new(
        agreed: ConnectionResult,
        (clipboard, graphics, drive): (Clipboard, Output, Drive),
        start: &Start,
        options: &Options,
        connected: SessionEvent,
    ) -> Result<Self, FramebufferError> {
        let size = Size::new(agreed.desktop_size.width, agreed.desktop_size.height);
        let picture = Picture::new(size, &start.surface)?;
        let dynamic_channel = agreed
            .static_channels
            .get_channel_id_by_type::<DrdynvcClient>();
        let guard = Guard::new(
            agreed.io_channel_id,
            agreed.message_channel_id,
            dynamic_channel,
        );
        let stage = ActiveStageBuilder {
            static_channels: agreed.static_channels,
            user_channel_id: agreed.user_channel_id,
            io_channel_id: agreed.io_channel_id,
            message_channel_id: agreed.message_channel_id,
            share_id: agreed.share_id,
            compression_type: agreed.compression_type,
            enable_server_pointer: agreed.enable_server_pointer,
            pointer_software_rendering: agreed.pointer_software_rendering,
        }
        .build();
        let (scale, own_scale) = (options.scale, options.own_scale);
        let mut resize = Resize::new(options.follows_viewport, size, scale, own_scale);
        if let Some(viewport) = start.size {
            resize.viewport(viewport, scale, Instant::now());
        }
        Ok(Self {
            outgoing: Vec::new(),
            waiting: VecDeque::from([connected, SessionEvent::Locks(0)]),
            surface: Arc::clone(&start.surface),
            meter: Arc::clone(&start.meter),
            jar: Jar::of(start),
            stage,
            picture,
            graphics,
            codecs: options.codecs,
            can_begin_anew: options.can_begin_anew,
            hidden: Hidden::default(),
            factory: agreed.activation_factory,
            renewal: None,
            input: Input::new(agreed.input_flags, options.layout),
            input_flags: agreed.input_flags,
            clipboard,
            drive,
            guard,
            resize,
            is_display_ready: false,
            can_refresh: agreed.refresh_rect_support,
            can_suppress: agreed.suppress_output_support,
            damaged: None,
            awaited: None,
        })
    }

    /// Whether there is room for what a message brings: events for the application and answers for the machine.
    pub fn takes_frames(&self) -> bool {
        self.waiting.len() < WAITING_EVENTS && self.outgoing.len() < WAITING_BYTES
    }

    /// Whether what the disk answers can be sent: also while the session changes its size, which a machine may do only once it
    /// was answered.
    pub fn takes_answers(&self) -> bool {
        self.outgoing.len() < WAITING_BYTES
    }

    /// Sends what the disk answers.
    pub fn answer_drive(&mut self, answer: drive::Answer) {
        let Some(message) = self.drive.message(answer) else {
            return;
        };
        let messages = SvcProcessorMessages::<drive::Channel>::new(vec![message]);
        match self.stage.process_svc_processor_messages(messages) {
            Ok(bytes) => self.outgoing.extend(bytes),
            Err(error) => tracing::debug!(error = %error.report(), "the drive did not answer"),
        }
    }

    /// Whether input can be sent: not while the session changes its size.
    pub fn takes_input(&self) -> bool {
        self.renewal.is_none() && self.outgoing.len() < WAITING_BYTES
    }

    /// Decodes a message.
    ///
    /// # Errors
    /// The session ends with it.
    pub fn frame(
        &mut self,
        action: Action,
        frame: &[u8],
        received_at: Option<MonotonicInstant>,
    ) -> Result<(), Ended> {
        self.meter
            .bytes_in
            .fetch_add(frame.len() as u64, Ordering::Relaxed);
        self.awaited = None;
        if action == Action::X224 {
            self.guard
                .check(frame)
                .map_err(|refused| Ended::Fault(refused.to_string()))?;
        }
        let is_of_channel = action == Action::X224 && self.guard.is_of_channel(frame);
        if self.renewal.is_some() && !is_of_channel {
            // Pixels of the size before mean nothing any more.
            return match action {
                Action::X224 => self.renew(frame, received_at),
                Action::FastPath => Ok(()),
            };
        }
        let decoded = self
            .stage
            .process(&mut self.picture.image, action, frame, received_at);
        let parts = self.stage.take_damage_regions();
        self.picture.bring(&self.surface, &parts);
        self.note_codec(action, frame, !parts.is_empty());
        match decoded {
            Ok(outputs) => outputs
                .into_iter()
                .try_for_each(|output| self.output(output))?,
            Err(error) => self.cannot_decode(&error.report().to_string())?,
        }
        if self.stage.take_bitmap_recovery_request() {
            self.redraw();
        }
        if action == Action::X224 {
            self.pipeline()?;
            self.answer_clipboard();
            if !self.is_display_ready && self.stage.display_control_ready() == Some(true) {
                self.is_display_ready = true;
                self.resize.ready(Instant::now());
            }
        }
        Ok(())
    }

    /// Sends this input and what else waits behind it.
    ///
    /// # Errors
    /// Another session is to take the place of this one.
    pub fn input(
        &mut self,
        first: SessionInput,
        queue: &mut mpsc::Receiver<SessionInput>,
    ) -> Result<(), Ended> {
        let mut coalescer = Coalescer::default();
        let mut next = Some(first);
        while let Some(input) = next {
            if let Some(ready) = coalescer.push(input) {
                self.send_input(ready)?;
            }
            let has_room = self.outgoing.len() < WAITING_BYTES;
            next = has_room.then(|| queue.try_recv().ok()).flatten();
        }
        coalescer
            .take()
            .map_or(Ok(()), |last| self.send_input(last))
    }

    /// Lets go of every key and button.
    pub fn release_all(&mut self) {
        let mut events = Vec::new();
        self.input.release_all(&mut events);
        self.send(events);
    }

    /// When [`Live::timers`] has something to do.
    pub fn due(&self) -> Option<Instant> {
        let renewal = self.renewal.as_ref().map(|(_, until)| *until);
        let resize = self.resize.due().filter(|_| renewal.is_none());
        let hidden = self.hidden.due().filter(|_| renewal.is_none());
        let all = [resize, renewal, hidden, self.awaited];
        all.into_iter().flatten().min()
    }

    /// Does what is due.
    ///
    /// # Errors
    /// The session ends with it.
    pub fn timers(&mut self) -> Result<(), Ended> {
        let now = Instant::now();
        if self.awaited.is_some_and(|until| until <= now) {
            return Err(Ended::Lost("it does not answer any more".to_owned()));
        }
        if let Some((_, until)) = &self.renewal {
            return match *until <= now {
                true => Err(self.again()),
                false => Ok(()),
            };
        }
        self.suppress(now);
        let Some((size, scale)) = self.resize.take(self.is_display_ready, now) else {
            return Ok(());
        };
        let (width, height) = (u32::from(size.width), u32::from(size.height));
        let scale = Some(u32::from(scale));
        match self.stage.encode_resize(width, height, scale, None) {
            Some(Ok(message)) => self.outgoing.extend(message),
            Some(Err(error)) => {
                tracing::debug!(error = %error.report(), "a size was not asked for")
            }
            None => {}
        }
        Ok(())
    }

    /// The size did not come: a session that begins with it takes the place of this one.
    fn again(&self) -> Ended {
        let (size, _) = self.resize.asked();
        self.anew(size)
    }

    fn output(&mut self, output: ActiveStageOutput) -> Result<(), Ended> {
        match output {
            ActiveStageOutput::ResponseFrame(bytes) => self.outgoing.extend(bytes),
            ActiveStageOutput::PointerBitmap(pointer) => {
                if let Some(cursor) = picture::cursor(&pointer) {
                    self.show_cursor(cursor);
                }
            }
            ActiveStageOutput::PointerDefault => self.show_cursor(picture::arrow()),
            ActiveStageOutput::PointerHidden => self.show_cursor(picture::hidden()),
            ActiveStageOutput::PointerPosition { x, y } => {
                self.surface.paint(|painter| painter.cursor_moved(x, y));
                self.surface.publish();
            }
            ActiveStageOutput::DeactivateAll => {
                let sequence = Box::new(self.factory.create());
                self.renewal = Some((sequence, Instant::now() + REACTIVATE_LIMIT));
            }
            ActiveStageOutput::Terminate(reason) => {
                return Err(Ended::Over(plain(&reason.description())));
            }
            ActiveStageOutput::ServerRedirection(sent) => {
                return Err(match Target::of(*sent) {
                    Ok(target) => Ended::Sent(Box::new(target)),
                    Err(why) => Ended::Over(format!("it goes on at another machine, but {why}")),
                });
            }
            ActiveStageOutput::AutoReconnectCookie(cookie) => self.jar.put(&cookie),
            ActiveStageOutput::AutoReconnectFailed => self.jar.discard(),
            // What was not asked for, or is told by other means.
            ActiveStageOutput::GraphicsUpdate(_)
            | ActiveStageOutput::MonitorLayout(_)
            | ActiveStageOutput::WindowingOrders(_)
            | ActiveStageOutput::WindowSurfaceUpdates(_)
            | ActiveStageOutput::SaveSessionInfo { .. }
            | ActiveStageOutput::SessionId(_)
            | ActiveStageOutput::MultitransportRequest(_)
            | ActiveStageOutput::AutoDetect(_)
            | ActiveStageOutput::LogonErrors(_) => {}
        }
        Ok(())
    }

    fn show_cursor(&mut self, cursor: Cursor) {
        self.surface.paint(|painter| painter.cursor(cursor));
        self.surface.publish();
    }

    fn send_input(&mut self, input: SessionInput) -> Result<(), Ended> {
        match input {
            SessionInput::Viewport {
                width,
                height,
                scale_percent,
            } => {
                let size = Size::new(width, height);
                self.resize.viewport(size, scale_percent, Instant::now());
            }
            SessionInput::Clipboard(text) => self.offer(Content::Text(text)),
            SessionInput::ClipboardHtml { text, html } => self.offer(Content::Html(text, html)),
            SessionInput::ClipboardPicture(png) => self.offer(Content::Picture(png)),
            SessionInput::Codec(codecs) => return self.choose(codecs),
            SessionInput::CheckLink => {
                if self.redraw() {
                    self.awaited = Some(Instant::now() + WAKE_LIMIT);
                }
            }
            input => {
                let locks = self.input.locks();
                let mut events = Vec::new();
                let lost = self.input.write(&mut events, self.picture.size(), input);
                self.send(events);
                if self.input.locks() != locks && self.waiting.len() < WAITING_EVENTS {
                    self.waiting
                        .push_back(SessionEvent::Locks(self.input.locks()));
                }
                if lost > 0 {
                    self.say(&format!(
                        "{lost} characters were left out: the machine cannot be made to type them."
                    ));
                }
            }
        }
        Ok(())
    }

    fn send(&mut self, events: Vec<FastPathInputEvent>) {
        if events.is_empty() || self.renewal.is_some() {
            return;
        }
        if wire::is_short(self.input_flags) {
            if let Err(error) = wire::short(&events, &mut self.outgoing) {
                tracing::error!(%error, "input was not sent");
            }
            return;
        }
        let mut message = WriteBuf::new();
        match self.stage.encode_static(&mut message, wire::long(events)) {
            Ok(_) => self.outgoing.extend_from_slice(message.filled()),
            Err(error) => tracing::error!(error = %error.report(), "input was not sent"),
        }
    }

    /// Tells the person, unless nobody has taken a lot of events.
    pub fn say(&mut self, text: &str) {
        if self.waiting.len() < WAITING_EVENTS {
            self.waiting.push_back(SessionEvent::Said(text.to_owned()));
        }
    }
}

/// A machine's text as it may be shown.
fn plain(text: &str) -> String {
    let shown = text.chars().filter(|character| !character.is_control());
    shown.take(MAX_TEXT_CHARS).collect()
}

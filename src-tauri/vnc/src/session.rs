//! The live session: one task that reads, writes, answers reports and reports to the application.

use crate::bandwidth::Bandwidth;
use crate::client::{self, Ask};
use crate::clipboard::Clipboard;
use crate::decode::Report;
use crate::encoding;
use crate::error::DecodeError;
use crate::handshake::Established;
use crate::input::{Coalescer, Input};
use crate::limits::{
    BLOCK_BYTES, CHUNKS, GOODBYE_LIMIT, MAX_OWED_BYTES, READ_BYTES, REPORTS, STALL_LIMIT,
    WAITING_BYTES, WAITING_EVENTS,
};
use crate::options::Options;
use crate::pixel_format::PixelFormat;
use crate::pulse::{Link, Pulse};
use crate::resize::Resize;
use crate::worker;
use bytes::{BufMut, BytesMut};
use farwire_link::hidden::Hidden;
use farwire_model::error::Stage;
use farwire_model::frame::{Rect, Size, Surface};
use farwire_model::input::SessionInput;
use farwire_model::quality::Quality;
use farwire_model::session::{FailureKind, Meter, Purpose, SessionError, SessionEvent, Start};
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinError;
use tokio::time::{Instant, sleep_until, timeout};

/// How a session came to its end.
enum Ended {
    /// Cancelled, or the application is gone.
    Cancelled,
    /// The link does not take or bring bytes any more.
    Lost(String),
    /// The decoding thread ended first; it knows why.
    Decoder,
}

/// Carries an established session until it is cancelled or ends.
pub async fn run(
    established: Established,
    start: Start,
    options: Options,
) -> Result<(), SessionError> {
    let peer = format!("{}:{}", start.endpoint.host, start.endpoint.port);
    let fail = |kind, what: String| SessionError::new(Stage::Session, kind, what);
    let connected = SessionEvent::Connected {
        name: established.name,
        security: established.security,
    };
    let (reader, mut writer) = tokio::io::split(established.stream);
    if start.purpose == Purpose::Probe {
        start.events.send(connected).await.unwrap_or_default();
        goodbye(&mut writer, &[]).await;
        return Ok(());
    }
    start.surface.resumed(None);
    start
        .surface
        .paint(|painter| painter.resize(established.size))
        .map_err(|error| fail(FailureKind::Protocol, format!("{peer} has {error}")))?;
    start.surface.publish();

    let (chunks_in, chunks) = mpsc::channel(CHUNKS);
    let (reports_in, mut reports) = mpsc::channel(REPORTS);
    let decoder = tokio::task::spawn_blocking({
        let (surface, meter) = (Arc::clone(&start.surface), Arc::clone(&start.meter));
        let pixels = established.pixels;
        move || worker::run(chunks, reports_in, surface, meter, pixels)
    });
    let queue = chunks_in.downgrade();
    let (arriving, mut arrived) = watch::channel(Instant::now());
    let mut live = Live::new(&start, &options, established.size, connected);
    let mut reading = Box::pin(read(reader, chunks_in, Arc::clone(&start.meter), arriving));
    let mut inputs = start.inputs;
    let mut hidden = start.surface.hidden();
    // Viewers came before the link did.
    hidden.mark_changed();
    let (mut is_reading, mut has_inputs, mut needs_flush) = (true, true, false);
    let mut lost = String::new();
    // When a server that takes none of the bytes is given up; none while nothing waits for it.
    let mut stalled: Option<Instant> = None;
    let ended = loop {
        let due = live.due();
        let has_bytes = needs_flush || !live.outgoing.is_empty();
        if has_bytes && stalled.is_none() {
            stalled = Some(Instant::now() + STALL_LIMIT);
        }
        // Fair on purpose: with `biased`, a mouse drag would starve the reports. Every branch is cancel safe.
        tokio::select! {
            () = start.cancel.cancelled() => break Ended::Cancelled,
            why = &mut reading, if is_reading => {
                // What has arrived is still decoded; the decoder's end then ends the session.
                (is_reading, lost) = (false, why);
            }
            report = reports.recv(), if live.takes_reports() => match report {
                Some(report) => live.report(report),
                None => break Ended::Decoder,
            },
            input = inputs.recv(), if has_inputs && live.outgoing.len() < WAITING_BYTES => match input {
                Some(input) => live.input(input, &mut inputs),
                None => has_inputs = false,
            },
            written = push(&mut writer, &live.outgoing), if has_bytes => {
                needs_flush = !live.outgoing.is_empty();
                stalled = None;
                match written {
                    Ok(count) => live.sent(count),
                    Err(error) => break Ended::Lost(broken(&error)),
                }
            }
            () = sleep_until(stalled.unwrap_or_else(Instant::now)), if stalled.is_some() => {
                let limit = STALL_LIMIT.as_secs();
                break Ended::Lost(format!("it took nothing for {limit} s"));
            }
            Ok(()) = hidden.changed() => {
                // Not to be borrowed any more when the surface is locked.
                let is_hidden = *hidden.borrow_and_update();
                live.look(is_hidden);
            }
            permit = start.events.reserve(), if !live.waiting.is_empty() => match permit {
                Ok(permit) => if let Some(event) = live.waiting.pop_front() {
                    permit.send(event);
                },
                Err(_) => break Ended::Cancelled,
            },
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                let is_backed_up = !live.takes_reports()
                    || queue.upgrade().is_some_and(|queue| queue.capacity() < CHUNKS);
                let arrived = *arrived.borrow();
                if let Err(ended) = live.timers(arrived, is_backed_up) {
                    break ended;
                }
            }
            // No report comes before the end of a rectangle, and a large one takes long.
            Ok(()) = arrived.changed(), if live.pulse.is_stalled() => {
                let at = *arrived.borrow_and_update();
                live.pulse.heard(at);
            }
        }
    };
    // The decoder ends when no chunk can come any more, or at the latest after the chunks that wait.
    drop(reading);
    drop(reports);
    match ended {
        Ended::Cancelled => {
            live.input.release_all(&mut live.outgoing);
            goodbye(&mut writer, &live.outgoing).await;
            // Its failure does not matter any more; it is awaited so that nothing paints after the end.
            drop(decoder.await);
            Ok(())
        }
        Ended::Lost(why) => {
            drop(decoder.await);
            Err(fail(FailureKind::Lost, lost_text(&peer, &why)))
        }
        Ended::Decoder => match decoded(decoder.await) {
            Ok(()) => Err(fail(FailureKind::Lost, lost_text(&peer, &lost))),
            Err(why) => {
                goodbye(&mut writer, &[]).await;
                let what = format!("cannot follow what {peer} sends: {why}; connect again");
                Err(fail(FailureKind::Protocol, what))
            }
        },
    }
}

fn lost_text(peer: &str, why: &str) -> String {
    format!("lost the session with {peer}: {why}; connect again")
}

fn broken(error: &io::Error) -> String {
    format!("the connection broke ({error})")
}

fn decoded(result: Result<Result<(), DecodeError>, JoinError>) -> Result<(), String> {
    match result {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        // The panic's own text went to the log.
        Err(_) => Err("a defect in the decoder".to_owned()),
    }
}

/// Sends some of the bytes, or flushes when there are none.
async fn push(writer: &mut (impl AsyncWriteExt + Unpin), bytes: &[u8]) -> io::Result<usize> {
    if bytes.is_empty() {
        return writer.flush().await.map(|()| 0);
    }
    match writer.write(bytes).await? {
        0 => Err(io::ErrorKind::WriteZero.into()),
        count => Ok(count),
    }
}

/// Sends what is left and closes, as far as that works.
async fn goodbye(writer: &mut (impl AsyncWriteExt + Unpin), bytes: &[u8]) {
    let end = async {
        writer.write_all(bytes).await?;
        writer.shutdown().await
    };
    if let Ok(Err(error)) = timeout(GOODBYE_LIMIT, end).await {
        tracing::debug!(%error, "the connection did not close cleanly");
    }
}

/// Hands chunks to the decoder until the connection ends; answers why it did.
async fn read(
    mut reader: impl AsyncRead + Unpin,
    chunks: mpsc::Sender<BytesMut>,
    meter: Arc<Meter>,
    arriving: watch::Sender<Instant>,
) -> String {
    let mut buffer = BytesMut::new();
    loop {
        // Reads share one block; it is taken back once the decoder is done with all of them.
        if buffer.capacity() < READ_BYTES / 4 {
            buffer.reserve(BLOCK_BYTES);
        }
        match reader.read_buf(&mut (&mut buffer).limit(READ_BYTES)).await {
            Ok(0) => return "the other side closed it".to_owned(),
            Ok(count) => {
                meter.bytes_in.fetch_add(count as u64, Ordering::Relaxed);
                arriving.send_replace(Instant::now());
            }
            Err(error) => return broken(&error),
        }
        if chunks.send(buffer.split()).await.is_err() {
            return "the decoder ended".to_owned();
        }
    }
}

/// What the session knows and what waits to be sent.
struct Live {
    surface: Arc<Surface>,
    meter: Arc<Meter>,
    size: Size,
    outgoing: Vec<u8>,
    waiting: VecDeque<SessionEvent>,
    input: Input,
    clipboard: Clipboard,
    resize: Resize,
    bandwidth: Bandwidth,
    pulse: Pulse,
    /// Whether the server sends updates without being asked.
    is_unasked: bool,
    hidden: Hidden,
}

impl Live {
    fn new(start: &Start, options: &Options, size: Size, connected: SessionEvent) -> Self {
        let now = Instant::now();
        let mut outgoing = Vec::new();
        let bandwidth = Bandwidth::new(options);
        if let Some(pixels) = PixelFormat::asked(options.depth) {
            client::set_pixel_format(&mut outgoing, pixels);
        }
        client::set_encodings(&mut outgoing, &encoding::offered(bandwidth.levels()));
        start.meter.set_level(bandwidth.levels().quality);
        client::request_update(&mut outgoing, Ask::Everything, size.rect());
        Self {
            surface: Arc::clone(&start.surface),
            meter: Arc::clone(&start.meter),
            size,
            outgoing,
            waiting: VecDeque::from([connected]),
            input: Input::default(),
            clipboard: Clipboard::default(),
            resize: Resize::new(options.follows_viewport, start.size, now),
            bandwidth,
            pulse: Pulse::new(now),
            is_unasked: false,
            hidden: Hidden::default(),
        }
    }

    /// Whether there is room for what reports bring: events for the application and answers for the server.
    fn takes_reports(&self) -> bool {
        self.waiting.len() < WAITING_EVENTS && self.outgoing.len() < MAX_OWED_BYTES
    }

    fn report(&mut self, report: Report) {
        let now = Instant::now();
        self.pulse.heard(now);
        match report {
            Report::UpdateBegan => {
                self.bandwidth.began(now);
                if !self.is_unasked && !self.hidden.is_told() {
                    client::request_update(&mut self.outgoing, Ask::Changes, self.size.rect());
                }
            }
            Report::UpdateEnded { bytes } => {
                if self.bandwidth.ended(bytes, now) {
                    self.send_levels();
                }
            }
            Report::Resized(size) => {
                self.size = size;
                self.resize.resized();
                if self.is_unasked && !self.hidden.is_told() {
                    client::continuous_updates(&mut self.outgoing, Some(size.rect()));
                }
                // The new picture's content is undefined until it is asked for.
                client::request_update(&mut self.outgoing, Ask::Everything, size.rect());
            }
            Report::Screens(screens) => self.resize.supported(&screens),
            Report::ResizeRefused(code) => self.say(self.resize.refused(code)),
            Report::Fence(flags, payload) => {
                let trip = self.pulse.fence(&mut self.outgoing, flags, &payload, now);
                if let Some(trip) = trip {
                    let micros = u32::try_from(trip.as_micros()).unwrap_or(u32::MAX);
                    // 0 means unknown.
                    self.meter
                        .latency_us
                        .store(micros.max(1), Ordering::Relaxed);
                }
            }
            Report::CanUpdateUnasked => {
                let is_news = !std::mem::replace(&mut self.is_unasked, true);
                if is_news && !self.hidden.is_told() {
                    client::continuous_updates(&mut self.outgoing, Some(self.size.rect()));
                }
            }
            Report::TakesKeyCodes => self.input.takes_codes = true,
            Report::TakesMoreButtons => self.input.takes_more_buttons = true,
            Report::Extended(said) => self.clipboard.heard(&mut self.outgoing, &said),
            Report::ClipboardTooLong(bytes) => self.say(format!(
                "The machine's clipboard holds {} MiB of text, which is too much to bring here.",
                bytes.div_ceil(1 << 20)
            )),
            Report::Clipboard(text) => self.waiting.push_back(SessionEvent::Clipboard(text)),
            Report::Name(name) => self.waiting.push_back(SessionEvent::Name(name)),
            Report::Locks(locks) => self.waiting.push_back(SessionEvent::Locks(locks)),
            Report::Bell => self.waiting.push_back(SessionEvent::Bell),
        }
    }

    /// Tells the person, unless nobody has taken a lot of events: input can bring any number of reasons to speak.
    fn say(&mut self, text: String) {
        if self.waiting.len() < WAITING_EVENTS {
            self.waiting.push_back(SessionEvent::Said(text));
        }
    }

    /// Somebody looks from now on, or nobody does.
    fn look(&mut self, is_hidden: bool) {
        if !self.hidden.set(is_hidden, Instant::now()) {
            return;
        }
        let whole = self.size.rect();
        if self.is_unasked {
            client::continuous_updates(&mut self.outgoing, Some(whole));
        }
        client::request_update(&mut self.outgoing, Ask::Changes, whole);
        // One pixel in any case: a server with nothing new says so. Another one than questions whether it lives ask for.
        let (x, y) = (
            whole.width.saturating_sub(1),
            whole.height.saturating_sub(1),
        );
        client::request_update(&mut self.outgoing, Ask::Everything, Rect::new(x, y, 1, 1));
        self.surface.resumed(Some((x, y)));
    }

    fn send_levels(&mut self) {
        let levels = self.bandwidth.levels();
        client::set_encodings(&mut self.outgoing, &encoding::offered(levels));
        self.meter.set_level(levels.quality);
    }

    /// Writes this input and what else waits behind it.
    fn input(&mut self, first: SessionInput, queue: &mut mpsc::Receiver<SessionInput>) {
        let mut coalescer = Coalescer::default();
        let mut next = Some(first);
        while let Some(input) = next {
            if let Some(ready) = coalescer.push(input) {
                self.write_input(ready);
            }
            let has_room = self.outgoing.len() < WAITING_BYTES;
            next = if has_room {
                queue.try_recv().ok()
            } else {
                None
            };
        }
        if let Some(last) = coalescer.take() {
            self.write_input(last);
        }
    }

    fn write_input(&mut self, input: SessionInput) {
        let now = Instant::now();
        match input {
            SessionInput::Viewport { width, height, .. } => {
                self.resize.viewport(Size::new(width, height), now);
            }
            SessionInput::Clipboard(text) | SessionInput::ClipboardHtml { text, .. } => {
                if !self.clipboard.offer(&mut self.outgoing, text) {
                    self.say(
                        "The clipboard here holds too much text to send it to the machine."
                            .to_owned(),
                    );
                }
            }
            SessionInput::Quality(quality) => {
                self.bandwidth.choose(quality);
                self.send_levels();
                if quality == Quality::Lossless {
                    // What is there was sent with losses.
                    let rect = self.size.rect();
                    client::request_update(&mut self.outgoing, Ask::Everything, rect);
                }
            }
            SessionInput::CheckLink => {
                self.pulse.ask_now(&mut self.outgoing, now);
            }
            input => self.input.write(&mut self.outgoing, self.size, input),
        }
    }

    fn sent(&mut self, count: usize) {
        self.outgoing.drain(..count.min(self.outgoing.len()));
        self.meter
            .bytes_out
            .fetch_add(count as u64, Ordering::Relaxed);
    }

    fn due(&self) -> Option<Instant> {
        [self.resize.due(), self.pulse.due(), self.hidden.due()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Does what is due; the last bytes arrived at `arrived`.
    fn timers(&mut self, arrived: Instant, is_backed_up: bool) -> Result<(), Ended> {
        let now = Instant::now();
        self.pulse.heard(if is_backed_up { now } else { arrived });
        match self.pulse.turn(&mut self.outgoing, now) {
            Link::Same => {}
            Link::Stalled => self.waiting.push_back(SessionEvent::Stalled(true)),
            Link::Flows => self.waiting.push_back(SessionEvent::Stalled(false)),
            Link::Gone => return Err(Ended::Lost("it does not answer any more".to_owned())),
        }
        // Without continuous updates, nothing more is asked for.
        if self.hidden.take(now) {
            self.surface.paused();
            if self.is_unasked {
                client::continuous_updates(&mut self.outgoing, None);
            }
        }
        self.resize.write_due(&mut self.outgoing, self.size, now);
        Ok(())
    }
}

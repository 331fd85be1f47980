//! An RDP server that does as a test says: it draws known pixels and writes down everything it is told.

use crate::rdp_server_clip::{Clip, Clips, format};
use crate::rdp_server_parts::{Bytes, capabilities, identity, sent_on, update};
use crate::xrdp::{PASSWORD, USER};
use crate::xvnc::has;
use ironrdp_acceptor::{Acceptor, AcceptorResult, BeginResult, ConnectorResult};
use ironrdp_cliprdr::pdu::{ClipboardFormatId, FormatDataResponse};
use ironrdp_cliprdr::{CliprdrServer, CliprdrSvcMessages};
use ironrdp_connector::Sequence as _;
use ironrdp_core::{WriteBuf, decode, encode_vec};
use ironrdp_displaycontrol::pdu::DisplayControlMonitorLayout;
use ironrdp_displaycontrol::server::{DisplayControlHandler, DisplayControlServer};
use ironrdp_dvc::DrdynvcServer;
use ironrdp_pdu::Action;
use ironrdp_pdu::bitmap::{BitmapData, BitmapUpdateData, Compression};
use ironrdp_pdu::fast_path::UpdateCode;
use ironrdp_pdu::gcc::RedirectionFlags;
use ironrdp_pdu::geometry::InclusiveRectangle;
use ironrdp_pdu::input::fast_path::{FastPathInput, FastPathInputEvent};
use ironrdp_pdu::mcs::McsMessage;
use ironrdp_pdu::nego::SecurityProtocol;
use ironrdp_pdu::rdp::client_info::{ClientAutoReconnect, Credentials};
use ironrdp_pdu::rdp::headers::{ShareControlHeader, ShareControlPdu, ShareDataPdu};
use ironrdp_pdu::rdp::server_redirection::ServerRedirectionPdu;
use ironrdp_pdu::x224::X224;
use ironrdp_svc::server_encode_svc_messages;
use ironrdp_tokio::{FramedWrite as _, LocalTokioFramed, single_sequence_step};
use std::sync::{Arc, Mutex};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

/// What protects its sessions.
#[derive(Clone, Copy, PartialEq)]
pub enum Security {
    Tls,
    Nla,
}

/// How large its desktop is.
#[derive(Clone, Copy)]
enum Sized {
    As(u16, u16),
    AsAsked,
}

/// What a server was told.
#[derive(Debug, PartialEq)]
pub enum Told {
    /// A session began.
    Begun(Hello),
    /// What its clipboard hears.
    Clip(Clip),
    /// Keys and the pointer.
    Input(FastPathInputEvent),
    /// Whether to draw.
    Draw(bool),
    /// A size, and how large things are to be drawn, in percent.
    Layout { size: (u32, u32), scale: u32 },
    /// A session did not begin, or ended.
    Ended,
}

/// What a client says of itself.
#[derive(Debug, PartialEq)]
pub struct Hello {
    pub layout: u32,
    /// Who signs in; not told where NLA asked already.
    pub account: Option<Credentials>,
    /// What stands for the password.
    pub cookie: Option<Vec<u8>>,
    /// Which of the machine's sessions it wants; 0 is the administrative one.
    pub session: Option<u32>,
    /// What a balancer reads.
    pub routing: Option<String>,
    /// That it was here before.
    pub resumed: Option<ClientAutoReconnect>,
}

/// What it does next.
enum Does {
    Says(Bytes),
    /// Closes the connection without a word.
    Cuts,
    Offers(Vec<(u32, &'static str)>),
    Wants(u32),
    Brings(Vec<u8>),
}

pub struct Server {
    pub port: u16,
    told: mpsc::UnboundedReceiver<Told>,
    does: mpsc::UnboundedSender<Does>,
    sends_on: Arc<Mutex<Option<ServerRedirectionPdu>>>,
}

impl Server {
    /// A server of one size, with the account of all servers; `None` where a certificate cannot be made.
    pub fn start(security: Security, width: u16, height: u16) -> Option<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        Self::on(listener, security, Sized::As(width, height))
    }

    /// A server that takes the size a session begins with, and no other one later.
    pub fn of_any_size(security: Security) -> Option<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        Self::on(listener, security, Sized::AsAsked)
    }

    /// Two servers at one port: brokers name a machine by its address alone.
    pub fn two(security: Security, width: u16, height: u16) -> Option<(Self, Self)> {
        let (one, other) = loop {
            let one = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let port = one.local_addr().unwrap().port();
            // Somebody else may have it there.
            if let Ok(other) = std::net::TcpListener::bind(("127.0.0.2", port)) {
                break (one, other);
            }
        };
        let start = |listener| Self::on(listener, security, Sized::As(width, height));
        Some((start(one)?, start(other)?))
    }

    fn on(listener: std::net::TcpListener, security: Security, size: Sized) -> Option<Self> {
        if !has("openssl") {
            return None;
        }
        let (tls, public_key) = identity();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (tell, told) = mpsc::unbounded_channel();
        let (does, mut to_do) = mpsc::unbounded_channel();
        let sends_on = Arc::new(Mutex::new(None));
        let broker = Arc::clone(&sends_on);
        let serve = async move || {
            let listener = TcpListener::from_std(listener).unwrap();
            while !tell.is_closed() {
                let accepted = tokio::select! {
                    accepted = listener.accept() => accepted,
                    () = tell.closed() => break,
                };
                let (stream, _) = accepted.unwrap();
                let session = Session {
                    tls: tls.clone(),
                    public_key: public_key.clone(),
                    security,
                    size,
                    tell: &tell,
                    sends_on: &broker,
                };
                // How a client fails is what tests look at in the client.
                let ended = tokio::select! {
                    ended = session.run(stream, &mut to_do) => ended,
                    () = tell.closed() => break,
                };
                if let Err(error) = ended {
                    eprintln!("the server's session ended: {}", error.report());
                }
                let _ = tell.send(Told::Ended);
            }
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        // It ends with the receiver of what it is told, which the test drops.
        std::thread::spawn(move || runtime.block_on(serve()));
        Some(Self {
            port,
            told,
            does,
            sends_on,
        })
    }

    /// The next thing it is told.
    pub async fn told(&mut self) -> Told {
        let next = tokio::time::timeout(std::time::Duration::from_secs(60), self.told.recv());
        next.await.expect("it is told something").expect("it runs")
    }

    /// The next session that begins.
    pub async fn begun(&mut self) -> Hello {
        loop {
            if let Told::Begun(hello) = self.told().await {
                return hello;
            }
        }
    }

    /// What the clipboard hears next.
    pub async fn clip(&mut self) -> Clip {
        loop {
            if let Told::Clip(heard) = self.told().await {
                return heard;
            }
        }
    }

    /// Sends bytes as they are.
    pub fn say(&self, bytes: Bytes) {
        self.does.send(Does::Says(bytes)).unwrap();
    }

    /// Closes the connection as a lost link does.
    pub fn cut(&self) {
        self.does.send(Does::Cuts).unwrap();
    }

    /// Sends the next session on before it begins.
    pub fn sends_on(&self, to: ServerRedirectionPdu) {
        *self.sends_on.lock().unwrap() = Some(to);
    }

    /// Says that something was copied, in these forms.
    pub fn offer(&self, forms: &[(u32, &'static str)]) {
        self.does.send(Does::Offers(forms.to_vec())).unwrap();
    }

    /// Wants what was copied on the other side.
    pub fn want(&self, form: u32) {
        self.does.send(Does::Wants(form)).unwrap();
    }

    /// Gives what the other side wants.
    pub fn bring(&self, bytes: Bytes) {
        self.does.send(Does::Brings(bytes)).unwrap();
    }

    /// Draws rows of RGB pixels at a place, exactly.
    pub fn draw(&self, left: u16, top: u16, width: u16, pixels: &[[u8; 3]]) {
        for (at, row) in pixels.chunks_exact(usize::from(width)).enumerate() {
            let bytes: Vec<u8> = row.iter().flat_map(|[r, g, b]| [*b, *g, *r, 0]).collect();
            let y = top + u16::try_from(at).unwrap();
            let data = BitmapUpdateData {
                rectangles: vec![BitmapData {
                    rectangle: InclusiveRectangle {
                        left,
                        top: y,
                        right: left + width - 1,
                        bottom: y,
                    },
                    width,
                    height: 1,
                    bits_per_pixel: 32,
                    compression_flags: Compression::empty(),
                    compressed_data_header: None,
                    bitmap_data: &bytes,
                }],
            };
            self.say(update(UpdateCode::Bitmap, &encode_vec(&data).unwrap()));
        }
    }
}

/// A session on its way.
struct Session<'a> {
    tls: TlsAcceptor,
    public_key: Vec<u8>,
    security: Security,
    size: Sized,
    tell: &'a mpsc::UnboundedSender<Told>,
    sends_on: &'a Mutex<Option<ServerRedirectionPdu>>,
}

impl Session<'_> {
    async fn run(
        self,
        stream: TcpStream,
        does: &mut mpsc::UnboundedReceiver<Does>,
    ) -> ConnectorResult<()> {
        let protocol = match self.security {
            Security::Tls => SecurityProtocol::SSL,
            Security::Nla => SecurityProtocol::HYBRID | SecurityProtocol::HYBRID_EX,
        };
        let credentials = Credentials {
            username: USER.to_owned(),
            password: PASSWORD.to_owned(),
            domain: None,
        };
        let (width, height) = match self.size {
            Sized::As(width, height) => (width, height),
            Sized::AsAsked => (4096, 4096),
        };
        let size = ironrdp_acceptor::DesktopSize { width, height };
        // Without NLA whoever comes is let in: what they say of themselves is told.
        let credentials = (self.security == Security::Nla).then_some(credentials);
        let mut acceptor =
            Acceptor::new(protocol, size, capabilities((width, height)), credentials);
        match self.size {
            Sized::As(..) => {
                let display = DisplayControlServer::new(Box::new(Layouts(self.tell.clone())));
                acceptor.attach_static_channel(DrdynvcServer::new().with_dynamic_channel(display));
            }
            Sized::AsAsked => acceptor.set_honor_client_desktop_size(Some(size)),
        }
        acceptor.attach_static_channel(CliprdrServer::new(Box::new(Clips(self.tell.clone()))));
        let begun = ironrdp_acceptor::accept_begin(LocalTokioFramed::new(stream), &mut acceptor);
        let BeginResult::ShouldUpgrade(stream) = begun.await? else {
            panic!("no session goes without TLS");
        };
        let broken = |error| ironrdp_connector::custom_err!("the server's link", error);
        let stream = self.tls.accept(stream).await.map_err(broken)?;
        acceptor.mark_security_upgrade_as_done();
        let mut framed = LocalTokioFramed::new(stream);
        if self.security == Security::Nla {
            ironrdp_acceptor::accept_credssp(
                &mut framed,
                &mut acceptor,
                &mut Nobody,
                "farwire-test".into(),
                self.public_key.clone(),
                None,
            )
            .await?;
        }
        let mut agreed = loop {
            if let Some(agreed) = acceptor.get_result() {
                break agreed;
            }
            let is_signed_in = acceptor.state().name() == "CapabilitiesSendServer";
            let sent = is_signed_in.then(|| self.sends_on.lock().unwrap().take());
            if let Some(to) = sent.flatten() {
                framed.write_all(&sent_on(to)).await.map_err(broken)?;
                // The client closes.
                while framed.read_pdu().await.is_ok() {}
                return Ok(());
            }
            single_sequence_step(&mut framed, &mut acceptor, &mut WriteBuf::new()).await?;
        };
        let _ = self.tell.send(Told::Begun(Hello::of(&mut agreed)));
        let user = agreed.user_channel_id;
        let mut channels = agreed.static_channels;
        let mut answer = Vec::new();
        for (_, channel, id) in channels.iter_mut() {
            let messages = channel.start().unwrap();
            answer.extend(server_encode_svc_messages(messages, id.unwrap(), user).unwrap());
        }
        framed.write_all(&answer).await.map_err(broken)?;
        loop {
            tokio::select! {
                read = framed.read_pdu() => {
                    let (action, bytes) = read.map_err(broken)?;
                    for told in heard(action, &bytes) {
                        let _ = self.tell.send(told);
                    }
                    if let Ok(X224(McsMessage::SendDataRequest(message))) = decode(&bytes)
                        && let Some(channel) = channels.get_by_channel_id_mut(message.channel_id)
                    {
                        let messages = channel.process(&message.user_data).unwrap();
                        let answer = server_encode_svc_messages(messages, message.channel_id, user);
                        framed.write_all(&answer.unwrap()).await.map_err(broken)?;
                    }
                }
                Some(next) = does.recv() => {
                    let channel = channels.get_by_type_mut::<CliprdrServer>();
                    let clipboard = channel.and_then(|one| one.channel_processor_downcast_mut());
                    let clipboard: Option<&mut CliprdrServer> = clipboard;
                    let messages = match (next, clipboard) {
                        (Does::Cuts, _) => return Ok(()),
                        (Does::Says(bytes), _) => {
                            framed.write_all(&bytes).await.map_err(broken)?;
                            continue;
                        }
                        (_, None) => panic!("the client has no clipboard"),
                        (Does::Offers(forms), Some(clipboard)) => {
                            let forms: Vec<_> = forms.into_iter().map(format).collect();
                            clipboard.initiate_copy(&forms)
                        }
                        (Does::Wants(form), Some(clipboard)) => {
                            clipboard.initiate_paste(ClipboardFormatId::new(form))
                        }
                        (Does::Brings(bytes), Some(clipboard)) => {
                            clipboard.submit_format_data(FormatDataResponse::new_data(bytes))
                        }
                    };
                    let messages: CliprdrSvcMessages<_> = messages.unwrap();
                    let id = channels.get_channel_id_by_type::<CliprdrServer>().unwrap();
                    let bytes = server_encode_svc_messages(messages.into(), id, user).unwrap();
                    framed.write_all(&bytes).await.map_err(broken)?;
                }
            }
        }
    }
}

impl Hello {
    fn of(agreed: &mut AcceptorResult) -> Self {
        let cluster = agreed.client_cluster_data.take();
        let is_named = RedirectionFlags::REDIRECTED_SESSION_FIELD_VALID;
        let cluster = cluster.filter(|cluster| cluster.flags.contains(is_named));
        Self {
            layout: agreed.keyboard_layout,
            account: agreed.credentials.take(),
            cookie: agreed.password_cookie.take().map(|cookie| cookie.0),
            session: cluster.map(|cluster| cluster.redirected_session_id),
            routing: agreed.routing_token.take(),
            resumed: agreed.auto_reconnect.take(),
        }
    }
}

/// What a message tells, as far as tests look at it.
fn heard(action: Action, bytes: &[u8]) -> Vec<Told> {
    if action == Action::FastPath {
        let input = decode::<FastPathInput>(bytes).unwrap();
        let events = input.input_events().iter().cloned();
        return events.map(Told::Input).collect();
    }
    let Ok(X224(McsMessage::SendDataRequest(message))) = decode(bytes) else {
        return Vec::new();
    };
    let share = decode::<ShareControlHeader>(&message.user_data);
    match share.map(|header| header.share_control_pdu) {
        Ok(ShareControlPdu::Data(data)) => match data.share_data_pdu {
            ShareDataPdu::SuppressOutput(wish) => vec![Told::Draw(wish.desktop_rect.is_some())],
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// Hears which sizes are asked for.
struct Layouts(mpsc::UnboundedSender<Told>);

impl DisplayControlHandler for Layouts {
    fn monitor_layout(&self, layout: DisplayControlMonitorLayout) {
        for monitor in layout.monitors() {
            let size = monitor.dimensions();
            let scale = monitor.desktop_scale_factor().unwrap();
            let _ = self.0.send(Told::Layout { size, scale });
        }
    }
}

/// Only Kerberos asks others, and there is none here.
struct Nobody;

impl ironrdp_tokio::NetworkClient for Nobody {
    async fn send(
        &mut self,
        _: &ironrdp_connector::sspi::generator::NetworkRequest,
    ) -> ConnectorResult<Vec<u8>> {
        panic!("nobody else is asked")
    }
}

//! An RDP server that does as a test says: it draws known pixels and writes down everything it is told.

use crate::xrdp::{PASSWORD, USER};
use crate::xvnc::has;
use ironrdp_acceptor::{Acceptor, BeginResult, ConnectorResult};
use ironrdp_core::{decode, encode_vec};
use ironrdp_displaycontrol::pdu::DisplayControlMonitorLayout;
use ironrdp_displaycontrol::server::{DisplayControlHandler, DisplayControlServer};
use ironrdp_dvc::DrdynvcServer;
use ironrdp_pdu::Action;
use ironrdp_pdu::bitmap::{BitmapData, BitmapUpdateData, Compression};
use ironrdp_pdu::fast_path::{
    EncryptionFlags, FastPathHeader, FastPathUpdatePdu, Fragmentation, UpdateCode,
};
use ironrdp_pdu::geometry::InclusiveRectangle;
use ironrdp_pdu::input::fast_path::{FastPathInput, FastPathInputEvent};
use ironrdp_pdu::mcs::McsMessage;
use ironrdp_pdu::nego::SecurityProtocol;
use ironrdp_pdu::rdp::capability_sets::{
    Bitmap, BitmapDrawingFlags, CapabilitySet, General, GeneralExtraFlags, Input, InputFlags,
    MultifragmentUpdate, Order, OrderFlags, OrderSupportExFlags, Pointer, VirtualChannel,
    VirtualChannelFlags,
};
use ironrdp_pdu::rdp::client_info::Credentials;
use ironrdp_pdu::rdp::headers::{ShareControlHeader, ShareControlPdu, ShareDataPdu};
use ironrdp_pdu::x224::X224;
use ironrdp_svc::server_encode_svc_messages;
use ironrdp_tokio::{FramedWrite as _, LocalTokioFramed};
use std::process::Command;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use x509_cert::der::Decode as _;

/// What protects its sessions.
#[derive(Clone, Copy, PartialEq)]
pub enum Security {
    Tls,
    Nla,
}

/// What a server was told.
#[derive(Debug, PartialEq)]
pub enum Told {
    /// A session began, on this layout of the keyboard.
    Begun { layout: u32 },
    /// Keys and the pointer.
    Input(FastPathInputEvent),
    /// Whether to draw.
    Draw(bool),
    /// A size, and how large things are to be drawn, in percent.
    Layout { size: (u32, u32), scale: u32 },
    /// A session did not begin, or ended.
    Ended,
}

/// Bytes that it sends, as they are.
pub type Bytes = Vec<u8>;

pub struct Server {
    pub port: u16,
    told: mpsc::UnboundedReceiver<Told>,
    says: mpsc::UnboundedSender<Bytes>,
}

impl Server {
    /// A server of one size, with the account of all servers; `None` where a certificate cannot be made.
    pub fn start(security: Security, width: u16, height: u16) -> Option<Self> {
        if !has("openssl") {
            return None;
        }
        let (tls, public_key) = identity();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (tell, told) = mpsc::unbounded_channel();
        let (says, mut to_say) = mpsc::unbounded_channel();
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
                    size: (width, height),
                    tell: &tell,
                };
                // How a client fails is what tests look at in the client.
                let ended = tokio::select! {
                    ended = session.run(stream, &mut to_say) => ended,
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
        Some(Self { port, told, says })
    }

    /// The next thing it is told.
    pub async fn told(&mut self) -> Told {
        let next = tokio::time::timeout(std::time::Duration::from_secs(60), self.told.recv());
        next.await.expect("it is told something").expect("it runs")
    }

    /// Sends bytes as they are.
    pub fn say(&self, bytes: Bytes) {
        self.says.send(bytes).unwrap();
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

/// A fast-path update of one part (MS-RDPBCGR 2.2.9.1.2).
pub fn update(update_code: UpdateCode, data: &[u8]) -> Bytes {
    let update = encode_vec(&FastPathUpdatePdu {
        fragmentation: Fragmentation::Single,
        update_code,
        compression_flags: None,
        compression_type: None,
        data,
    });
    let update = update.unwrap();
    let header = FastPathHeader::new(EncryptionFlags::empty(), update.len());
    [encode_vec(&header).unwrap(), update].concat()
}

/// A session on its way.
struct Session<'a> {
    tls: TlsAcceptor,
    public_key: Vec<u8>,
    security: Security,
    size: (u16, u16),
    tell: &'a mpsc::UnboundedSender<Told>,
}

impl Session<'_> {
    async fn run(
        self,
        stream: TcpStream,
        says: &mut mpsc::UnboundedReceiver<Bytes>,
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
        let size = ironrdp_acceptor::DesktopSize {
            width: self.size.0,
            height: self.size.1,
        };
        let mut acceptor =
            Acceptor::new(protocol, size, capabilities(self.size), Some(credentials));
        let display = DisplayControlServer::new(Box::new(Layouts(self.tell.clone())));
        acceptor.attach_static_channel(DrdynvcServer::new().with_dynamic_channel(display));
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
        let (mut framed, agreed) = ironrdp_acceptor::accept_finalize(framed, &mut acceptor).await?;
        let layout = agreed.keyboard_layout;
        let _ = self.tell.send(Told::Begun { layout });
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
                Some(bytes) = says.recv() => framed.write_all(&bytes).await.map_err(broken)?,
            }
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

fn capabilities((desktop_width, desktop_height): (u16, u16)) -> Vec<CapabilitySet> {
    vec![
        CapabilitySet::General(General {
            extra_flags: GeneralExtraFlags::FASTPATH_OUTPUT_SUPPORTED,
            refresh_rect_support: true,
            suppress_output_support: true,
            ..General::default()
        }),
        CapabilitySet::Bitmap(Bitmap {
            pref_bits_per_pix: 32,
            desktop_width,
            desktop_height,
            desktop_resize_flag: true,
            drawing_flags: BitmapDrawingFlags::empty(),
        }),
        CapabilitySet::Order(Order::new(
            OrderFlags::NEGOTIATE_ORDER_SUPPORT | OrderFlags::ZERO_BOUNDS_DELTAS_SUPPORT,
            OrderSupportExFlags::empty(),
            0,
            0,
        )),
        CapabilitySet::Pointer(Pointer {
            color_pointer_cache_size: 20,
            pointer_cache_size: 20,
        }),
        CapabilitySet::Input(Input {
            input_flags: InputFlags::SCANCODES
                | InputFlags::MOUSEX
                | InputFlags::FASTPATH_INPUT
                | InputFlags::FASTPATH_INPUT_2
                | InputFlags::UNICODE,
            keyboard_layout: 0,
            keyboard_type: None,
            keyboard_subtype: 0,
            keyboard_function_key: 128,
            keyboard_ime_filename: String::new(),
        }),
        CapabilitySet::VirtualChannel(VirtualChannel {
            flags: VirtualChannelFlags::NO_COMPRESSION,
            chunk_size: None,
        }),
        CapabilitySet::MultiFragmentUpdate(MultifragmentUpdate {
            max_request_size: 1 << 20,
        }),
    ]
}

/// A certificate of its own, and the key in it, which NLA ties the sign-in to.
fn identity() -> (TlsAcceptor, Vec<u8>) {
    let made = Command::new("openssl")
        .args([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
        ])
        .args(["-subj", "/CN=farwire-test", "-keyout", "-", "-out", "-"])
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let certificate =
        tokio_rustls::rustls::pki_types::CertificateDer::from_pem_slice(&made.stdout).unwrap();
    let key = PrivateKeyDer::from_pem_slice(&made.stdout).unwrap();
    let parsed = x509_cert::Certificate::from_der(&certificate).unwrap();
    let public_key = parsed.tbs_certificate().subject_public_key_info();
    let public_key = public_key.subject_public_key.as_bytes().unwrap().to_owned();
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), public_key)
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

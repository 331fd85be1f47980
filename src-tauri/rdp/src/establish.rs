//! From an open connection to a session (MS-RDPBCGR 1.3.1.1): what protects it, TLS, signing in, opening.

use crate::clipboard::{Clipboard, Heard};
use crate::cookie::Jar;
use crate::drive::{Answers, Drive, Silence};
use crate::failure::{Failed, explain};
use crate::graphics::{Opener, Output};
use crate::limits::{AUTH_LIMIT, MAX_SIGN_IN_CHARS, OPEN_LIMIT, STEP_LIMIT};
use crate::link::{self, Framed, within};
use crate::names::Account;
use crate::options::{Options, Security};
use crate::redirect::Target;
use crate::tls;
use farwire_link::{ByteStream, begin};
use farwire_model::codec::CodecChoice;
use farwire_model::error::Stage;
use farwire_model::frame::Size;
use farwire_model::session::{FailureKind, Purpose, SessionError, Start};
use ironrdp_cliprdr::CliprdrClient;
use ironrdp_connector::credssp::CredsspSequence;
use ironrdp_connector::sspi::generator::GeneratorState;
use ironrdp_connector::{
    BitmapConfig, ClientConnector, ClientConnectorState, Config, ConnectionOutcome,
    ConnectionResult, ConnectorError, ConnectorErrorKind, ConnectorResult, Credentials,
    DesktopSize, State as _, custom_err, general_err,
};
use ironrdp_core::WriteBuf;
use ironrdp_displaycontrol::client::DisplayControlClient;
use ironrdp_dvc::DrdynvcClient;
use ironrdp_pdu::gcc::{ConnectionType, KeyboardType};
use ironrdp_pdu::nego::SecurityProtocol;
use ironrdp_pdu::rdp::capability_sets::{
    BitmapCodecs, MajorPlatformType, RailSupportLevel, client_codecs_capabilities,
};
use ironrdp_pdu::rdp::client_info::{CompressionType, PerformanceFlags, TimezoneInfo};
use std::net::{Ipv4Addr, SocketAddr};

/// The version of Windows we say we are. Servers keep some of the protocol from clients that tell none: xrdp would never say
/// that a new size is taken.
const CLIENT_BUILD: u32 = 19041;

/// A session that is up.
pub struct Established {
    /// What it goes over.
    pub framed: Framed,
    /// What was agreed on.
    pub agreed: ConnectionResult,
    /// How the link is protected, in words.
    pub security: String,
    /// What the clipboard's channel hears.
    pub heard: Heard,
    /// What the graphics pipeline brings.
    pub graphics: Output,
    /// How much waits for the disk, where a folder is lent.
    pub drive: Drive,
    /// What the disk answers.
    pub answers: Answers,
    /// Why the folder that was to be lent is not.
    pub not_lent: Option<String>,
}

/// What came of it.
pub enum Outcome {
    /// A session.
    Up(Box<Established>),
    /// The machine sends the session on to another one.
    Sent(Box<Target>),
    /// A probe went as far as it may without opening a session, which could throw a person out.
    Probed {
        /// How the link is protected, in words.
        security: String,
    },
}

/// Brings a session up over an open stream. `target` is where a broker sent it, which this is.
///
/// # Errors
/// Stage `banner` to `channel`, by what went wrong.
pub async fn establish(
    stream: Box<dyn ByteStream>,
    start: &Start,
    options: &Options,
    size: Size,
    target: Option<&Target>,
) -> Result<Outcome, SessionError> {
    let account = account(start);
    let password = start.credentials.password.as_ref();
    let password = password
        .map(|password| password.expose())
        .unwrap_or_default();
    check_lengths(start, &account, password)?;
    options.wishes.check()?;
    let (heard, graphics) = (Heard::default(), Output::default());
    let mut dynamic =
        DrdynvcClient::new().with_dynamic_channel(DisplayControlClient::new(|_| Ok(Vec::new())));
    if options.has_pipeline() {
        dynamic.attach_listener(Opener::new(&graphics, options.has_h264(size)));
    }
    let mut config = config(start, options, size, &account, password);
    // What a broker gave stands for the password.
    config.autologon |= target.is_some_and(|target| target.cookie.is_some());
    options.wishes.put(&mut config);
    let mut connector = ClientConnector::new(config, SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
        .with_static_channel(dynamic);
    if options.wishes.has_clipboard {
        let channel = CliprdrClient::new(Box::new(Clipboard::backend(&heard)));
        connector = connector.with_static_channel(channel);
    }
    let (mut drive, mut answers) = (Drive::default(), Answers::default());
    let mut not_lent = options.not_lent.clone();
    if let Some(lent) = options.wishes.drive.clone()
        && start.purpose != Purpose::Probe
    {
        match lent.open().await {
            Ok(opened) => {
                let channel;
                (channel, drive, answers) = opened.parts(options.wishes.client_name.clone());
                connector = connector
                    .with_static_channel(channel)
                    .with_static_channel(Silence);
            }
            Err(why) => not_lent = Some(why),
        }
    }
    connector = options.wishes.ask(connector, target);
    if let Some(cookie) = Jar::of(start).get() {
        connector = connector.with_auto_reconnect_cookie(cookie);
    }
    let fail = |stage, stopped| explain(start, Failed { stage, stopped });

    begin(&start.events, Stage::Banner).await;
    let mut framed = Framed::new(stream);
    let agree = async {
        while !connector.should_perform_security_upgrade() {
            link::step(&mut framed, &mut connector).await?;
        }
        Ok(())
    };
    within(STEP_LIMIT, agree)
        .await
        .map_err(|stopped| fail(Stage::Banner, stopped))?;
    let protocol = selected(&connector);
    let has_nla = protocol.intersects(SecurityProtocol::HYBRID | SecurityProtocol::HYBRID_EX);

    begin(&start.events, Stage::Tls).await;
    let (stream, early) = framed.into_inner();
    if !early.is_empty() {
        // Bytes before TLS that are read after it would be taken for protected ones.
        let peer = peer(start);
        let message = format!(
            "{peer} sends before TLS is set up, so nothing was sent to it; look into its log"
        );
        return Err(SessionError::new(
            Stage::Tls,
            FailureKind::Protocol,
            message,
        ));
    }
    let secured = tls::upgrade(stream, start, has_nla).await?;
    let mut framed = Framed::new(secured.stream);
    connector.mark_security_upgrade_as_done();
    let security = match has_nla {
        true => format!("{}, certificate pinned, NLA", secured.version),
        false => format!("{}, certificate pinned", secured.version),
    };

    begin(&start.events, Stage::Auth).await;
    if has_nla {
        if account.user.is_empty() || start.credentials.password.is_none() {
            let message = format!(
                "{} asks for an account and its password before it shows anything; enter both",
                peer(start)
            );
            return Err(SessionError::new(
                Stage::Auth,
                FailureKind::CredentialsMissing,
                message,
            ));
        }
        let signing = sign_in(&mut framed, &connector, start, protocol, secured.public_key);
        within(AUTH_LIMIT, signing)
            .await
            .map_err(|stopped| fail(Stage::Auth, stopped))?;
        connector.mark_credssp_as_done();
    }
    if start.purpose == Purpose::Probe {
        return Ok(Outcome::Probed { security });
    }

    begin(&start.events, Stage::Channel).await;
    let opened = within(OPEN_LIMIT, open(&mut framed, &mut connector))
        .await
        .map_err(|stopped| fail(Stage::Channel, stopped))?;
    match opened {
        ConnectionOutcome::Connected(agreed) => Ok(Outcome::Up(Box::new(Established {
            framed,
            agreed,
            security,
            heard,
            graphics,
            drive,
            answers,
            not_lent,
        }))),
        ConnectionOutcome::Redirected(sent) => match Target::of(*sent) {
            Ok(target) => Ok(Outcome::Sent(Box::new(target))),
            Err(why) => {
                let message = format!(
                    "{} sends the session on to another machine, where it cannot go: {why}; connect to that machine",
                    peer(start)
                );
                Err(SessionError::new(
                    Stage::Channel,
                    FailureKind::Refused,
                    message,
                ))
            }
        },
    }
}

/// The machine, as messages name it.
pub fn peer(start: &Start) -> String {
    format!("{}:{}", start.endpoint.host, start.endpoint.port)
}

/// The account that is signed in to.
pub fn account(start: &Start) -> Account {
    let credentials = &start.credentials;
    let username = credentials.username.as_deref().unwrap_or_default();
    Account::of(username, credentials.domain.as_deref())
}

fn check_lengths(start: &Start, account: &Account, password: &str) -> Result<(), SessionError> {
    let domain = account.domain.as_deref().unwrap_or_default();
    for (what, text) in [
        ("account", account.user.as_str()),
        ("domain", domain),
        ("password", password),
    ] {
        if text.encode_utf16().count() > MAX_SIGN_IN_CHARS {
            let message = format!(
                "{} takes no {what} over {MAX_SIGN_IN_CHARS} characters; store a shorter one",
                peer(start)
            );
            return Err(SessionError::new(
                Stage::Auth,
                FailureKind::Refused,
                message,
            ));
        }
    }
    Ok(())
}

/// What protects the session, as the machine chose among what it was offered.
fn selected(connector: &ClientConnector) -> SecurityProtocol {
    match &connector.state {
        ClientConnectorState::EnhancedSecurityUpgrade { selected_protocol } => *selected_protocol,
        _ => SecurityProtocol::empty(),
    }
}

fn config(
    start: &Start,
    options: &Options,
    size: Size,
    account: &Account,
    password: &str,
) -> Config {
    let enable_tls = match options.security {
        // Whoever stands in between must not talk a machine out of what it was seen with.
        Security::Auto => !tls::had_nla(start),
        Security::Nla => false,
        Security::Tls => true,
    };
    Config {
        desktop_size: DesktopSize {
            width: size.width,
            height: size.height,
        },
        monitor_layout: None,
        desktop_scale_factor: u32::from(options.scale),
        desktop_physical_size: None,
        desktop_orientation: None,
        device_scale_factor: None,
        monitor_extended_layout: None,
        relative_mouse_input: false,
        enable_tls,
        enable_credssp: options.security != Security::Tls,
        enable_standard_rdp_security: false,
        credentials: Credentials::UsernamePassword {
            username: account.user.clone(),
            password: password.to_owned(),
        },
        domain: account.domain.clone(),
        client_build: CLIENT_BUILD,
        client_name: String::new(),
        keyboard_type: KeyboardType::IBM_ENHANCED,
        keyboard_subtype: 0,
        keyboard_functional_keys_count: 12,
        keyboard_layout: options.layout,
        connection_type: ConnectionType::Lan,
        ime_file_name: String::new(),
        bitmap: Some(BitmapConfig {
            lossy_compression: options.codecs != CodecChoice::Bitmaps,
            color_depth: options.depth,
            codecs: codecs(options),
        }),
        dig_product_id: String::new(),
        client_dir: String::new(),
        alternate_shell: String::new(),
        work_dir: String::new(),
        remote_application_mode: false,
        rail_support_level: RailSupportLevel::empty(),
        platform: MajorPlatformType::UNIX,
        hardware_id: None,
        request_data: None,
        autologon: !account.user.is_empty() && !password.is_empty(),
        enable_audio_playback: false,
        enable_audio_capture: false,
        performance_flags: PerformanceFlags::default(),
        license_cache: None,
        timezone_info: TimezoneInfo::default(),
        compression_type: Some(CompressionType::Rdp61),
        enable_server_pointer: true,
        pointer_software_rendering: false,
        multitransport_flags: None,
        support_dyn_vc_gfx_protocol: options.has_pipeline(),
    }
}

/// RemoteFX, which is decoded for any depth but sent for 32 bits only; or none.
fn codecs(options: &Options) -> BitmapCodecs {
    let none = BitmapCodecs(Vec::new());
    match options.codecs {
        CodecChoice::Bitmaps => none,
        CodecChoice::Auto | CodecChoice::H264 | CodecChoice::RemoteFx => {
            client_codecs_capabilities(&[]).unwrap_or(none)
        }
    }
}

/// Network Level Authentication (MS-CSSP 3.1.5), by NTLM.
async fn sign_in(
    framed: &mut Framed,
    connector: &ClientConnector,
    start: &Start,
    protocol: SecurityProtocol,
    public_key: Vec<u8>,
) -> ConnectorResult<()> {
    let (mut sequence, mut request) = CredsspSequence::init(
        connector.config.credentials.clone(),
        connector.config.domain.as_deref(),
        protocol,
        start.endpoint.host.as_str().into(),
        public_key,
        None,
    )?;
    let mut answer = WriteBuf::new();
    loop {
        let state = {
            let mut generator = sequence.process_ts_request(request);
            match generator.start() {
                GeneratorState::Completed(state) => state.map_err(refused)?,
                // Only Kerberos asks others.
                GeneratorState::Suspended(_) => {
                    return Err(general_err!("the sign-in asks for a third machine"));
                }
            }
        };
        answer.clear();
        sequence.handle_process_result(state, &mut answer)?;
        link::write(framed, answer.filled()).await?;
        let Some(hint) = sequence.next_pdu_hint() else {
            return Ok(());
        };
        let message = link::read(framed, hint).await?;
        match sequence.decode_server_message(&message)? {
            Some(next) => request = next,
            None => return Ok(()),
        }
    }
}

fn refused(error: ironrdp_connector::sspi::Error) -> ConnectorError {
    ConnectorError::new("CredSSP", ConnectorErrorKind::Credssp(error))
}

/// Opens the session of a machine that was signed in to, or that shows its own sign-in screen.
async fn open(
    framed: &mut Framed,
    connector: &mut ClientConnector,
) -> ConnectorResult<ConnectionOutcome> {
    loop {
        if connector.should_perform_multitransport() {
            // Everything goes over this one connection.
            let mut answer = WriteBuf::new();
            connector.skip_multitransport(&mut answer)?;
            link::write(framed, answer.filled()).await?;
            continue;
        }
        let state = connector.state.name();
        link::step(framed, connector)
            .await
            .map_err(|error| match error.kind() {
                ConnectorErrorKind::Custom => error,
                _ => custom_err!(state, error),
            })?;
        if let Some(outcome) = connector.state.take_outcome() {
            return Ok(outcome);
        }
    }
}

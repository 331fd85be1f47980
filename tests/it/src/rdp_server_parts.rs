//! What a test's RDP server says and shows: its capabilities, its certificate, messages that it sends.

use ironrdp_core::encode_vec;
use ironrdp_pdu::fast_path::{
    EncryptionFlags, FastPathHeader, FastPathUpdatePdu, Fragmentation, UpdateCode,
};
use ironrdp_pdu::mcs::SendDataIndication;
use ironrdp_pdu::rdp::capability_sets::{
    Bitmap, BitmapDrawingFlags, CapabilitySet, General, GeneralExtraFlags, Input, InputFlags,
    MultifragmentUpdate, Order, OrderFlags, OrderSupportExFlags, Pointer, VirtualChannel,
    VirtualChannelFlags,
};
use ironrdp_pdu::rdp::client_info::CompressionType;
use ironrdp_pdu::rdp::headers::{
    CompressionFlags, ShareControlHeader, ShareControlPdu, ShareDataHeader, ShareDataPdu,
    StreamPriority,
};
use ironrdp_pdu::rdp::server_redirection::ServerRedirectionPdu;
use ironrdp_pdu::rdp::session_info::{
    InfoData, InfoType, LogonExFlags, LogonInfoExtended, SaveSessionInfoPdu, ServerAutoReconnect,
};
use ironrdp_pdu::x224::X224;
use std::process::Command;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use x509_cert::der::Decode as _;

/// Bytes that it sends, as they are.
pub type Bytes = Vec<u8>;

/// The channel of a session's own messages, and who sends on it.
const SESSION_CHANNEL: u16 = 1003;
const SENDER: u16 = 1002;

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

/// The session goes on at another machine (MS-RDPBCGR 2.2.13.3.1).
pub fn sent_on(to: ServerRedirectionPdu) -> Bytes {
    on_session_channel(ShareControlPdu::ServerRedirect(to))
}

/// The cookie by which the session is taken up again (MS-RDPBCGR 2.2.10.1.1.4.1).
pub fn cookie(cookie: ServerAutoReconnect) -> Bytes {
    let info = SaveSessionInfoPdu {
        info_type: InfoType::LogonExtended,
        info_data: InfoData::LogonExtended(LogonInfoExtended {
            present_fields_flags: LogonExFlags::AUTO_RECONNECT_COOKIE,
            auto_reconnect: Some(cookie),
            errors_info: None,
        }),
    };
    on_session_channel(ShareControlPdu::Data(ShareDataHeader {
        share_data_pdu: ShareDataPdu::SaveSessionInfo(info),
        stream_priority: StreamPriority::Medium,
        compression_flags: CompressionFlags::empty(),
        compression_type: CompressionType::K8,
    }))
}

fn on_session_channel(share_control_pdu: ShareControlPdu) -> Bytes {
    let message = encode_vec(&ShareControlHeader {
        share_control_pdu,
        pdu_source: SENDER,
        share_id: 0,
    });
    let message = SendDataIndication {
        initiator_id: SENDER,
        channel_id: SESSION_CHANNEL,
        user_data: message.unwrap().into(),
    };
    encode_vec(&X224(message)).unwrap()
}

/// What it can do, at this size.
pub fn capabilities((desktop_width, desktop_height): (u16, u16)) -> Vec<CapabilitySet> {
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
pub fn identity() -> (TlsAcceptor, Vec<u8>) {
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

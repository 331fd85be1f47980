//! The cookie by which a machine takes a session up again after the link was cut (MS-RDPBCGR 2.2.4.2 and 5.5): in memory only,
//! and for the machine that it came from alone.

use base64ct::{Base64, Encoding};
use farwire_model::credentials::Endpoint;
use farwire_model::secret::Secret;
use farwire_model::session::Kept;
use ironrdp_pdu::rdp::session_info::ServerAutoReconnect;

/// Keeps the newest cookie: machines send others from time to time.
pub fn put(kept: &Kept, of: &Endpoint, cookie: &ServerAutoReconnect) {
    let bytes = [&cookie.logon_id.to_le_bytes()[..], &cookie.random_bits].concat();
    kept.put(of, Secret::new(Base64::encode_string(&bytes)));
}

/// The cookie of this machine.
pub fn get(kept: &Kept, of: &Endpoint) -> Option<ServerAutoReconnect> {
    let bytes = Base64::decode_vec(kept.get(of)?.expose()).ok()?;
    let (id, random) = bytes.split_first_chunk::<4>()?;
    Some(ServerAutoReconnect {
        logon_id: u32::from_le_bytes(*id),
        random_bits: random.try_into().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use farwire_model::connection::ProtocolKind;

    #[test]
    fn a_cookie_is_for_its_machine_alone_and_the_newest_counts() {
        let at = |host: &str| Endpoint {
            protocol: ProtocolKind::Rdp,
            host: host.to_owned(),
            port: 3389,
            via: None,
            through: Vec::new(),
        };
        let cookie = |logon_id| ServerAutoReconnect {
            logon_id,
            random_bits: [7; 16],
        };
        let kept = Kept::default();
        assert_eq!(get(&kept, &at("here")), None);
        put(&kept, &at("here"), &cookie(1));
        put(&kept, &at("here"), &cookie(0x0102_0304));
        assert_eq!(get(&kept, &at("here")), Some(cookie(0x0102_0304)));
        assert_eq!(get(&kept, &at("there")), None);
    }
}

//! The cookie by which a machine takes a session up again after the link was cut (MS-RDPBCGR 2.2.4.2 and 5.5): in memory only,
//! and for the account and the machine that it came from alone.

use base64ct::{Base64, Encoding};
use farwire_model::secret::Secret;
use farwire_model::session::{Kept, Origin, Start};
use ironrdp_pdu::rdp::session_info::ServerAutoReconnect;

/// Where the cookie of a session's machine is kept.
pub struct Jar {
    kept: Kept,
    of: Origin,
}

impl Jar {
    /// The place of the account and machine that this run speaks to.
    pub fn of(start: &Start) -> Self {
        Self {
            kept: start.kept.clone(),
            of: Origin::of(start),
        }
    }

    /// Keeps the newest cookie: machines send others from time to time.
    pub fn put(&self, cookie: &ServerAutoReconnect) {
        let bytes = [&cookie.logon_id.to_le_bytes()[..], &cookie.random_bits].concat();
        let text = Secret::new(Base64::encode_string(&bytes));
        self.kept.put(&self.of, text);
    }

    /// The cookie of this machine.
    pub fn get(&self) -> Option<ServerAutoReconnect> {
        let bytes = Base64::decode_vec(self.kept.get(&self.of)?.expose()).ok()?;
        let (id, random) = bytes.split_first_chunk::<4>()?;
        Some(ServerAutoReconnect {
            logon_id: u32::from_le_bytes(*id),
            random_bits: random.try_into().ok()?,
        })
    }

    /// Throws it away: the machine does not take it.
    pub fn discard(&self) {
        self.kept.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use farwire_model::connection::ProtocolKind;
    use farwire_model::credentials::Endpoint;

    #[test]
    fn a_cookie_is_for_its_account_and_machine_alone_and_the_newest_counts() {
        let at = |host: &str, user: &str| Origin {
            endpoint: Endpoint {
                protocol: ProtocolKind::Rdp,
                host: host.to_owned(),
                port: 3389,
                via: None,
                through: Vec::new(),
            },
            account: (Some(user.to_owned()), None),
        };
        let cookie = |logon_id| ServerAutoReconnect {
            logon_id,
            random_bits: [7; 16],
        };
        let kept = Kept::default();
        let jar_of = |host, user| Jar {
            kept: kept.clone(),
            of: at(host, user),
        };
        let jar = |host| jar_of(host, "alice");
        assert_eq!(jar("here").get(), None);
        jar("here").put(&cookie(1));
        jar("here").put(&cookie(0x0102_0304));
        assert_eq!(jar("here").get(), Some(cookie(0x0102_0304)));
        assert_eq!(jar("there").get(), None);
        assert_eq!(jar_of("here", "bob").get(), None);
        jar("here").discard();
        assert_eq!(jar("here").get(), None);
    }
}

//! Where a broker sends a session to (MS-RDPBCGR 2.2.13 and 3.2.5.13.1).

use crate::limits::MAX_SIGN_IN_CHARS;
use crate::names::Account;
use ironrdp_pdu::rdp::server_redirection::{ServerRedirectionFlags, ServerRedirectionPdu};
use zeroize::Zeroizing;

/// How often one session is sent on: a broker sends once, two that send to each other would never end.
pub const MAX_REDIRECTIONS: usize = 4;

/// The longest name or address of a machine: RFC 1035, section 2.3.4.
const MAX_HOST_BYTES: usize = 255;

/// Where a broker sends a session to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The machine; none for the one that was asked.
    pub host: Option<String>,
    /// Which of its sessions.
    pub session_id: u32,
    /// What it is told first.
    pub balance: Option<String>,
    /// What the broker gives us for it instead of the password.
    pub cookie: Option<Zeroizing<Vec<u8>>>,
    /// The account it goes on under; none for the one of before.
    pub user: Option<String>,
    /// Where that account lives; none for where it did before.
    pub domain: Option<String>,
}

/// Why a session cannot go on where it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The password is sealed for the machine's own protocol.
    #[error("it wants the protocol RDSTLS there, which Farwire does not speak")]
    Sealed,
    /// Nothing says where.
    #[error("it does not say where to")]
    Nowhere,
    /// What it says cannot be an address.
    #[error("what it says is no address")]
    NoAddress,
    /// What the next machine is to be told is none of what the protocol has.
    #[error("what the next machine is to be told cannot be written")]
    NoText,
    /// The account cannot be one.
    #[error("the account it names for there cannot be one")]
    NoAccount,
}

impl Target {
    /// Reads a broker's message.
    ///
    /// # Errors
    /// It cannot be followed.
    pub fn of(sent: ServerRedirectionPdu) -> Result<Self, Refused> {
        let is_sealed = ServerRedirectionFlags::PASSWORD_IS_PK_ENCRYPTED;
        if sent.flags.contains(is_sealed) {
            return Err(Refused::Sealed);
        }
        let balance = sent.load_balance_info.map(balance).transpose()?;
        // What the first machine is told leads on from there: it stands in front of the others.
        let hosts = [
            sent.target_fqdn,
            sent.target_net_address,
            sent.target_netbios_name,
        ];
        let host = hosts.into_iter().flatten().find(|host| !host.is_empty());
        let host = host.filter(|_| balance.is_none());
        if balance.is_none() && host.is_none() {
            return Err(Refused::Nowhere);
        }
        let is_address = |host: &String| {
            let is_allowed =
                |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
            host.len() <= MAX_HOST_BYTES && host.chars().all(is_allowed)
        };
        if host.as_ref().is_some_and(|host| !is_address(host)) {
            return Err(Refused::NoAddress);
        }
        Ok(Self {
            host,
            session_id: sent.session_id,
            balance,
            cookie: sent.password.map(Zeroizing::new),
            user: named(sent.username)?,
            domain: named(sent.domain)?,
        })
    }

    /// The account it goes on under: what the broker did not name stays as it was.
    pub fn account(&self, was: Account) -> Account {
        Account {
            user: self.user.clone().unwrap_or(was.user),
            domain: self.domain.clone().or(was.domain),
        }
    }
}

/// A name of an account or a domain, if there is one.
fn named(name: Option<String>) -> Result<Option<String>, Refused> {
    let name = name.filter(|name| !name.is_empty());
    let is_name = |name: &String| {
        name.encode_utf16().count() <= MAX_SIGN_IN_CHARS && !name.contains(char::is_control)
    };
    match name.as_ref().is_none_or(is_name) {
        true => Ok(name),
        false => Err(Refused::NoAccount),
    }
}

/// The text that goes into the first message; its line end is written with it.
fn balance(bytes: Vec<u8>) -> Result<String, Refused> {
    let text = String::from_utf8(bytes).map_err(|_| Refused::NoText)?;
    let text = text.trim_end_matches(['\r', '\n', '\0']).to_owned();
    let is_plain = text.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
    match is_plain && !text.is_empty() {
        true => Ok(text),
        false => Err(Refused::NoText),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent() -> ServerRedirectionPdu {
        ServerRedirectionPdu {
            session_id: 7,
            target_net_address: Some("10.0.0.7".to_owned()),
            ..ServerRedirectionPdu::default()
        }
    }

    #[test]
    fn a_session_goes_where_the_broker_says() {
        let plain = Target::of(sent()).unwrap();
        assert_eq!(
            (plain.host.as_deref(), plain.session_id, plain.balance),
            (Some("10.0.0.7"), 7, None)
        );
        let named = ServerRedirectionPdu {
            target_fqdn: Some("host7.example".to_owned()),
            password: Some(b"cookie".to_vec()),
            username: Some("alice".to_owned()),
            domain: Some("CORP".to_owned()),
            ..sent()
        };
        let named = Target::of(named).unwrap();
        assert_eq!(
            (named.user.as_deref(), named.domain.as_deref()),
            (Some("alice"), Some("CORP"))
        );
        assert_eq!(named.host.as_deref(), Some("host7.example"));
        assert_eq!(named.cookie.unwrap().as_slice(), b"cookie");
        // The balancer that stands in front is asked again, with what it told.
        let balanced = ServerRedirectionPdu {
            load_balance_info: Some(b"Cookie: msts=3640205228.15629.0000\r\n".to_vec()),
            ..sent()
        };
        let balanced = Target::of(balanced).unwrap();
        assert_eq!(
            (balanced.host, balanced.balance.as_deref()),
            (None, Some("Cookie: msts=3640205228.15629.0000"))
        );
    }

    #[test]
    fn the_account_is_the_one_that_the_broker_names_as_far_as_it_does() {
        let text = |text: &str| Some(text.to_owned());
        for (user, domain, was, expected) in [
            (None, None, r"HERE\me", ("me", text("HERE"))),
            (None, text(""), r"HERE\me", ("me", text("HERE"))),
            (text("alice"), None, r"HERE\me", ("alice", text("HERE"))),
            (None, text("CORP"), r"HERE\me", ("me", text("CORP"))),
            (text("alice"), text("CORP"), "me", ("alice", text("CORP"))),
        ] {
            let named = ServerRedirectionPdu {
                username: user,
                domain,
                ..sent()
            };
            let account = Target::of(named).unwrap().account(Account::of(was, None));
            assert_eq!((account.user.as_str(), account.domain), expected, "{was}");
        }
    }

    #[test]
    fn what_cannot_be_followed_is_named() {
        let sealed = ServerRedirectionPdu {
            flags: ServerRedirectionFlags::PASSWORD_IS_PK_ENCRYPTED,
            ..sent()
        };
        let nowhere = ServerRedirectionPdu {
            target_net_address: None,
            ..sent()
        };
        let strange = ServerRedirectionPdu {
            target_net_address: Some("host\n@other".to_owned()),
            ..sent()
        };
        let split = ServerRedirectionPdu {
            load_balance_info: Some(b"a\r\nb".to_vec()),
            ..sent()
        };
        let long = ServerRedirectionPdu {
            username: Some("a".repeat(MAX_SIGN_IN_CHARS + 1)),
            ..sent()
        };
        let strange_domain = ServerRedirectionPdu {
            domain: Some("CORP\n".to_owned()),
            ..sent()
        };
        for (sent, why) in [
            (long, Refused::NoAccount),
            (strange_domain, Refused::NoAccount),
            (sealed, Refused::Sealed),
            (nowhere, Refused::Nowhere),
            (strange, Refused::NoAddress),
            (split, Refused::NoText),
        ] {
            assert_eq!(Target::of(sent), Err(why));
        }
    }
}

//! Which of the offered ways to sign in is taken.
//!
//! What can work with the stored credentials comes before what cannot. Then protection decides, best first: TLS with a
//! certificate; RSA-AES that encrypts the session, with 256 bits before 128; anonymous TLS, which an attacker in
//! between could end; RSA-AES for the sign-in alone; nothing. Among equals, an account is used where one is stored:
//! TLSPlain tells account and password to a machine that has proven nothing, so it is taken only if nothing of the
//! above is offered. Apple's own type goes first for Macs, which have nothing better.
//!
//! Inside SSH all is protected already, so what uses the credentials and asks for no decision about keys goes first.

use farwire_model::connection::ProtocolKind;
use farwire_model::session::Start;

/// Whether anonymous TLS is built in.
pub const HAS_ANONYMOUS_TLS: bool = cfg!(feature = "anonymous-tls");

/// How to sign in, in the clear or inside TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignIn {
    /// Not at all.
    None,
    /// A password of eight characters, by challenge and response.
    VncAuth,
    /// Account and password as they are; inside TLS or SSH only.
    Plain,
    /// Account and password under a Diffie-Hellman secret, as Macs have it.
    Apple,
    /// Account and password under a secret of 64 bits, as UltraVNC has it.
    MsLogon,
    /// By RSA keys, then under AES.
    Rsa(Rsa),
}

/// The kinds of RSA-AES.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rsa {
    /// 256-bit keys and SHA-256 instead of 128 and SHA-1.
    pub is_256: bool,
    /// Whether the session stays encrypted after the sign-in.
    pub covers_session: bool,
}

/// What is around a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cover {
    /// Nothing.
    Clear,
    /// TLS in which the machine proves nothing.
    Anonymous,
    /// TLS in which the machine shows a certificate.
    Certificate,
}

/// A way to sign in, or where one is agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// This sign-in, inside this.
    In(Cover, SignIn),
    /// TLS, most likely; its kinds are listed once it was chosen.
    VeNCrypt,
    /// No TLS; its list comes once it was chosen, too.
    Tight,
}

/// When TLS is chosen where it is offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Or a key, or nothing: a person accepted the machine's identity, which has this fingerprint. Whoever could take
    /// TLS out of the list of types would otherwise be told the password, and never have to show the certificate.
    Must(String),
    /// First of all.
    First,
    /// If there is nothing else: the link is protected already, or the server's TLS turned out to be none of ours.
    Last,
}

/// What is stored to sign in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// Nothing that would do.
    Nothing,
    /// A password.
    Password,
    /// An account and its password.
    Account,
}

/// What the choice depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// What there is to sign in with.
    pub stored: Stored,
    /// Whether it is a Mac.
    pub is_apple: bool,
    /// Whether SSH carries the link.
    pub is_inside_ssh: bool,
    /// When TLS is chosen.
    pub tls: Tls,
}

impl Wish {
    /// Reads the run's endpoint and credentials.
    pub fn of(start: &Start, tls: Tls) -> Self {
        let credentials = &start.credentials;
        let password = credentials.password.as_ref();
        let has_password = password.is_some_and(|password| !password.is_empty());
        Self {
            stored: match (&credentials.username, has_password) {
                (_, false) => Stored::Nothing,
                (None, true) => Stored::Password,
                (Some(_), true) => Stored::Account,
            },
            is_apple: start.endpoint.protocol == ProtocolKind::Apple,
            is_inside_ssh: start.endpoint.via.is_some(),
            tls,
        }
    }

    /// The best of the ways, with what it is listed as; `None` when none may be taken.
    pub fn best<N>(&self, ways: impl Iterator<Item = (N, Way)>) -> Option<(N, Way)> {
        ways.filter(|(_, way)| self.allows(*way))
            .min_by_key(|(_, way)| {
                let (protection, fit) = (self.protection(*way), self.fit(*way));
                let order = match self.is_inside_ssh {
                    true => [fit, protection],
                    false => [protection, fit],
                };
                (!self.can_work(*way), order)
            })
    }

    fn allows(&self, way: Way) -> bool {
        match way {
            Way::In(Cover::Certificate, _) | Way::VeNCrypt => true,
            // The key is the identity, and it is checked before anything is said.
            Way::In(Cover::Clear, SignIn::Rsa(_)) => true,
            _ if matches!(self.tls, Tls::Must(_)) => false,
            Way::In(Cover::Anonymous, _) => HAS_ANONYMOUS_TLS,
            Way::In(Cover::Clear, SignIn::Plain) => self.is_inside_ssh,
            Way::In(Cover::Clear, _) | Way::Tight => true,
        }
    }

    fn can_work(&self, way: Way) -> bool {
        match (way, self.stored) {
            (_, Stored::Account) | (Way::Tight, _) => true,
            (Way::VeNCrypt, _) => self.tls != Tls::Last,
            (Way::In(_, sign_in), stored) => match sign_in {
                SignIn::None => true,
                SignIn::VncAuth | SignIn::Rsa(_) => stored == Stored::Password,
                SignIn::Plain | SignIn::Apple | SignIn::MsLogon => false,
            },
        }
    }

    /// Less is better: what protects more, or inside SSH what asks for less.
    fn protection(&self, way: Way) -> u8 {
        if self.is_inside_ssh {
            return match way {
                Way::In(Cover::Clear, SignIn::Rsa(_)) => 4,
                Way::In(Cover::Clear, _) => 0,
                Way::In(Cover::Anonymous, _) => 1,
                Way::Tight => 2,
                Way::VeNCrypt => 3,
                Way::In(Cover::Certificate, _) => 5,
            };
        }
        match way {
            Way::In(Cover::Clear, SignIn::Apple) if self.is_apple => 0,
            Way::VeNCrypt if self.tls == Tls::Last => 10,
            Way::VeNCrypt => 1,
            Way::In(Cover::Certificate, _) => 2,
            Way::In(Cover::Clear, SignIn::Rsa(rsa)) => match (rsa.covers_session, rsa.is_256) {
                (true, true) => 3,
                (true, false) => 4,
                (false, true) => 6,
                (false, false) => 7,
            },
            Way::In(Cover::Anonymous, _) => 5,
            Way::In(Cover::Clear, _) => 8,
            Way::Tight => 9,
        }
    }

    /// Less is better: what uses most of what is stored.
    fn fit(&self, way: Way) -> u8 {
        let sign_in = match way {
            Way::In(_, sign_in) => sign_in,
            // It may hold what fits, and whatever it holds can be taken.
            Way::VeNCrypt if self.stored == Stored::Account && HAS_ANONYMOUS_TLS => return 0,
            Way::VeNCrypt | Way::Tight => return 2,
        };
        match (self.stored, sign_in) {
            (Stored::Account, SignIn::Plain | SignIn::Apple | SignIn::Rsa(_)) => 0,
            (Stored::Account, SignIn::MsLogon) => 1,
            (Stored::Account, SignIn::VncAuth) => 2,
            (Stored::Account, SignIn::None) => 3,
            (Stored::Password, SignIn::VncAuth | SignIn::Rsa(_)) => 0,
            (Stored::Password, SignIn::None) => 1,
            (Stored::Password, SignIn::Plain | SignIn::Apple | SignIn::MsLogon) => 3,
            (Stored::Nothing, SignIn::None) => 0,
            (Stored::Nothing, SignIn::VncAuth) => 1,
            (Stored::Nothing, _) => 3,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handshake::security::TYPES;

    fn wish(stored: Stored, tls: Tls) -> Wish {
        Wish {
            stored,
            is_apple: false,
            is_inside_ssh: false,
            tls,
        }
    }

    fn chosen(wish: &Wish, offered: &[u8]) -> Option<u8> {
        let known = TYPES.into_iter();
        let best = wish.best(known.filter(|(number, _)| offered.contains(number)));
        best.map(|(number, _)| number)
    }

    #[test]
    fn protection_comes_first_among_what_can_work() {
        use Stored::{Account, Nothing, Password};
        let all = &[1, 2, 5, 6, 16, 19, 30, 113, 129, 130][..];
        let no_tls = &[1, 2, 5, 6, 16, 30, 113, 129, 130][..];
        for (offered, stored, expected) in [
            (all, Account, Some(19)),
            (all, Nothing, Some(19)),
            (no_tls, Account, Some(129)),
            (no_tls, Password, Some(129)),
            (no_tls, Nothing, Some(1)),
            (&[5, 6, 130], Password, Some(5)),
            (&[2, 6, 130], Password, Some(130)),
            (&[2, 6], Account, Some(6)),
            (&[1, 2, 30, 113], Account, Some(30)),
            (&[1, 2, 113], Account, Some(113)),
            (&[1, 2, 16], Account, Some(2)),
            (&[1, 2, 30, 113], Password, Some(2)),
            (&[1, 30, 113], Password, Some(1)),
            (&[1, 2], Nothing, Some(1)),
            (&[2, 16], Password, Some(2)),
            (&[16], Password, Some(16)),
            (&[30], Password, Some(30)),
            (&[2], Nothing, Some(2)),
            (&[17, 33, 200], Account, None),
        ] {
            let found = chosen(&wish(stored, Tls::First), offered);
            assert_eq!(found, expected, "{offered:?} {stored:?}");
        }
    }

    #[test]
    fn an_accepted_identity_must_be_shown_again() {
        let must = wish(Stored::Account, Tls::Must("SHA256:known".to_owned()));
        for (offered, expected) in [
            (&[1, 2, 16, 30, 113][..], None),
            (&[1, 2, 19], Some(19)),
            // Its key is checked against what was accepted.
            (&[1, 2, 129], Some(129)),
        ] {
            assert_eq!(chosen(&must, offered), expected, "{offered:?}");
        }
        let anonymous = [(1, Way::In(Cover::Anonymous, SignIn::None))];
        assert_eq!(must.best(anonymous.into_iter()), None);
    }

    #[test]
    fn macs_are_signed_in_to_by_account() {
        let mac = Wish {
            is_apple: true,
            ..wish(Stored::Account, Tls::First)
        };
        assert_eq!(chosen(&mac, &[30, 33, 36, 35, 2]), Some(30));
        assert_eq!(chosen(&mac, &[19, 30]), Some(30));
        let without_account = Wish {
            stored: Stored::Password,
            ..mac
        };
        assert_eq!(chosen(&without_account, &[30, 33, 36, 35, 2]), Some(2));
    }

    #[test]
    fn inside_ssh_what_asks_for_no_decision_goes_first() {
        for (offered, stored, expected) in [
            (&[1, 2, 19][..], Stored::Password, Some(2)),
            (&[1, 2, 19, 129], Stored::Nothing, Some(1)),
            (&[19], Stored::Nothing, Some(19)),
            (&[2, 30], Stored::Account, Some(30)),
        ] {
            let inside = Wish {
                is_inside_ssh: true,
                ..wish(stored, Tls::Last)
            };
            assert_eq!(chosen(&inside, offered), expected, "{offered:?} {stored:?}");
        }
    }
}

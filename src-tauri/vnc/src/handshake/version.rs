//! Agreement on the protocol's version (RFC 6143, section 7.1.1).

use super::Link;
use farwire_model::error::Stage;
use farwire_model::session::{FailureKind, SessionError};

/// The versions that differ on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// The server alone decides on security.
    V3_3,
    /// We choose from the server's list.
    V3_7,
    /// Refusals carry a reason.
    V3_8,
}

/// What a greeting says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Greeting {
    /// A server, to be answered in this version.
    Server(Version),
    /// UltraVNC's repeater, which asks for the machine it shall connect to and is no server itself.
    Repeater,
}

impl Version {
    /// What to answer to a greeting; `None` when it is no RFB greeting.
    fn answer_to(greeting: &[u8; 12]) -> Option<Greeting> {
        let text = std::str::from_utf8(greeting).ok()?;
        let (major, minor) = text
            .strip_prefix("RFB ")?
            .strip_suffix('\n')?
            .split_once('.')?;
        let number = |digits: &str| match digits.bytes().all(|digit| digit.is_ascii_digit()) {
            true => digits.parse::<u16>().ok(),
            false => None,
        };
        let (major, minor) = (number(major)?, number(minor)?);
        Some(Greeting::Server(match (major, minor) {
            (0, 0) => return Some(Greeting::Repeater),
            // Screen Sharing of macOS calls its 3.8 "3.889"; servers that speak of 4 and 5 accept 3.8.
            (3, 8 | 889) | (4.., _) => Self::V3_8,
            (3, 7) => Self::V3_7,
            // Whatever else was ever announced, such as 3.5, behaves like 3.3.
            _ => Self::V3_3,
        }))
    }

    fn greeting(self) -> &'static [u8; 12] {
        match self {
            Self::V3_3 => b"RFB 003.003\n",
            Self::V3_7 => b"RFB 003.007\n",
            Self::V3_8 => b"RFB 003.008\n",
        }
    }
}

/// Reads the server's greeting and answers it.
pub async fn agree(link: &mut Link) -> Result<Version, SessionError> {
    let greeting: [u8; 12] = link.read(Stage::Banner).await?;
    let what = match Version::answer_to(&greeting) {
        Some(Greeting::Server(version)) => {
            link.write(Stage::Banner, version.greeting()).await?;
            return Ok(version);
        }
        Some(Greeting::Repeater) => {
            "is an UltraVNC repeater, which passes on connections that name another machine, and that is not \
             supported; connect to the machine itself, or through an SSH connection"
                .to_owned()
        }
        None => {
            let seen = crate::text::shown(&greeting);
            format!("is no VNC server: it begins with \"{seen}\"; check the port")
        }
    };
    Err(link.fail(Stage::Banner, FailureKind::Protocol, &what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_greeting_is_answered_with_a_version_both_know() {
        let server = |version| Some(Greeting::Server(version));
        for (greeting, expected) in [
            (b"RFB 003.003\n", server(Version::V3_3)),
            (b"RFB 003.005\n", server(Version::V3_3)),
            (b"RFB 003.006\n", server(Version::V3_3)),
            (b"RFB 003.007\n", server(Version::V3_7)),
            (b"RFB 003.008\n", server(Version::V3_8)),
            (b"RFB 003.889\n", server(Version::V3_8)),
            (b"RFB 004.000\n", server(Version::V3_8)),
            (b"RFB 004.001\n", server(Version::V3_8)),
            (b"RFB 005.000\n", server(Version::V3_8)),
            (b"RFB 000.000\n", Some(Greeting::Repeater)),
            (b"SSH-2.0-Open", None),
            (b"RFB 003.00x\n", None),
            (b"RFB 003x008\n", None),
            (b"RFB +03.008\n", None),
        ] {
            assert_eq!(Version::answer_to(greeting), expected, "{greeting:?}");
        }
    }
}

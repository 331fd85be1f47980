//! Why a session did not come up, in words, and what to do about it.

use crate::establish::peer;
use crate::link::Stopped;
use crate::options::{Options, Security};
use crate::status::refusal;
use crate::tls;
use farwire_model::error::Stage;
use farwire_model::session::{FailureKind, SessionError, Start};
use ironrdp_connector::{ConnectorError, ConnectorErrorKind};
use ironrdp_pdu::nego::FailureCode;
use std::error::Error;
use std::io;

/// A stage that was not finished.
pub struct Failed {
    /// Which.
    pub stage: Stage,
    /// Why.
    pub stopped: Stopped,
}

/// The failure as a person should read it.
pub fn explain(start: &Start, failed: Failed) -> SessionError {
    let Failed { stage, stopped } = failed;
    let peer = peer(start);
    let error = match stopped {
        Stopped::TimedOut(limit) => {
            let limit = limit.as_secs();
            let message = format!(
                "{peer} did not answer within {limit} s {}; try again",
                during(stage)
            );
            return SessionError::new(stage, FailureKind::Unreachable, message);
        }
        Stopped::Because(error) => error,
    };
    let (kind, what) = match error.kind() {
        ConnectorErrorKind::Negotiation(failure) => negotiation(start, failure.code()),
        ConnectorErrorKind::Credssp(refused) => match refused.nstatus {
            Some(code) => {
                let (why, advice) = refusal(code.0);
                (FailureKind::Refused, format!("refused the sign-in: {why} ({:#010x}); {advice}", code.0))
            }
            None => (
                FailureKind::Refused,
                format!("and Farwire could not agree on the sign-in: {}; check the account and the password", refused.description),
            ),
        },
        ConnectorErrorKind::AccessDenied => {
            let (why, advice) = refusal(0xc000_0022);
            (FailureKind::Refused, format!("took the password, but {why}; {advice}"))
        }
        _ => match (broken(&error), stage) {
            (Some(_), Stage::Auth) => (
                // Servers other than Windows close without a word when the password is wrong.
                FailureKind::Refused,
                "closed the connection during the sign-in; the account or the password is most likely wrong".to_owned(),
            ),
            (Some(why), _) => (
                FailureKind::Unreachable,
                format!("broke off {}: {why}; look into its log", during(stage)),
            ),
            // What it chose was not offered: it has none of it.
            (None, Stage::Banner) => (FailureKind::Protocol, not_agreed(start, &error)),
            (None, _) => (
                FailureKind::Protocol,
                format!("cannot be followed {}: {}; look into its log", during(stage), error.report()),
            ),
        },
    };
    SessionError::new(stage, kind, format!("{peer} {what}"))
}

fn during(stage: Stage) -> &'static str {
    match stage {
        Stage::Banner => "while agreeing on how to protect the session",
        Stage::Auth => "during the sign-in",
        Stage::Channel => "while the session was opened",
        _ => "in between",
    }
}

fn negotiation(start: &Start, code: FailureCode) -> (FailureKind, String) {
    let what = match code {
        FailureCode::HYBRID_REQUIRED_BY_SERVER => {
            "only takes Network Level Authentication, which this connection's settings rule out; set its security to automatic"
                .to_owned()
        }
        FailureCode::SSL_REQUIRED_BY_SERVER | FailureCode::SSL_NOT_ALLOWED_BY_SERVER => not_offered(start),
        FailureCode::SSL_CERT_NOT_ON_SERVER => {
            "has no certificate for TLS; give it one".to_owned()
        }
        FailureCode::SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER => {
            "asks for a certificate of this computer, which Farwire has none of".to_owned()
        }
        FailureCode::ENTRA_AUTH_REQUIRED_BY_SERVER => {
            "only takes sign-ins through Microsoft Entra, which Farwire does not do".to_owned()
        }
        other => format!("refused every protection it was offered (code {})", u32::from(other)),
    };
    (FailureKind::Protocol, what)
}

/// The machine has neither of what was offered.
fn not_offered(start: &Start) -> String {
    let options = Options::of(start);
    match options.security {
        Security::Tls => {
            "has no TLS, only RDP's own old encryption, which protects nothing; switch TLS on there"
                .to_owned()
        }
        Security::Nla => no_nla("this connection's settings demand"),
        Security::Auto if tls::had_nla(start) => no_nla("it had before"),
        Security::Auto => {
            "has neither Network Level Authentication nor TLS; switch one on there".to_owned()
        }
    }
}

fn no_nla(who: &str) -> String {
    format!(
        "has no Network Level Authentication, which {who}; if it was set up like that on purpose, set the connection's security to TLS"
    )
}

fn not_agreed(start: &Start, error: &ConnectorError) -> String {
    match error.kind() {
        ConnectorErrorKind::Reason(_) => not_offered(start),
        _ => format!(
            "does not answer as Remote Desktop does ({}); check the port",
            error.report()
        ),
    }
}

/// What broke the connection, if that is what went wrong.
fn broken(error: &ConnectorError) -> Option<String> {
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(each) = cause {
        if let Some(io) = each.downcast_ref::<io::Error>() {
            return Some(match io.kind() {
                io::ErrorKind::UnexpectedEof => "it closed the connection".to_owned(),
                _ => io.to_string(),
            });
        }
        cause = each.source();
    }
    None
}

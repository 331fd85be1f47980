//! What to do about a server with which we have no way to sign in in common.

use super::Link;
use super::choice::HAS_ANONYMOUS_TLS;
use farwire_model::error::Stage;
use farwire_model::session::{FailureKind, SessionError};

/// The error for a server with which we have no way to sign in in common: what it offers, by name, and what to change.
pub fn unsupported(link: &Link, offered: &[u32]) -> SessionError {
    let names: Vec<_> = offered.iter().copied().map(name).collect();
    let what = format!(
        "offers only ways to sign in that are not supported ({}); {}",
        names.join(", "),
        advice(offered)
    );
    link.fail(Stage::KeyExchange, FailureKind::Protocol, &what)
}

/// What to change on the machine, by what gives away which server it is.
fn advice(offered: &[u32]) -> &'static str {
    let has = |numbers: &[u32]| offered.iter().any(|number| numbers.contains(number));
    if has(&[33, 35, 36]) {
        return "on the Mac, under System Settings, General, Sharing, Screen Sharing or Remote Management, turn on \
                \"VNC viewers may control screen with password\" and store that password here";
    }
    if has(&[17, 112, 114, 115]) {
        return "in UltraVNC's settings, choose a VNC password or MS-Logon II, and no encryption plugin";
    }
    if has(&[13, 133]) {
        return "in the VNC server's options, set Encryption to \"Prefer on\" and Authentication to a VNC password or \
                the system's accounts";
    }
    if has(&[20, 263, 264]) {
        return "turn SASL off in its settings (vnc_sasl = 0 in QEMU's) and allow X509Vnc, X509Plain or a VNC password \
                (VncAuth)";
    }
    if has(&[256]) {
        return "its sign-in would send the password unprotected; allow X509Plain in its settings, or go through an \
                SSH connection";
    }
    if has(&[257, 258, 259]) && !HAS_ANONYMOUS_TLS {
        return "this build has no TLS without a certificate; allow X509Vnc or a VNC password (VncAuth) in its settings";
    }
    if has(&[18]) {
        return "its TLS is older than VeNCrypt; allow a VNC password (VncAuth) in its settings, and go through an SSH \
                connection to protect it";
    }
    "allow TLS with a certificate (X509Vnc) or a VNC password (VncAuth) in its settings"
}

/// A security type's name in the community's registry, VeNCrypt's kinds included.
fn name(number: u32) -> String {
    let known = match number {
        1 => "None",
        2 => "VncAuth",
        5 => "RA2",
        6 => "RA2ne",
        13 => "RA2r",
        16 => "Tight",
        17 => "Ultra",
        18 => "TLS",
        19 => "VeNCrypt",
        20 => "SASL",
        21 => "MD5",
        22 => "XVP",
        30 => "Apple account (DH)",
        33 => "Apple account (RSA)",
        35 => "Apple Kerberos",
        36 => "Apple account (SRP)",
        112 => "MS-Logon I",
        113 => "MS-Logon II",
        114 | 115 => "UltraVNC encryption plugin",
        129 => "RA2_256",
        130 => "RA2ne_256",
        133 => "RA2r_256",
        256 => "Plain",
        257 => "TLSNone",
        258 => "TLSVnc",
        259 => "TLSPlain",
        260 => "X509None",
        261 => "X509Vnc",
        262 => "X509Plain",
        263 => "TLSSASL",
        264 => "X509SASL",
        265 => "Ident",
        266 => "TLSIdent",
        267 => "X509Ident",
        _ => return format!("type {number}"),
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_fits_what_was_offered() {
        for (offered, expected) in [
            (&[33, 36][..], "on the Mac"),
            (&[17, 112], "MS-Logon II"),
            (&[13, 133], "Prefer on"),
            (&[263, 264], "turn SASL off"),
            (&[256], "unprotected"),
            (&[18], "older than VeNCrypt"),
            (&[200], "X509Vnc"),
        ] {
            let advice = advice(offered);
            assert!(advice.contains(expected), "{offered:?}: {advice}");
        }
    }
}

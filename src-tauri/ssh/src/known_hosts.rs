//! OpenSSH's list of known hosts (`sshd(8)`, section SSH_KNOWN_HOSTS FILE FORMAT), read without touching it.

use aws_lc_rs::{digest, hmac};
use base64ct::{Base64, Base64Unpadded, Encoding};

/// A key of a host in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownKey {
    /// Its type, such as `ssh-ed25519`.
    pub algorithm: String,
    /// `SHA256:` and the unpadded base64 of the hash.
    pub fingerprint: String,
}

/// What a list says of one host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// Its keys.
    pub keys: Vec<KnownKey>,
    /// Fingerprints of authorities that may vouch for it.
    pub authorities: Vec<String>,
    /// Fingerprints of keys and authorities that must not be accepted from it.
    pub revoked: Vec<String>,
}

impl Lines {
    /// Whether the host may show this key.
    pub fn has(&self, fingerprint: &str) -> bool {
        self.keys.iter().any(|key| key.fingerprint == fingerprint)
    }

    /// The fingerprint of the key it should have shown, one of the same type if there is one.
    pub fn instead_of(&self, algorithm: &str) -> Option<String> {
        let same = self.keys.iter().find(|key| key.algorithm == algorithm);
        same.or(self.keys.first())
            .map(|key| key.fingerprint.clone())
    }
}

/// Looks a host up. Lines that cannot be read are passed over, as OpenSSH does.
///
/// On another port than 22 a host stands as `[host]:port`: what another server on the same machine shows says nothing of it.
pub fn lookup(text: &str, host: &str, port: u16) -> Lines {
    let host = host.to_lowercase();
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(&host);
    if port == 22 {
        return lines_of(text, bare);
    }
    lines_of(text, &format!("[{bare}]:{port}"))
}

fn lines_of(text: &str, name: &str) -> Lines {
    let mut found = Lines::default();
    for line in text.lines() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut words = line.split_ascii_whitespace();
        let Some(first) = words.next() else { continue };
        let (marker, hosts) = match first.strip_prefix('@') {
            Some(marker) => match words.next() {
                Some(hosts) => (marker, hosts),
                None => continue,
            },
            None => ("", first),
        };
        let (Some(algorithm), Some(key)) = (words.next(), words.next()) else {
            continue;
        };
        if !is_for(hosts, name) {
            continue;
        }
        let Some(fingerprint) = fingerprint(algorithm, key) else {
            continue;
        };
        match marker {
            "" => found.keys.push(KnownKey {
                algorithm: algorithm.to_owned(),
                fingerprint,
            }),
            "cert-authority" => found.authorities.push(fingerprint),
            "revoked" => found.revoked.push(fingerprint),
            // A marker that is not known yet may say anything.
            _ => {}
        }
    }
    found
        .keys
        .retain(|key| !found.revoked.contains(&key.fingerprint));
    found
}

/// Whether a line's list of hosts has this one: by hash, or by patterns, of which one with `!` excludes.
fn is_for(hosts: &str, name: &str) -> bool {
    if hosts.starts_with("|1|") {
        return is_hash_of(hosts, name).unwrap_or(false);
    }
    let mut is_found = false;
    for pattern in hosts.split(',') {
        let (is_excluding, pattern) = match pattern.strip_prefix('!') {
            Some(pattern) => (true, pattern),
            None => (false, pattern),
        };
        if matches(pattern.to_lowercase().as_bytes(), name.as_bytes()) {
            if is_excluding {
                return false;
            }
            is_found = true;
        }
    }
    is_found
}

/// `|1|salt|hash`: HMAC-SHA1 of the name under the salt.
fn is_hash_of(hosts: &str, name: &str) -> Option<bool> {
    let (salt, hash) = hosts.strip_prefix("|1|")?.split_once('|')?;
    let salt = Base64::decode_vec(salt).ok()?;
    let hash = Base64::decode_vec(hash).ok()?;
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &salt);
    Some(hmac::verify(&key, name.as_bytes(), &hash).is_ok())
}

/// Matches `*` and `?`. Each star is tried from left to right only, so that no pattern takes longer than text times pattern.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut from) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(byte) = text.get(from) {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(wanted) if *wanted == b'?' || wanted == byte => {
                at += 1;
                from += 1;
            }
            _ => match &mut star {
                Some((place, begin)) => {
                    *begin += 1;
                    at = *place + 1;
                    from = *begin;
                }
                None => return false,
            },
        }
    }
    pattern
        .get(at..)
        .unwrap_or_default()
        .iter()
        .all(|byte| *byte == b'*')
}

/// The fingerprint of a key; `None` for what is none.
fn fingerprint(algorithm: &str, key: &str) -> Option<String> {
    let blob = Base64::decode_vec(key).ok()?;
    // The key names its own type first (RFC 4253, section 6.6).
    let (length, rest) = blob.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    if rest.get(..length)? != algorithm.as_bytes() {
        return None;
    }
    let hash = digest::digest(&digest::SHA256, &blob);
    let hash = Base64Unpadded::encode_string(hash.as_ref());
    Some(format!("SHA256:{hash}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    const KEY: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
    const FINGERPRINT: &str = "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU";

    fn check(line: &str, host: &str, port: u16, expected: bool) {
        let found = lookup(&format!("{line} ssh-ed25519 {KEY} a comment"), host, port);
        let keys: Vec<_> = found
            .keys
            .iter()
            .map(|key| key.fingerprint.as_str())
            .collect();
        let expected: &[&str] = if expected { &[FINGERPRINT] } else { &[] };
        assert_eq!(keys, expected, "{line} for {host}:{port}");
    }

    #[test]
    fn hosts_match_as_openssh_matches_them() {
        for (line, host, port, expected) in [
            ("server.example", "server.example", 22, true),
            ("server.example", "SERVER.example", 22, true),
            ("server.example", "server.example", 2222, false),
            ("[server.example]:2222", "server.example", 2222, true),
            ("[server.example]:2222", "server.example", 22, false),
            ("a,server.example,b", "server.example", 22, true),
            ("*.example", "server.example", 22, true),
            ("*.example", "example", 22, false),
            ("serve?.example", "server.example", 22, true),
            ("*.example,!server.example", "server.example", 22, false),
            ("!server.example,*.example", "other.example", 22, true),
            ("!server.example", "other.example", 22, false),
            ("*", "anything", 22, true),
            ("10.0.0.?", "10.0.0.12", 22, false),
            ("#server.example", "server.example", 22, false),
            ("2001:db8::1", "[2001:db8::1]", 22, true),
            ("|1|bad|hash", "server.example", 22, false),
        ] {
            check(line, host, port, expected);
        }
        check("  server.example\t", "server.example", 22, true);
    }

    #[test]
    fn markers_say_what_a_key_is() {
        let text = format!(
            "@cert-authority *.example ssh-ed25519 {KEY}\n@revoked other ssh-ed25519 {KEY}\nother ssh-ed25519 {KEY}\n\
             @new-marker third ssh-ed25519 {KEY}\nbroken ssh-ed25519 AAAA\nbroken ssh-rsa {KEY}\nshort\n@revoked\n"
        );
        let vouched = lookup(&text, "a.example", 22);
        assert_eq!(
            (vouched.authorities, vouched.keys.len()),
            (vec![FINGERPRINT.to_owned()], 0)
        );
        let revoked = lookup(&text, "other", 22);
        assert_eq!(
            (revoked.revoked, revoked.keys.len()),
            (vec![FINGERPRINT.to_owned()], 0)
        );
        assert_eq!(lookup(&text, "third", 22), Lines::default());
        assert_eq!(lookup(&text, "broken", 22), Lines::default());
    }

    #[test]
    fn names_that_ssh_keygen_hashed_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("known_hosts");
        let text =
            format!("plain.example ssh-ed25519 {KEY}\n[plain.example]:2222 ssh-ed25519 {KEY}\n");
        std::fs::write(&path, text).unwrap();
        let hashed = Command::new("ssh-keygen")
            .args(["-H", "-f"])
            .arg(&path)
            .output();
        if hashed.is_err() && std::env::var_os("CI").is_none() {
            eprintln!("SKIPPED: ssh-keygen is not installed");
            return;
        }
        assert!(hashed.unwrap().status.success());
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("|1|") && !text.contains("plain"), "{text}");
        for (host, port, expected) in [
            ("plain.example", 22, 1),
            ("plain.example", 2222, 1),
            ("plain.example", 2223, 0),
            ("other.example", 22, 0),
        ] {
            assert_eq!(
                lookup(&text, host, port).keys.len(),
                expected,
                "{host}:{port}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn no_list_makes_the_lookup_panic(text in "(?s).{0,400}", host in "[a-z.*?\\[\\]:]{0,20}") {
            lookup(&text, &host, 22);
            lookup(&text, &host, 2022);
        }
    }
}

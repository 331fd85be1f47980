//! Reading an archive.

use super::MAX_WORK_FACTOR;
use super::error::ArchiveError;
use super::line::{Carried, CarriedShared, FORMAT, Line, VERSION};
use age::secrecy::SecretString;
use age::{DecryptError, Decryptor};
use farwire_model::connection::Connection;
use farwire_model::group::Group;
use farwire_model::ids::{ConnectionId, CredentialId};
use farwire_model::secret::Secret;
use farwire_model::settings::Settings;
use farwire_model::trust::TrustDecision;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::iter;
use std::path::Path;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Longest line: the credentials of one connection with every value at its limit, escaped.
const MAX_LINE_BYTES: u64 = 4 * 1024 * 1024;

/// Most bytes of an archive that are held in memory: some 500,000 connections.
const MAX_ARCHIVE_BYTES: u64 = 512 * 1024 * 1024;

/// What is in an archive, its secrets open. They are wiped when it is dropped.
#[derive(Default)]
pub struct Archive {
    pub(super) groups: Vec<Arc<Group>>,
    pub(super) connections: Vec<Arc<Connection>>,
    pub(super) credentials: Vec<Carried>,
    pub(super) shared: Vec<CarriedShared>,
    pub(super) trust: Vec<Arc<TrustDecision>>,
    pub(super) settings: Option<Arc<Settings>>,
}

/// Reads an archive whole. Blocks, for seconds: the passphrase is meant to be slow to guess.
///
/// # Errors
/// `File`; `NoArchive` when it is none, is cut off or changed; `WrongPassphrase`; `Newer`.
pub fn read_archive(path: &Path, passphrase: &Secret) -> Result<Archive, ArchiveError> {
    let file = File::open(path).map_err(ArchiveError::file("read the archive", path))?;
    let refused = |error| match error {
        DecryptError::DecryptionFailed
        | DecryptError::KeyDecryptionFailed
        | DecryptError::NoMatchingKeys => ArchiveError::WrongPassphrase {
            path: path.to_owned(),
        },
        DecryptError::ExcessiveWork { .. } => {
            ArchiveError::no_archive(path, "it takes too much memory to open")
        }
        DecryptError::Io(error) => ArchiveError::no_archive(path, error.to_string()),
        _ => ArchiveError::no_archive(path, "it is not encrypted by a passphrase as age does it"),
    };
    let decryptor = Decryptor::new_buffered(BufReader::new(file)).map_err(refused)?;
    let mut identity = age::scrypt::Identity::new(SecretString::from(passphrase.expose()));
    identity.set_max_work_factor(MAX_WORK_FACTOR);
    let identities = iter::once(&identity as &dyn age::Identity);
    let plain = decryptor.decrypt(identities).map_err(refused)?;
    read_lines(path, &mut BufReader::new(plain.take(MAX_ARCHIVE_BYTES)))
}

fn read_lines(path: &Path, from: &mut dyn BufRead) -> Result<Archive, ArchiveError> {
    let mut archive = Archive::default();
    let mut text = Zeroizing::new(Vec::new());
    let mut has_header = false;
    for number in 0_u64.. {
        text.clear();
        (&mut *from)
            .take(MAX_LINE_BYTES)
            .read_until(b'\n', &mut text)
            .map_err(|error| ArchiveError::no_archive(path, error.to_string()))?;
        // The parser's own message could quote what is in the line.
        let line = serde_json::from_slice(&text).map_err(|error| {
            let reason = format!(
                "line {} is wrong near column {}",
                number + 1,
                error.column()
            );
            ArchiveError::no_archive(path, reason)
        })?;
        match line {
            Line::Header {
                format, version, ..
            } if number == 0 && format == FORMAT => {
                if version > VERSION {
                    return Err(ArchiveError::Newer {
                        path: path.to_owned(),
                        found: version,
                        known: VERSION,
                    });
                }
                has_header = true;
            }
            _ if !has_header => break,
            Line::Header { .. } => break,
            Line::Group(group) => archive.groups.push(group),
            Line::Connection(connection) => archive.connections.push(connection),
            // The two lie in one tree of the store and are told apart by this: none may pass for the other.
            Line::Credentials(carried) if !is_of(&carried.connection, ConnectionId::PREFIX) => {
                break;
            }
            Line::SharedCredential(carried) if !is_of(&carried.id, CredentialId::PREFIX) => break,
            Line::Credentials(carried) => archive.credentials.push(carried),
            Line::SharedCredential(carried) => archive.shared.push(carried),
            Line::Trust(trust) => archive.trust.push(trust),
            Line::Settings(settings) => archive.settings = Some(settings),
            Line::End { records } if records + 1 == number => return Ok(archive),
            Line::End { .. } => break,
        }
    }
    Err(ArchiveError::no_archive(
        path,
        "its lines are not those of an archive",
    ))
}

fn is_of(id: &impl ToString, prefix: &str) -> bool {
    id.to_string().starts_with(prefix)
}

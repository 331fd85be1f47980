//! Writing everything saved into an archive.

use super::WORK_FACTOR;
use super::error::ArchiveError;
use super::line::{Carried, CarriedSecret, CarriedShared, Exposed, FORMAT, Line, VERSION};
use crate::Core;
use crate::credentials::StoredCredentials;
use crate::error::CoreError;
use crate::private_file::write_private;
use crate::random;
use crate::saved::Saved;
use crate::sealed::open_each;
use crate::shared_credentials::SharedCredential;
use crate::vault::{Vault, VaultError};
use age::secrecy::SecretString;
use farwire_model::secret::Secret;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::iter;
use std::path::PathBuf;
use std::sync::Arc;
use zeroize::Zeroizing;

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// How many things.
    pub records: u64,
    /// How many secrets among them.
    pub secrets: u64,
    /// How many secrets could not be opened, and were left out.
    pub unreadable: u64,
}

impl Core {
    /// Writes everything saved, secrets included, into a new file that only its owner may read and the passphrase opens.
    ///
    /// # Errors
    /// `Exists`; `File`; a locked vault.
    pub async fn export_archive(
        &self,
        path: PathBuf,
        passphrase: Secret,
    ) -> Result<Exported, ArchiveError> {
        let (saved, vault) = (Arc::clone(&self.saved), Arc::clone(&self.vault));
        let writing = move || {
            if path.exists() {
                return Err(ArchiveError::Exists { path });
            }
            let mut exported = Exported::default();
            let lines = collect(&saved, &vault, &mut exported)?;
            write_private(&path, |file| encrypt(file, &lines, &passphrase))
                .map_err(ArchiveError::file("write the archive", &path))?;
            Ok(exported)
        };
        tokio::task::spawn_blocking(writing)
            .await
            .map_err(|error| CoreError::Internal {
                attempt: "exporting",
                message: error.to_string(),
            })?
    }
}

/// Everything as it is at one moment. Secrets are open from here until the lines are dropped, which wipes them.
fn collect(saved: &Saved, vault: &Vault, exported: &mut Exported) -> Result<Vec<Line>, CoreError> {
    let all = saved.read();
    let mut lines = vec![Line::Header {
        format: FORMAT.to_owned(),
        version: VERSION,
        app: env!("CARGO_PKG_VERSION").to_owned(),
        created: random::now(),
    }];
    lines.extend(all.groups.values().cloned().map(Line::Group));
    lines.extend(all.connections.values().cloned().map(Line::Connection));
    for stored in all.credentials.values() {
        lines.push(Line::Credentials(carry(stored, vault, exported)?));
    }
    for shared in all.shared.values() {
        lines.push(Line::SharedCredential(carry_shared(
            shared, vault, exported,
        )?));
    }
    lines.extend(all.trust.values().cloned().map(Line::Trust));
    lines.extend(all.settings.values().cloned().map(Line::Settings));
    exported.records = lines.len().saturating_sub(1) as u64;
    lines.push(Line::End {
        records: exported.records,
    });
    Ok(lines)
}

fn carry(
    stored: &StoredCredentials,
    vault: &Vault,
    exported: &mut Exported,
) -> Result<Carried, VaultError> {
    let mut carried = Carried {
        connection: stored.connection.clone(),
        plain: stored.plain.clone(),
        secrets: Default::default(),
    };
    exported.unreadable += open_each(stored, vault, |key, secret| {
        if let Some(sealed) = stored.sealed.get(key) {
            let endpoint = sealed.endpoint.clone();
            let secret = CarriedSecret { endpoint, secret };
            carried.secrets.insert(key.to_owned(), secret);
        }
    })?;
    exported.secrets += carried.secrets.len() as u64;
    Ok(carried)
}

fn carry_shared(
    shared: &SharedCredential,
    vault: &Vault,
    exported: &mut Exported,
) -> Result<CarriedShared, VaultError> {
    let mut carried = CarriedShared {
        id: shared.id.clone(),
        name: shared.name.clone(),
        plain: shared.plain.clone(),
        secrets: Default::default(),
    };
    exported.unreadable += open_each(shared, vault, |key, secret| {
        carried.secrets.insert(key.to_owned(), Exposed(secret));
    })?;
    exported.secrets += carried.secrets.len() as u64;
    Ok(carried)
}

fn encrypt(file: &mut File, lines: &[Line], passphrase: &Secret) -> io::Result<()> {
    let mut recipient = age::scrypt::Recipient::new(SecretString::from(passphrase.expose()));
    recipient.set_work_factor(WORK_FACTOR);
    let recipients = iter::once(&recipient as &dyn age::Recipient);
    let encryptor = age::Encryptor::with_recipients(recipients).map_err(io::Error::other)?;
    let mut writer = encryptor.wrap_output(BufWriter::new(file))?;
    for line in lines {
        let mut text = Zeroizing::new(Vec::new());
        serde_json::to_writer(&mut *text, line)?;
        text.push(b'\n');
        writer.write_all(&text)?;
    }
    writer.finish()?.flush()
}

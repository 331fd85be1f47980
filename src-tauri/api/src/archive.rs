//! What the owner's command line does with archives, in the running program or alone.

use crate::control::Told;
use farwire_core::Core;
use farwire_core::archive::{Imported, SameId, read_archive};
use farwire_core::origin::Origin;
use farwire_core::vault::read_passphrase_file;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `farwired export`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Export {
    /// The new file.
    pub out: PathBuf,
    /// The file with the archive's passphrase.
    pub passphrase_file: PathBuf,
}

/// `farwired import`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Import {
    /// The archive.
    pub file: PathBuf,
    /// The file with its passphrase.
    pub passphrase_file: PathBuf,
    /// Only shows what it would do.
    pub is_preview: bool,
    /// Things whose identifier is taken are replaced; without it they stay.
    pub replaces: bool,
}

impl Export {
    /// Writes the archive.
    pub async fn run(self, core: &Core) -> Told {
        match self.export(core).await {
            Ok(text) => Told::Text { text },
            Err(message) => Told::Error { message },
        }
    }

    async fn export(self, core: &Core) -> Result<String, String> {
        let passphrase =
            read_passphrase_file(&self.passphrase_file).map_err(|error| error.to_string())?;
        let exported = core
            .export_archive(self.out.clone(), passphrase)
            .await
            .map_err(|error| error.to_string())?;
        let left_out = match exported.unreadable {
            0 => String::new(),
            count => format!("; {count} secrets cannot be opened and were left out"),
        };
        Ok(format!(
            "{}: {} things, {} secrets among them{left_out}",
            self.out.display(),
            exported.records,
            exported.secrets
        ))
    }
}

impl Import {
    /// Takes over what is in the archive, or shows what that would be.
    pub async fn run(self, core: &Core) -> Told {
        let is_preview = self.is_preview;
        match self.import(core).await {
            Ok(imported) => Told::Text {
                text: match is_preview {
                    true => format!("This would be imported; nothing was changed.\n{imported}"),
                    false => format!("This was imported.\n{imported}"),
                },
            },
            Err(message) => Told::Error { message },
        }
    }

    async fn import(self, core: &Core) -> Result<Imported, String> {
        let passphrase =
            read_passphrase_file(&self.passphrase_file).map_err(|error| error.to_string())?;
        let reading = tokio::task::spawn_blocking(move || read_archive(&self.file, &passphrase));
        let archive = reading
            .await
            .map_err(|error| error.to_string())?
            .map_err(|error| error.to_string())?;
        let same_id = match self.replaces {
            true => SameId::Replace,
            false => SameId::Skip,
        };
        if self.is_preview {
            return Ok(core.preview_import(&archive, same_id));
        }
        core.import_archive(&Origin::terminal(), archive, same_id)
            .await
            .map_err(|error| error.to_string())
    }
}

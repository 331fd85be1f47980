//! Transfers as they lie on the disk, one file each: JSON, and below it the checksum that tells damage.

use crate::store::stamped_name;
use farwire_model::transfer_view::TransferView;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Where the transfers of a data folder are.
pub(super) fn folder(data_dir: &Path) -> PathBuf {
    data_dir.join("transfers")
}

/// A transfer as it is written.
pub(super) fn written(view: &TransferView) -> io::Result<Vec<u8>> {
    let mut text = serde_json::to_vec(view)?;
    let checksum = format!("\n{:08x}\n", crc32fast::hash(&text));
    text.extend_from_slice(checksum.as_bytes());
    Ok(text)
}

/// Reads what [`written`] made; `None` when it is not that any more.
fn read(bytes: &[u8]) -> Option<TransferView> {
    let view = serde_json::Deserializer::from_slice(bytes)
        .into_iter()
        .next()?
        .ok()?;
    (written(&view).ok()? == bytes).then_some(view)
}

/// Every transfer an earlier run of the program left, and what to tell people of those that are damaged: they are kept in
/// the data folder under another name.
pub(super) fn read_all(data_dir: &Path) -> (Vec<TransferView>, Option<String>) {
    let (mut whole, mut damaged) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder(data_dir))
        .into_iter()
        .flatten()
        .flatten()
    {
        let path = entry.path();
        if path.extension().is_none_or(|end| end != "json") {
            continue;
        }
        match fs::read(&path).ok().and_then(|bytes| read(&bytes)) {
            Some(view) => whole.push(view),
            None => damaged.push(path),
        }
    }
    let told = (!damaged.is_empty()).then(|| {
        let kept = damaged.iter().map(|path| set_aside(path, data_dir));
        let kept: Vec<String> = kept.collect();
        format!(
            "{} damaged transfers are not shown any more: what was copied stays, start them anew. They are kept as {}.",
            kept.len(),
            kept.join(", ")
        )
    });
    (whole, told)
}

/// Moves a damaged file out of the way; returns its name then.
fn set_aside(path: &Path, data_dir: &Path) -> String {
    let aside = stamped_name(
        &data_dir.join("transfer.damaged-"),
        ".json",
        SystemTime::now(),
    );
    match fs::rename(path, &aside) {
        Ok(()) => aside,
        Err(error) => {
            tracing::warn!(%error, "a damaged transfer stays where it is");
            path.to_owned()
        }
    }
    .display()
    .to_string()
}

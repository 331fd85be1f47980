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
    let checksum = checksum_line(&text);
    text.extend_from_slice(checksum.as_bytes());
    text.push(b'\n');
    Ok(text)
}

/// Reads what [`written`] made, of any version; `None` when it is damaged.
fn read(bytes: &[u8]) -> Option<TransferView> {
    if !bytes.contains(&b'\n') {
        // An earlier version wrote no checksum.
        return serde_json::from_slice(bytes).ok();
    }
    let lines = bytes.strip_suffix(b"\n")?;
    let at = lines.iter().rposition(|byte| *byte == b'\n')?;
    let (text, checksum) = (lines.get(..at)?, lines.get(at..)?);
    (checksum == checksum_line(text).as_bytes())
        .then(|| serde_json::from_slice(text).ok())
        .flatten()
}

fn checksum_line(text: &[u8]) -> String {
    format!("\n{:08x}", crc32fast::hash(text))
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

//! JSON lines out and in: a header, one line a record, a footer with a checksum over everything before it.

use super::batch::{Batch, Tree};
use super::error::StoreError;
use super::schema;
use super::snapshot::Snapshot;
use base64ct::{Base64, Encoding};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, Read, Seek, SeekFrom, Write};

const FORMAT: &str = "farwire-store";
const FORMAT_VERSION: u32 = 1;

/// Longest line of an export: the longest value in base64, its key escaped, and the field names.
const MAX_LINE_BYTES: u64 = 512 * 1024;

/// Most bytes an import holds in memory at once: some 500,000 connections.
const MAX_EXPORT_BYTES: u64 = 512 * 1024 * 1024;

/// Two numbers of at most 20 digits and their names fit twice.
const MAX_FOOTER_BYTES: u64 = 128;

#[derive(Serialize, Deserialize)]
struct Header {
    format: String,
    version: u32,
    schema: u32,
    app: String,
    store: String,
    sequence: u64,
}

/// A value is written as itself where it is JSON on one line, else in base64. Either way its bytes come back exactly.
#[derive(Serialize, Deserialize)]
struct Line<'a> {
    tree: Cow<'a, str>,
    key: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    json: Option<&'a RawValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Footer {
    records: u64,
    crc32: u32,
}

/// Writes a snapshot; returns how many records.
pub(super) fn write(to: &mut dyn Write, snapshot: &Snapshot) -> Result<u64, StoreError> {
    let mut lines = Lines {
        to,
        crc: crc32fast::Hasher::new(),
    };
    lines.write(&Header {
        format: FORMAT.to_owned(),
        version: FORMAT_VERSION,
        schema: snapshot.schema,
        app: schema::APP_VERSION.to_owned(),
        store: snapshot.uuid.clone(),
        sequence: snapshot.sequence,
    })?;
    let mut count = 0_u64;
    for (tree, key, value) in &snapshot.records {
        let json = one_line_json(value);
        lines.write(&Line {
            tree: tree.name().into(),
            key: key.into(),
            json,
            base64: json.is_none().then(|| Base64::encode_string(value)),
        })?;
        count = count.saturating_add(1);
    }
    let crc32 = lines.crc.clone().finalize();
    lines.write(&Footer {
        records: count,
        crc32,
    })?;
    lines.to.flush().map_err(StoreError::failed("exporting"))?;
    Ok(count)
}

/// Reads an export whole.
pub(super) fn read(from: &mut dyn BufRead) -> Result<Snapshot, StoreError> {
    let mut source = Source {
        from,
        crc: crc32fast::Hasher::new(),
        number: 0,
        total: 0,
    };
    let mut line = Vec::new();
    source.next(&mut line)?;
    let header: Header = source.parse(&line)?;
    if header.format != FORMAT || header.version != FORMAT_VERSION {
        return Err(source.bad(format!(
            "format {} {} is unknown",
            header.format, header.version
        )));
    }
    schema::check(header.schema)?;
    let mut records = Vec::new();
    loop {
        let crc32 = source.crc.clone().finalize();
        source.next(&mut line)?;
        if let Ok(footer) = serde_json::from_slice::<Footer>(&line) {
            if footer.crc32 != crc32 || footer.records != records.len() as u64 {
                return Err(source.bad("the checksum does not fit the lines".to_owned()));
            }
            return Ok(Snapshot {
                schema: header.schema,
                uuid: header.store,
                sequence: header.sequence,
                records,
            });
        }
        let record: Line = source.parse(&line)?;
        let Some(tree) = Tree::exported_as(&record.tree) else {
            return Err(source.bad(format!("no tree is named {}", record.tree)));
        };
        let value = match (record.json, record.base64) {
            (Some(json), None) => json.get().as_bytes().to_vec(),
            (None, Some(text)) => Base64::decode_vec(&text)
                .map_err(|_| source.bad("the value is no base64".to_owned()))?,
            _ => return Err(source.bad("a record has one value".to_owned())),
        };
        if schema::is_own(tree, &record.key) {
            return Err(source.bad(format!("{} is the store's own", record.key)));
        }
        records.push((tree, record.key.into_owned(), value));
    }
}

/// How many records an export says it has, by its last line alone; `None` when that is no footer.
pub(super) fn record_count(file: &mut File) -> Option<u64> {
    let bytes = file.seek(SeekFrom::End(0)).ok()?;
    let from = bytes.saturating_sub(MAX_FOOTER_BYTES);
    file.seek(SeekFrom::Start(from)).ok()?;
    let mut end = Vec::new();
    file.take(MAX_FOOTER_BYTES).read_to_end(&mut end).ok()?;
    let end = end.strip_suffix(b"\n")?;
    let footer = end.rsplit(|byte| *byte == b'\n').next()?;
    let footer: Footer = serde_json::from_slice(footer).ok()?;
    Some(footer.records)
}

/// The batch that fills an empty store.
pub(super) fn batch(snapshot: Snapshot) -> Batch {
    let mut batch = Batch::new();
    batch.needs_empty_store = true;
    batch.sequence_floor = snapshot.sequence;
    if !snapshot.uuid.is_empty() {
        schema::put_uuid(&mut batch, &snapshot.uuid);
    }
    for (tree, key, value) in snapshot.records {
        batch.put(tree, &key, value);
    }
    batch
}

/// The value as it can stand in a line, if it is JSON without line breaks and surrounding space.
fn one_line_json(value: &[u8]) -> Option<&RawValue> {
    // `null` would come back as an absent value.
    if value.contains(&b'\n') || value.contains(&b'\r') || value == b"null" {
        return None;
    }
    let json: &RawValue = serde_json::from_slice(value).ok()?;
    (json.get().len() == value.len()).then_some(json)
}

struct Lines<'a> {
    to: &'a mut dyn Write,
    crc: crc32fast::Hasher,
}

impl Lines<'_> {
    fn write(&mut self, line: &impl Serialize) -> Result<(), StoreError> {
        let mut bytes = serde_json::to_vec(line)
            .map_err(|error| StoreError::failed("exporting")(error.into()))?;
        bytes.push(b'\n');
        self.crc.update(&bytes);
        self.to
            .write_all(&bytes)
            .map_err(StoreError::failed("exporting"))
    }
}

struct Source<'a> {
    from: &'a mut dyn BufRead,
    crc: crc32fast::Hasher,
    number: u64,
    total: u64,
}

impl Source<'_> {
    fn next(&mut self, line: &mut Vec<u8>) -> Result<(), StoreError> {
        line.clear();
        self.number = self.number.saturating_add(1);
        let read = (&mut *self.from)
            .take(MAX_LINE_BYTES)
            .read_until(b'\n', line)
            .map_err(StoreError::failed("importing"))?;
        self.total = self.total.saturating_add(read as u64);
        self.crc.update(line);
        if line.pop() != Some(b'\n') {
            return Err(self.bad("it ends in the middle, or the line is too long".to_owned()));
        }
        if self.total > MAX_EXPORT_BYTES {
            return Err(self.bad("it is too big".to_owned()));
        }
        Ok(())
    }

    fn parse<'l, T: Deserialize<'l>>(&self, line: &'l [u8]) -> Result<T, StoreError> {
        // The parser's own message could quote what is in the line.
        serde_json::from_slice(line).map_err(|error| {
            self.bad(format!(
                "it is not what an export has here, near column {}",
                error.column()
            ))
        })
    }

    fn bad(&self, reason: String) -> StoreError {
        StoreError::BadExport {
            line: self.number,
            reason,
        }
    }
}

//! Files of Windows' own client.
#![no_main]

#[path = "../../../src-tauri/rdp/src/file.rs"]
#[expect(dead_code, reason = "lines are asked for by the application alone")]
mod file;

use file::RdpFile;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Ok(read) = RdpFile::read(input) else {
        return;
    };
    let text = read.to_text("\n");
    for line in text.lines() {
        let name = line.split(':').next().unwrap_or_default();
        assert!(!name.contains("password") && !name.contains("token"));
    }
    // What was read is written the same, and read the same again.
    assert!(RdpFile::of_text(&text) == read);
    if read.to_bytes().len() <= file::MAX_FILE_BYTES {
        assert!(RdpFile::read(&read.to_bytes()) == Ok(read));
    }
});

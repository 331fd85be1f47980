//! Where a broker sends an RDP session to.
#![no_main]

#[path = "../../../src-tauri/rdp/src/limits.rs"]
#[expect(dead_code, reason = "other caps are for others")]
mod limits;
#[path = "../../../src-tauri/rdp/src/names.rs"]
mod names;
#[path = "../../../src-tauri/rdp/src/redirect.rs"]
#[expect(dead_code, reason = "the way there is gone by the program alone")]
mod redirect;

use ironrdp_pdu::rdp::server_redirection::decode_server_redirection;
use names::Account;
use redirect::Target;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Ok(Some(sent)) = decode_server_redirection(input) else {
        return;
    };
    let Ok(target) = Target::of(sent) else {
        return;
    };
    // It leads somewhere, and what is written into an address or a first message ends neither.
    assert!(target.host.is_some() != target.balance.is_some());
    for text in target.host.iter().chain(&target.balance) {
        assert!(!text.is_empty() && text.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
    }
    assert!(
        target
            .host
            .is_none_or(|host| host.len() < 256 && !host.contains(['/', '@', ' ']))
    );
    for name in target.user.iter().chain(&target.domain) {
        assert!(name.len() <= limits::MAX_SIGN_IN_CHARS * 3 && !name.contains('\0'));
    }
    let _ = Account::of(
        target.user.as_deref().unwrap_or_default(),
        target.domain.as_deref(),
    );
});

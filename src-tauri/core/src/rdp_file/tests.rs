use super::*;
use proptest::prelude::*;
use serde_json::json;

/// A file as Windows' own client writes it, with what it gives away.
const ASKING: &str = "screen mode id:i:1\n\
     desktopwidth:i:1280\n\
     desktopheight:i:720\n\
     session bpp:i:16\n\
     winposstr:s:0,3,0,0,800,600\n\
     full address:s:ts.example:3390\n\
     username:s:EXAMPLE\\alice\n\
     password 51:b:01000000D08C9DDF\n\
     audiomode:i:0\n\
     redirectprinters:i:1\n\
     redirectclipboard:i:0\n\
     drivestoredirect:s:C:\\;DynamicDrives\n\
     administrative session:i:1\n\
     alternate shell:s:C:\\tools\\menu.exe\n\
     shell working directory:s:C:\\tools\n\
     gatewayhostname:s:gate.example\n\
     gatewayusagemethod:i:1\n\
     authentication level:i:0\n\
     loadbalanceinfo:s:tsv://MS Terminal Services Plugin.1.Farm\n";

fn read(text: &str) -> Machine {
    machine(&RdpFile::of_text(text)).unwrap()
}

#[test]
fn a_file_becomes_settings_and_what_a_person_should_know() {
    let machine = read(ASKING);
    assert_eq!(
        (machine.host.as_str(), machine.port),
        ("ts.example", Some(3390))
    );
    assert_eq!(machine.username.as_deref(), Some("EXAMPLE\\alice"));
    let mut settings = machine.settings;
    let kept = settings.remove(KEPT).unwrap();
    assert_eq!(
        json!(settings),
        json!({
            "rdp.width": 1280, "rdp.height": 720, "rdp.colours": "high", "rdp.clipboard": false, "rdp.admin": true,
            "rdp.program": "C:\\tools\\menu.exe", "rdp.folder": "C:\\tools",
            "rdp.balance": "tsv://MS Terminal Services Plugin.1.Farm",
        })
    );
    let kept = kept.as_str().unwrap();
    assert!(kept.contains("winposstr:s:0,3,0,0,800,600\n"), "{kept}");
    assert!(!kept.contains("01000000") && !kept.contains("full address"));
    let asks: Vec<_> = machine
        .asks
        .iter()
        .map(|ask| (ask.kind, ask.value.as_str(), ask.is_followed))
        .collect();
    assert_eq!(
        asks,
        [
            (ImportAskKind::Program, "C:\\tools\\menu.exe", true),
            (ImportAskKind::Admin, "", true),
            (ImportAskKind::Gateway, "gate.example", false),
            (ImportAskKind::Drives, "C:\\;DynamicDrives", false),
            (ImportAskKind::Printers, "", false),
            (ImportAskKind::NoWarning, "", false),
        ]
    );
}

#[test]
fn what_was_read_is_written_again() {
    let machine = read(ASKING);
    let again = read(&written(&machine).to_text("\r\n"));
    assert_eq!(again, machine);
    let text = written(&machine).to_text("\n");
    for line in ASKING.lines().filter(|line| !line.contains("password")) {
        let line = line.trim();
        assert!(
            text.lines().any(|written| written == line),
            "{line} in {text}"
        );
    }
}

#[test]
fn a_changed_setting_counts_over_what_the_file_said() {
    let mut machine = read(ASKING);
    machine.host = "fe80::1".to_owned();
    machine.settings.insert("rdp.width".to_owned(), json!(800));
    machine.settings.remove("rdp.program");
    let text = written(&machine).to_text("\n");
    assert!(text.contains("full address:s:[fe80::1]:3390\n"), "{text}");
    assert!(text.contains("desktopwidth:i:800\n"));
    assert!(!text.contains("alternate shell"));
}

#[test]
fn addresses_have_ports_or_none() {
    for (text, expected) in [
        ("host", Some(("host", None))),
        ("host:3390", Some(("host", Some(3390)))),
        ("10.0.0.7:1", Some(("10.0.0.7", Some(1)))),
        ("[fe80::1]:3390", Some(("fe80::1", Some(3390)))),
        ("[fe80::1]", Some(("fe80::1", None))),
        ("fe80::1", Some(("fe80::1", None))),
        ("host:0", None),
        ("host:70000", None),
        ("host:", None),
        ("[fe80::1]3390", None),
    ] {
        let expected = expected.map(|(host, port)| (host.to_owned(), port));
        assert_eq!(address(text), expected, "{text}");
    }
    assert_eq!(read("full address:s:host:3389\n").port, None);
    let apart = read("full address:s:host\nserver port:i:3390\n");
    assert_eq!(apart.port, Some(3390));
    assert!(machine(&RdpFile::of_text("username:s:alice\n")).is_none());
}

#[test]
fn a_remote_app_and_a_whole_screen_are_not_taken_for_settings() {
    let machine = read(
        "full address:s:host\nscreen mode id:i:2\ndesktopwidth:i:1920\ndesktopheight:i:1080\n\
         remoteapplicationmode:i:1\nremoteapplicationprogram:s:||calc\nalternate shell:s:rdpinit.exe\n\
         gatewayhostname:s:gate\ngatewayusagemethod:i:4\n",
    );
    assert_eq!(
        machine.settings.keys().collect::<Vec<_>>(),
        [KEPT],
        "everything else is only kept"
    );
    let asks: Vec<_> = machine
        .asks
        .iter()
        .map(|ask| (ask.kind, &*ask.value))
        .collect();
    assert_eq!(asks, [(ImportAskKind::RemoteApp, "||calc")]);
}

proptest! {
    #[test]
    fn any_lines_are_read_and_come_back(lines in proptest::collection::vec(
        (
            prop_oneof![
                Just("full address"), Just("desktopwidth"), Just("desktopheight"), Just("screen mode id"), Just("session bpp"),
                Just("dynamic resolution"), Just("administrative session"), Just("alternate shell"), Just("loadbalanceinfo"),
                Just("redirectclipboard"), Just("unheard of"), Just("drivestoredirect"),
            ],
            prop_oneof![Just('i'), Just('s')],
            prop_oneof!["[0-9]{1,5}", "[a-z.:\\\\]{0,12}"],
        ),
        0..16,
    )) {
        let text: String = lines.iter().map(|(name, kind, value)| format!("{name}:{kind}:{value}\r\n")).collect();
        if let Some(machine) = machine(&RdpFile::of_text(&text)) {
            let again = super::machine(&RdpFile::of_text(&written(&machine).to_text("\n"))).unwrap();
            prop_assert_eq!(again, machine);
        }
    }
}

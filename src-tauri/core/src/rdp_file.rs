//! What the lines of an .rdp file mean for a connection, and a connection as such lines.

use crate::limits::MAX_NAME_CHARS;
use farwire_model::connection::ProtocolKind;
use farwire_model::import::{ImportAsk, ImportAskKind};
use farwire_rdp::file::{Kind, RdpFile};
use serde_json::Value;
use std::collections::BTreeMap;

/// Where lines are kept that no setting stands for.
pub(crate) const KEPT: &str = "rdp.file";

/// The widths and heights that can be asked for.
const SIDES: std::ops::RangeInclusive<i64> = 200..=8192;

/// Settings that are a text in the file, too, with the most characters they may have.
const TEXTS: [(&str, &str, usize); 3] = [
    ("alternate shell", "rdp.program", 255),
    ("shell working directory", "rdp.folder", 255),
    ("loadbalanceinfo", "rdp.balance", 255),
];

/// The colours by their bits.
const DEPTHS: [(i64, &str); 4] = [(32, "full"), (24, "true"), (16, "high"), (15, "low")];

/// Who wants to be asked how: a line, what it asks for. Numbers ask when they are 1, texts when there is one.
const NOT_DONE: [(&str, ImportAskKind); 14] = [
    ("drivestoredirect", ImportAskKind::Drives),
    ("redirectdrives", ImportAskKind::Drives),
    ("redirectprinters", ImportAskKind::Printers),
    ("redirectsmartcards", ImportAskKind::Cards),
    ("redirectwebauthn", ImportAskKind::Cards),
    ("redirectcomports", ImportAskKind::Devices),
    ("redirectposdevices", ImportAskKind::Devices),
    ("devicestoredirect", ImportAskKind::Devices),
    ("usbdevicestoredirect", ImportAskKind::Devices),
    ("usbdevicestoredirect2", ImportAskKind::Devices),
    ("camerastoredirect", ImportAskKind::Cameras),
    ("audiocapturemode", ImportAskKind::Microphone),
    ("redirectlocation", ImportAskKind::Location),
    ("remoteapplicationmode", ImportAskKind::RemoteApp),
];

/// A machine as a file has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Machine {
    pub host: String,
    /// None for the protocol's own.
    pub port: Option<u16>,
    pub username: Option<String>,
    pub domain: Option<String>,
    pub settings: BTreeMap<String, Value>,
    pub asks: Vec<ImportAsk>,
}

/// Reads what the lines mean. The host is as it stands there; `None` when there is none.
pub(crate) fn machine(file: &RdpFile) -> Option<Machine> {
    let written = ["full address", "alternate full address"];
    let (host, port) = address(written.into_iter().find_map(|name| file.text(name))?)?;
    if host.is_empty() {
        return None;
    }
    let other = file.number("server port").and_then(port_of);
    let mut machine = Machine {
        host,
        port: port
            .or(other)
            .filter(|port| *port != ProtocolKind::Rdp.default_port()),
        username: short(file.text("username")),
        domain: short(file.text("domain")),
        ..Machine::default()
    };
    let mut kept = file.clone();
    for name in written {
        kept.remove(name);
    }
    for name in ["server port", "username", "domain"] {
        kept.remove(name);
    }
    read_settings(file, &mut kept, &mut machine.settings);
    machine.asks = asks(file, &machine.settings);
    if !kept.lines().is_empty() {
        let text = kept.to_text("\n");
        machine.settings.insert(KEPT.to_owned(), Value::from(text));
    }
    Some(machine)
}

/// Takes over what there is a setting for, and out of `kept`.
fn read_settings(file: &RdpFile, kept: &mut RdpFile, settings: &mut BTreeMap<String, Value>) {
    let mut put = |key: &str, value: Value| settings.insert(key.to_owned(), value);
    // A file for the whole screen names a size too, which then means nothing.
    let is_window = file.number("screen mode id") == Some(1);
    let side = |name: &str| file.number(name).filter(|side| SIDES.contains(side));
    let sides = side("desktopwidth").zip(side("desktopheight"));
    let sides = sides.filter(|_| is_window);
    if let Some((width, height)) = sides {
        put("rdp.width", Value::from(width));
        put("rdp.height", Value::from(height));
        kept.remove("desktopwidth");
        kept.remove("desktopheight");
    }
    let switches = [
        ("dynamic resolution", "rdp.resize", true),
        ("redirectclipboard", "rdp.clipboard", true),
        ("administrative session", "rdp.admin", false),
        ("connect to console", "rdp.admin", false),
    ];
    for (name, key, usual) in switches {
        if let Some(number @ (0 | 1)) = file.number(name) {
            // What is usual needs no setting; a size that somebody chose usually stays.
            let usual = usual && !(key == "rdp.resize" && sides.is_some() && number == 1);
            if (number == 1) != usual {
                put(key, Value::from(number == 1));
            }
            kept.remove(name);
        }
    }
    let depth = file.number("session bpp");
    if let Some((bits, word)) = DEPTHS.into_iter().find(|(bits, _)| Some(*bits) == depth) {
        if bits != 32 {
            put("rdp.colours", Value::from(word));
        }
        kept.remove("session bpp");
    }
    // The program of a RemoteApp is started in another way.
    let is_remote_app = file.number("remoteapplicationmode") == Some(1);
    for (name, key, most) in TEXTS {
        let is_program = key == "rdp.program" && is_remote_app;
        let text = file.text(name).filter(|_| !is_program);
        if let Some(text) = text.filter(|text| text.chars().count() <= most) {
            put(key, Value::from(text));
            kept.remove(name);
        }
    }
}

/// What a person should know: what gives something away, or starts something, whether it is done or not.
fn asks(file: &RdpFile, settings: &BTreeMap<String, Value>) -> Vec<ImportAsk> {
    let mut asks: Vec<ImportAsk> = Vec::new();
    let mut ask = |kind, value: &str, is_followed| {
        let known = asks.iter_mut().find(|ask| ask.kind == kind);
        match known {
            Some(known) if known.value.is_empty() => known.value = value.to_owned(),
            Some(_) => {}
            None => asks.push(ImportAsk {
                kind,
                value: value.to_owned(),
                is_followed,
            }),
        }
    };
    if let Some(program) = settings.get("rdp.program").and_then(Value::as_str) {
        ask(ImportAskKind::Program, program, true);
    }
    if settings.contains_key("rdp.admin") {
        ask(ImportAskKind::Admin, "", true);
    }
    // 0 and 4: never, and the file only remembers one.
    let uses_gateway = !matches!(file.number("gatewayusagemethod"), Some(0 | 4));
    if let Some(gateway) = file.text("gatewayhostname").filter(|_| uses_gateway) {
        ask(ImportAskKind::Gateway, gateway, false);
    }
    for (name, kind) in NOT_DONE {
        if file.number(name) == Some(1) {
            let program = file.text("remoteapplicationprogram");
            let program = program.filter(|_| kind == ImportAskKind::RemoteApp);
            ask(kind, program.unwrap_or_default(), false);
        } else if let Some(which) = file.text(name) {
            ask(kind, which, false);
        }
    }
    if file.number("enablecredsspsupport") == Some(0) {
        ask(ImportAskKind::WeakSignIn, "", false);
    }
    if file.number("authentication level") == Some(0) {
        ask(ImportAskKind::NoWarning, "", false);
    }
    asks
}

/// A connection as a file: what was kept of the one it came from, and what its settings say now.
pub(crate) fn written(machine: &Machine) -> RdpFile {
    let settings = &machine.settings;
    let text = |key: &str| settings.get(key).and_then(Value::as_str);
    let number = |key: &str| settings.get(key).and_then(Value::as_i64);
    let is = |key: &str| settings.get(key).and_then(Value::as_bool);
    let mut file = RdpFile::default();
    let name = match (machine.host.contains(':'), machine.port) {
        (true, _) => format!("[{}]", machine.host),
        (false, _) => machine.host.clone(),
    };
    let address = match machine.port {
        Some(port) => format!("{name}:{port}"),
        None => name,
    };
    // First, so that nothing of them stands against what the connection says by now.
    for line in RdpFile::of_text(text(KEPT).unwrap_or_default()).lines() {
        file.set(&line.name, line.kind, &line.value);
    }
    file.set("full address", Kind::Text, &address);
    for (name, value) in [("username", &machine.username), ("domain", &machine.domain)] {
        if let Some(value) = value {
            file.set(name, Kind::Text, value);
        }
    }
    if let (Some(width), Some(height)) = (number("rdp.width"), number("rdp.height")) {
        file.set("screen mode id", Kind::Number, "1");
        file.set("desktopwidth", Kind::Number, &width.to_string());
        file.set("desktopheight", Kind::Number, &height.to_string());
    }
    for (name, key) in [
        ("dynamic resolution", "rdp.resize"),
        ("redirectclipboard", "rdp.clipboard"),
        ("administrative session", "rdp.admin"),
    ] {
        if let Some(is_on) = is(key) {
            file.set(name, Kind::Number, if is_on { "1" } else { "0" });
        }
    }
    let colours = text("rdp.colours");
    if let Some((bits, _)) = DEPTHS.into_iter().find(|(_, word)| Some(*word) == colours) {
        file.set("session bpp", Kind::Number, &bits.to_string());
    }
    for (name, key, _) in TEXTS {
        if let Some(value) = text(key).filter(|value| !value.is_empty()) {
            file.set(name, Kind::Text, value);
        }
    }
    match text("rdp.security") {
        Some("tls") => file.set("enablecredsspsupport", Kind::Number, "0"),
        Some("nla") => file.set("enablecredsspsupport", Kind::Number, "1"),
        _ => {}
    }
    if let Some(scale) = number("rdp.scale") {
        file.set("desktopscalefactor", Kind::Number, &scale.to_string());
    }
    file
}

/// `host`, `host:port`, `[address]:port`, or an address with colons in it.
fn address(text: &str) -> Option<(String, Option<u16>)> {
    let text = text.trim();
    if let Some((host, rest)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let port = match rest.strip_prefix(':') {
            Some(port) => Some(port.parse().ok().filter(|port| *port != 0)?),
            None if rest.is_empty() => None,
            None => return None,
        };
        return Some((host.to_owned(), port));
    }
    match text.split_once(':') {
        Some((host, port)) if !port.contains(':') => {
            let port = port.parse().ok().filter(|port| *port != 0)?;
            Some((host.to_owned(), Some(port)))
        }
        _ => Some((text.to_owned(), None)),
    }
}

fn port_of(number: i64) -> Option<u16> {
    u16::try_from(number).ok().filter(|port| *port != 0)
}

fn short(text: Option<&str>) -> Option<String> {
    let text = text.filter(|text| text.chars().count() <= MAX_NAME_CHARS);
    text.map(str::to_owned)
}

#[cfg(test)]
mod tests;

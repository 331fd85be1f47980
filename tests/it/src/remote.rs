//! A VNC server behind a network cable of its own.

use crate::xvnc::has;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A VNC server in a network of its own, behind a cable that can be pulled.
pub struct Remote {
    /// The network's name, and that of this end of the cable.
    pub name: String,
    pub address: String,
    display: String,
    server: Option<Child>,
}

impl Remote {
    /// `None`, which CI does not accept, where networks cannot be made.
    pub fn start(geometry: &str) -> Option<Self> {
        if !has("ip") || !has("Xvnc") {
            return None;
        }
        // Tests of one process run side by side.
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let started = STARTED.fetch_add(1, Ordering::Relaxed);
        let number = (std::process::id() + started) % 250;
        let name = format!("fw{}.{started}", std::process::id());
        let mut remote = Self {
            address: format!("10.213.{number}.2"),
            name,
            // Networks do not see each other's screens, and would take the same number.
            display: format!(":{}", 3000 + number * 10 + started),
            server: None,
        };
        let Self {
            name,
            address,
            display,
            ..
        } = &remote;
        let ours = format!("10.213.{number}.1/24");
        let is_made = ip(&["netns", "add", name])
            && ip(&[
                "link", "add", name, "type", "veth", "peer", "name", "far", "netns", name,
            ])
            && ip(&["addr", "add", &ours, "brd", "+", "dev", name])
            && ip(&["link", "set", name, "up"])
            && ip(&[
                "-n",
                name,
                "addr",
                "add",
                &format!("{address}/24"),
                "dev",
                "far",
            ])
            && ip(&["-n", name, "link", "set", "far", "up"]);
        assert!(
            is_made || std::env::var_os("CI").is_none(),
            "networks cannot be made here"
        );
        if !is_made {
            eprintln!("SKIPPED: networks cannot be made here, which takes root");
            return None;
        }
        let server = Command::new("ip")
            .args(["netns", "exec", name, "Xvnc", display])
            .args([
                "-geometry",
                geometry,
                "-rfbport",
                "5900",
                "-interface",
                address,
            ])
            .args(["-SecurityTypes", "None", "-nolisten", "tcp"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        remote.server = Some(server);
        Some(remote)
    }

    /// Where programs draw on the server's screen.
    pub fn display(&self) -> &str {
        &self.display
    }

    pub fn cable(&self, is_plugged: bool) {
        let state = if is_plugged { "up" } else { "down" };
        assert!(ip(&["link", "set", &self.name, state]));
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            let _ = server.kill();
            let _ = server.wait();
        }
        ip(&["netns", "del", &self.name]);
        ip(&["link", "del", &self.name]);
    }
}

fn ip(arguments: &[&str]) -> bool {
    run("ip", arguments)
}

/// Runs a program to its end; whether it says that it worked.
pub fn run(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

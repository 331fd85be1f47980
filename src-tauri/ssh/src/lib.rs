//! SSH: connections, host keys, shells, files and tunnels over russh.
//!
//! | module | holds |
//! | --- | --- |
//! | [`connect`] | the way in: an address, machines in between, a link that is signed in to |
//! | [`Connection`] | the channels in a link |
//! | `tcp`, `watched`, `watch` | host name to TCP; the bytes under a link; whether it still lives |
//! | `guard`, `doors`, `host_key` | what the server may do on its own; channels it was asked to open; whether its key is accepted |
//! | [`SshFiles`], [`SshTunnels`] | a session of files, one of tunnels |
//! | `tunnel` | ports and sockets carried through a link; a SOCKS5 proxy |
//! | [`sftp`] | files, over any stream: an SFTP version 3 client |
//! | [`config`] | what `~/.ssh/config` says of an address |
//! | [`known_hosts`] | OpenSSH's list of known hosts |
//! | `auth` | signing in: keys, agent, certificates, questions, passwords |
//! | `lend` | what a shell lends to the machine: the agent, the X display |
//! | `shell`, `exec` | a shell on a terminal; one command |
//! | `options`, `limits` | the settings honoured; every cap and time limit, with its reason |
//! | `text` | texts of a server, made safe to show |

mod auth;
pub mod config;
mod connect;
mod connection;
mod doors;
mod exec;
mod files;
mod guard;
mod host_key;
pub mod known_hosts;
mod lend;
mod limits;
mod options;
pub mod sftp;
mod shell;
mod text;
mod tunnel;
mod watch;
mod watched;

pub use connect::{Call, connect, connect_jumps};
pub use connection::Connection;
pub use exec::Output;
pub use farwire_link::ByteStream;
pub use files::SshFiles;
pub use limits::MAX_KNOWN_HOSTS_BYTES;
pub use tunnel::SshTunnels;

use farwire_model::session::{Protocol, Purpose, Run, Start};
use limits::SHELL_WINDOW;

/// The SSH protocol handler: a shell on a terminal.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ssh;

impl Protocol for Ssh {
    fn run(&self, start: Start) -> Run {
        Box::pin(async move {
            let (call, hops) = Call::of(&start);
            let call = Call {
                window: Some(SHELL_WINDOW),
                ..call
            };
            let connection = tokio::select! {
                () = start.cancel.cancelled() => return Ok(()),
                connection = connect(&call, &hops) => connection?,
            };
            match start.purpose {
                Purpose::Live => shell::run(connection, start).await,
                Purpose::Probe => {
                    connection.probe(&call).await?;
                    connection.close().await;
                    Ok(())
                }
            }
        })
    }
}

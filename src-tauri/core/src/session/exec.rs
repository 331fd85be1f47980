//! Running one command on the machine of an SSH connection.

use crate::Core;
use crate::error::CoreError;
use crate::limits::MAX_COMMAND_CHARS;
use crate::sign_in::Redirect;
use farwire_model::ask::Nobody;
use farwire_model::command::Executed;
use farwire_model::connection::ProtocolKind;
use farwire_model::credentials::Hop;
use farwire_model::error::ErrorCode;
use farwire_model::ids::ConnectionId;
use farwire_model::secret::Secret;
use farwire_model::session::Channel;
use farwire_ssh::Call;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Refuses what takes an SSH connection on one of another protocol.
///
/// # Errors
/// Property `protocol`.
pub fn check_ssh(name: &str, protocol: ProtocolKind) -> Result<(), CoreError> {
    match protocol {
        ProtocolKind::Ssh => Ok(()),
        protocol => Err(CoreError::Forbidden {
            property: "protocol",
            message: format!("{name} speaks {protocol}: this takes an SSH connection"),
        }),
    }
}

impl Core {
    /// Runs one command on the machine of an SSH connection, on a link of its own.
    ///
    /// # Errors
    /// An unknown connection, one of another protocol; at which stage it failed.
    pub async fn exec(
        &self,
        id: &ConnectionId,
        command: &str,
        once: Vec<(String, Secret)>,
        redirect: Redirect,
    ) -> Result<Executed, CoreError> {
        if command.is_empty() || command.chars().count() > MAX_COMMAND_CHARS {
            let message = format!("a command has 1 to {MAX_COMMAND_CHARS} characters");
            return Err(CoreError::field(
                ErrorCode::ValueOutOfBounds,
                "command",
                message,
            ));
        }
        let connection = self.ssh_link(id, once, redirect, None).await?;
        let output = connection.exec(command).await;
        connection.close().await;
        let output = output?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Executed {
            status: output.status,
            signal: output.signal,
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
            truncated: output.is_cut,
        })
    }

    /// A link of its own to the machine of an SSH connection, signed in to with what is stored or given.
    ///
    /// # Errors
    /// An unknown connection, one of another protocol; at which stage it failed.
    pub async fn ssh_link(
        &self,
        id: &ConnectionId,
        once: Vec<(String, Secret)>,
        redirect: Redirect,
        window: Option<u32>,
    ) -> Result<farwire_ssh::Connection, CoreError> {
        self.follow_configuration(id).await;
        let once = self.credentials_once(id, once)?;
        let allowed = self.allowed(id, redirect)?;
        let attempt = self.attempt(id, Channel::Main, once.as_ref(), allowed.as_ref())?;
        check_ssh(&attempt.connection.name, attempt.connection.protocol)?;
        // Nobody looks at the stages; a full queue would hold the link back.
        let (events, mut unread) = mpsc::channel(16);
        let call = Call {
            trust: Arc::new(self.saved_trust()),
            ask: Arc::new(Nobody),
            events,
            meter: Arc::default(),
            window,
        };
        let mut hops = attempt.jumps;
        hops.push(Hop {
            endpoint: attempt.endpoint,
            credentials: attempt.credentials,
            settings: attempt.connection.settings,
        });
        let drain = async {
            while unread.recv().await.is_some() {}
            std::future::pending().await
        };
        tokio::select! {
            connection = farwire_ssh::connect(&call, &hops) => Ok(connection?),
            () = self.cancel.cancelled() => Err(CoreError::Busy {
                message: "Farwire is shutting down".to_owned(),
            }),
            () = drain => Err(CoreError::Busy { message: "nobody waits any more".to_owned() }),
        }
    }
}

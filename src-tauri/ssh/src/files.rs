//! A session of files: a link of its own, so that bulk holds up no shell.

use crate::connect::{Call, connect};
use crate::sftp::Sftp;
use farwire_model::error::Stage;
use farwire_model::session::{
    FailureKind, Protocol, Purpose, Run, SessionError, SessionEvent, Start,
};
use std::sync::Arc;

/// Opens the files of SSH servers.
#[derive(Clone, Copy, Debug, Default)]
pub struct SshFiles;

impl Protocol for SshFiles {
    fn run(&self, start: Start) -> Run {
        Box::pin(async move {
            let cancel = start.cancel.clone();
            tokio::select! {
                ended = carry(start) => ended,
                // What is under way is dropped, which closes it.
                () = cancel.cancelled() => Ok(()),
            }
        })
    }
}

async fn carry(start: Start) -> Result<(), SessionError> {
    let (call, hops) = Call::of(&start);
    let connection = Arc::new(connect(&call, &hops).await?);
    call.stage(Stage::Channel).await;
    let stream = connection.subsystem("sftp").await?;
    let started = Sftp::start(stream).await;
    let sftp = started
        .map_err(|error| SessionError::new(Stage::Channel, FailureKind::Protocol, error.message))?;
    let sftp = Arc::new(sftp.beside(&connection));
    if start.purpose == Purpose::Probe {
        sftp.close().await;
        if let Some(connection) = Arc::into_inner(connection) {
            connection.close().await;
        }
        return Ok(());
    }
    start.files.send_replace(Some(sftp.clone()));
    let up = SessionEvent::Connected {
        name: start.endpoint.host.clone(),
        security: connection.security(),
    };
    // A receiver that is gone cancels the run elsewhere.
    start.events.send(up).await.unwrap_or_default();
    let lost = sftp.ended().await;
    start.files.send_replace(None);
    Err(SessionError::new(
        Stage::Session,
        FailureKind::Lost,
        lost.message,
    ))
}

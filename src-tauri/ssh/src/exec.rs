//! Running a command on the machine.

use crate::connection::Connection;
use crate::limits::{EXEC_LIMIT, MAX_OUTPUT_BYTES};
use farwire_model::error::Stage;
use farwire_model::session::{FailureKind, SessionError};
use russh::ChannelMsg;
use tokio::time::timeout;

/// What came of a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// Its exit status; none when a signal ended it, or the server told neither.
    pub status: Option<u32>,
    /// The signal that ended it, without `SIG`.
    pub signal: Option<String>,
    /// The first bytes it printed.
    pub stdout: Vec<u8>,
    /// The first bytes it complained with.
    pub stderr: Vec<u8>,
    /// Whether there was more of either than is kept.
    pub is_cut: bool,
}

impl Connection {
    /// Runs a command to its end, without a terminal and without input.
    ///
    /// # Errors
    /// Stage `channel` when it is not started, `session` when the link is lost or it takes longer than two minutes.
    pub async fn exec(&self, command: &str) -> Result<Output, SessionError> {
        let mut channel = self.session().await?;
        let asked = channel.exec(true, command).await;
        asked.map_err(|error| self.lost(Stage::Channel, &error))?;
        self.granted(&mut channel, "the command").await?;
        // Nothing is typed; what waits for input must not wait for ever.
        let ended = channel.eof().await;
        ended.map_err(|error| self.lost(Stage::Channel, &error))?;
        let mut output = Output::default();
        let mut is_told = false;
        let run = async {
            // The status follows the end of the output.
            while let Some(message) = channel.wait().await {
                match message {
                    ChannelMsg::Data { data } => {
                        output.is_cut |= keep(&mut output.stdout, &data);
                    }
                    ChannelMsg::ExtendedData { data, .. } => {
                        output.is_cut |= keep(&mut output.stderr, &data);
                    }
                    ChannelMsg::ExitStatus { exit_status } => {
                        output.status = Some(exit_status);
                        is_told = true;
                    }
                    ChannelMsg::ExitSignal { signal_name, .. } => {
                        let name = format!("{signal_name:?}");
                        output.signal = Some(crate::text::line(&name, 40));
                        is_told = true;
                    }
                    _ => {}
                }
            }
        };
        if timeout(EXEC_LIMIT, run).await.is_err() {
            let message = format!(
                "the command did not end within {} s, so it was left; its output until then is not kept",
                EXEC_LIMIT.as_secs()
            );
            return Err(SessionError::new(
                Stage::Session,
                FailureKind::Protocol,
                message,
            ));
        }
        if !is_told && self.is_closed() {
            return Err(self.lost(Stage::Session, &russh::Error::Disconnect));
        }
        Ok(output)
    }
}

/// Keeps what fits; whether something did not.
fn keep(kept: &mut Vec<u8>, data: &[u8]) -> bool {
    let room = MAX_OUTPUT_BYTES.saturating_sub(kept.len());
    kept.extend_from_slice(data.get(..room.min(data.len())).unwrap_or_default());
    data.len() > room
}

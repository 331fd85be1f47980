//! Protocols that know nothing of SSH, carried inside it.

use farwire_model::session::{Protocol, Run, Start};
use farwire_rdp::Rdp;
use farwire_ssh::{Call, connect_jumps};
use farwire_vnc::Vnc;

/// A protocol of screens, directly or inside SSH.
#[derive(Clone, Copy)]
pub(crate) enum ThroughSsh {
    Vnc,
    Rdp,
}

impl Protocol for ThroughSsh {
    fn run(&self, start: Start) -> Run {
        if start.jumps.is_empty() {
            return match self {
                Self::Vnc => Vnc.run(start),
                Self::Rdp => Rdp.run(start),
            };
        }
        let protocol = *self;
        Box::pin(async move {
            let call = Call::of(&start).0;
            let cancel = start.cancel.clone();
            let endpoint = start.endpoint.clone();
            let opening = async {
                let connection = connect_jumps(&call, &start.jumps).await?;
                let stream = connection
                    .direct_tcpip(&endpoint.host, endpoint.port)
                    .await?;
                Ok((connection, stream))
            };
            let (connection, stream) = tokio::select! {
                () = cancel.cancelled() => return Ok(()),
                opened = opening => opened?,
            };
            let ended = match protocol {
                Self::Vnc => farwire_vnc::run_over(stream, start).await,
                Self::Rdp => farwire_rdp::run_over(stream, start).await,
            };
            connection.close().await;
            ended
        })
    }
}

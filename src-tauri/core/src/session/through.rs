//! Protocols that know nothing of SSH, carried inside it.

use farwire_model::session::{Protocol, Run, Start};
use farwire_ssh::{Call, connect_jumps};
use std::sync::Arc;

/// VNC, directly or inside SSH.
pub(crate) struct ThroughSsh(pub Arc<dyn Protocol>);

impl Protocol for ThroughSsh {
    fn run(&self, start: Start) -> Run {
        if start.jumps.is_empty() {
            return self.0.run(start);
        }
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
            let ended = farwire_vnc::run_over(stream, start).await;
            connection.close().await;
            ended
        })
    }
}

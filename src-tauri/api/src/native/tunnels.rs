//! Tunnels.

use super::credentials::CredentialsOnce;
use super::opening::{Wait, limit};
use super::sessions::redirect;
use crate::answer::Done;
use crate::error::ApiError;
use crate::keys::keys;
use crate::route::Call;
use crate::shape::{Switch, words};
use crate::text::TunnelPlace;
use farwire_core::tunnel::NewTunnel;
use farwire_model::error::ErrorCode;
use farwire_model::ids::{ConnectionId, TunnelId};
use farwire_model::tunnel::{TunnelEnd, TunnelEndError, TunnelKind, TunnelPlan, TunnelView};

words!(TunnelKind);

keys! {
    /// A tunnel to open.
    pub(super) struct TunnelWish {
        /// The SSH connection it goes through.
        uid: ConnectionId,
        /// What it does.
        kind: TunnelKind,
        /// Where it listens: a port on the loopback interface, an IP address with a port, or the absolute path of a socket. Port 0 means a free one.
        listen: TunnelPlace,
        /// Where it leads to: a host with a port, or the absolute path of a socket; not for `dynamic`.
        to: Option<TunnelPlace>,
        /// Used for the session that carries it only, and not saved.
        credentials: Option<CredentialsOnce>,
    }
}

fn wrong(property: &str, error: &TunnelEndError) -> ApiError {
    let message = format!("{property}: {error}");
    ApiError::new(400, ErrorCode::ValueIncorrectFormat, message).about(property)
}

pub(super) async fn list(call: &Call) -> Result<Vec<TunnelView>, ApiError> {
    Ok(call.api.core.tunnels())
}

pub(super) async fn show(call: &Call) -> Result<TunnelView, ApiError> {
    Ok(call.api.core.tunnel(&TunnelId::new(call.id()))?)
}

pub(super) async fn open(call: &Call<TunnelWish, Wait>) -> Result<TunnelView, ApiError> {
    let TunnelWish {
        uid,
        kind,
        listen,
        to,
        credentials,
    } = call.body()?;
    let listen = TunnelEnd::listen(&listen.0, kind).map_err(|error| wrong("listen", &error))?;
    let to = to.map(|to| TunnelEnd::target(&to.0)).transpose();
    let to = to.map_err(|error| wrong("to", &error))?;
    if to.is_none() != (kind == TunnelKind::Dynamic) {
        let message = "to: a local or remote tunnel leads somewhere, and a dynamic one to where its clients say";
        let error = ApiError::new(400, ErrorCode::InvalidRequestData, message);
        return Err(error.about("to"));
    }
    let core = &call.api.core;
    let view = core.open_tunnel(NewTunnel {
        connection: uid,
        plan: TunnelPlan { kind, listen, to },
        once: credentials.map(CredentialsOnce::given).unwrap_or_default(),
        redirect: redirect(call),
    });
    let view = view.await?;
    if call.query.wait != Some(Switch(true)) {
        return Ok(view);
    }
    let waiting = core.wait_until_tunnel_is_up(&view.tunnel_id, limit(&call.query));
    let up = tokio::select! {
        up = waiting => up.map_err(ApiError::from),
        () = call.gone() => {
            let message = "nobody waits for the answer any more";
            Err(ApiError::new(408, ErrorCode::GeneralError, message))
        }
    };
    if up.is_err() {
        // Who waits for an answer wants no half-open tunnel left behind.
        let _ = core.close_tunnel(&view.tunnel_id).await;
    }
    up
}

pub(super) async fn close(call: &Call) -> Result<Done, ApiError> {
    call.api
        .core
        .close_tunnel(&TunnelId::new(call.id()))
        .await?;
    Ok(Done {})
}

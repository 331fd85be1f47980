//! Decisions about host keys and certificates.

use crate::error::ApiError;
use crate::fields::Fields;
use crate::request::Response;
use crate::route::Call;
use farwire_model::ids::TrustId;
use serde_json::json;

pub(super) async fn list(call: &Call) -> Result<Response, ApiError> {
    Response::of(&call.api.core.trust())
}

pub(super) async fn accept(call: &Call) -> Result<Response, ApiError> {
    let mut fields = Fields::of(call.body.as_ref())?;
    let host = fields.need_text("host")?;
    let port = fields.need_number("port")?;
    let fingerprint = fields.need_text("fingerprint")?;
    fields.finish()?;
    let id = call.api.core.accept(host, port, fingerprint).await?;
    Ok(Response::json(json!({ "id": id })))
}

pub(super) async fn forget(call: &Call) -> Result<Response, ApiError> {
    call.api.core.forget(&TrustId::new(call.id())).await?;
    Ok(Response::empty())
}

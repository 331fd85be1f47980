//! The commands of the page. Two carry requests of the same surface as HTTP, one is about files of this computer; what goes wrong
//! is an answer.

use bytes::Bytes;
use farwire_api::Api;
use farwire_api::request::{Body, Request};
use farwire_model::error::{ErrorBody, ErrorCode};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use std::sync::Arc;
use tauri::{AppHandle, Manager, ipc};

/// An answer, as the page reads it.
#[derive(Debug, Serialize)]
pub struct Answer {
    status: u16,
    body: Box<RawValue>,
}

impl Answer {
    pub(crate) fn error(status: u16, message: impl Into<String>) -> Self {
        let error = ErrorBody::new(ErrorCode::GeneralError, message);
        Self {
            status,
            body: to_raw_value(&error).unwrap_or_else(|_| RawValue::NULL.to_owned()),
        }
    }

    pub(crate) fn json(status: u16, text: Vec<u8>) -> Self {
        match serde_json::from_slice(&text) {
            Ok(body) => Self { status, body },
            Err(error) => Self::error(500, format!("the answer is not JSON: {error}")),
        }
    }
}

/// Answers a request with JSON.
#[tauri::command]
pub async fn request(
    app: AppHandle,
    method: String,
    path: String,
    body: Option<Value>,
    run: Option<String>,
) -> Answer {
    match api(&app) {
        Ok(api) => answer(&api, method, &path, body.as_ref(), run).await,
        Err(answer) => answer,
    }
}

/// Answers a GET with bytes, such as a screenshot.
///
/// # Errors
/// The answer, when it is not bytes.
#[tauri::command]
pub async fn request_bytes(app: AppHandle, path: String) -> Result<ipc::Response, Answer> {
    let bytes = answer_bytes(&api(&app)?, &path).await?;
    Ok(ipc::Response::new(Vec::from(bytes)))
}

/// Does something with the files of this computer: a command of the files dialect. Only the page of a window can ask for it.
#[tauri::command]
pub async fn files_here(app: AppHandle, command: Value) -> Answer {
    let api = match api(&app) {
        Ok(api) => api,
        Err(answer) => return answer,
    };
    let response = api.files_here(command.to_string().as_bytes()).await;
    match response.body {
        Body::Json(text) => Answer::json(response.status, text),
        Body::Bytes { .. } | Body::Stream { .. } => Answer::error(406, "files answer with JSON"),
    }
}

/// The surface; the answer that there is none yet.
pub(crate) fn api(app: &AppHandle) -> Result<Arc<Api>, Answer> {
    let api = app
        .try_state::<Arc<Api>>()
        .ok_or_else(|| Answer::error(503, "the program is still starting"))?;
    Ok(Arc::clone(&api))
}

async fn answer(
    api: &Arc<Api>,
    method: String,
    path: &str,
    body: Option<&Value>,
    run: Option<String>,
) -> Answer {
    let body = match body {
        None | Some(Value::Null) => Bytes::new(),
        Some(body) => Bytes::from(body.to_string()),
    };
    let request = Request {
        run,
        ..Request::of_window(method, path, body)
    };
    let response = api.handle(request).await;
    match response.body {
        Body::Json(text) => Answer::json(response.status, text),
        Body::Bytes { media_type, .. } => Answer::error(
            406,
            format!("{path} answers with {media_type}, not with JSON"),
        ),
        Body::Stream { media_type, .. } => Answer::error(
            406,
            format!("{path} answers with {media_type}, not with JSON"),
        ),
    }
}

async fn answer_bytes(api: &Arc<Api>, path: &str) -> Result<Bytes, Answer> {
    let response = api
        .handle(Request::of_window("GET", path, Bytes::new()))
        .await;
    match response.body {
        Body::Bytes { bytes, .. } => Ok(bytes),
        Body::Json(_) if response.status < 400 => Err(Answer::error(
            406,
            format!("{path} answers with JSON, not with bytes"),
        )),
        Body::Json(text) => Err(Answer::json(response.status, text)),
        // Nothing says how long it is, and this way takes answers whole.
        Body::Stream { .. } => Err(Answer::error(
            406,
            format!("{path} answers with a stream: copy it by a transfer"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use farwire_core::{Config, Core};
    use serde_json::json;

    fn read(answer: &Answer) -> Value {
        serde_json::from_str(answer.body.get()).unwrap()
    }

    async fn api_in(folder: &tempfile::TempDir) -> Arc<Api> {
        Api::new(Core::open(Config::at(folder.path())).await.unwrap())
    }

    #[tokio::test]
    async fn what_follows_the_question_mark_is_the_query() {
        let folder = tempfile::tempdir().unwrap();
        let api = api_in(&folder).await;
        for name in ["press", "lathe"] {
            let body = json!({ "name": name, "protocol": "VNC", "host": "10.0.0.7" });
            let answer = answer(&api, "PUT".to_owned(), "/connection/", Some(&body), None).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
        }
        let answer = answer(
            &api,
            "GET".to_owned(),
            "/connections?q=lat%68e",
            Some(&Value::Null),
            None,
        )
        .await;
        let names: Vec<_> = read(&answer)
            .as_array()
            .unwrap()
            .iter()
            .map(|each| each["name"].clone())
            .collect();
        assert_eq!(names, ["lathe"]);
    }

    #[tokio::test]
    async fn what_goes_wrong_is_an_answer() {
        let folder = tempfile::tempdir().unwrap();
        let api = api_in(&folder).await;
        let missing = answer(&api, "GET".to_owned(), "/nothing", None, None).await;
        assert_eq!(missing.status, 404);
        assert!(
            read(&missing)["error_message"].is_string(),
            "{}",
            missing.body
        );
        assert_eq!(
            answer(&api, "GET".to_owned(), "", None, None).await.status,
            404
        );
        assert_eq!(
            answer_bytes(&api, "/session/none/screenshot")
                .await
                .unwrap_err()
                .status,
            404
        );
        assert_eq!(answer_bytes(&api, "/groups").await.unwrap_err().status, 406);
    }
}

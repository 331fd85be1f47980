//! The two commands of the page. They carry requests of the same surface as HTTP; what goes wrong is an answer.

use bytes::Bytes;
use farwire_api::Api;
use farwire_api::request::{Body, Request, Response};
use farwire_model::error::{ErrorBody, ErrorCode};
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;
use tauri::{AppHandle, Manager, ipc};

/// An answer, as the page reads it.
#[derive(Debug, Serialize)]
pub struct Answer {
    status: u16,
    body: Value,
}

impl Answer {
    fn error(status: u16, message: impl Into<String>) -> Self {
        let error = ErrorBody::new(ErrorCode::GeneralError, message);
        Self {
            status,
            body: json!(error),
        }
    }
}

/// Answers a request with JSON.
#[tauri::command]
pub async fn request(app: AppHandle, method: String, path: String, body: Option<Value>) -> Answer {
    match api(&app) {
        Ok(api) => answer(&api, method, &path, body.as_ref()).await,
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

fn api(app: &AppHandle) -> Result<Arc<Api>, Answer> {
    let api = app
        .try_state::<Arc<Api>>()
        .ok_or_else(|| Answer::error(503, "the program is still starting"))?;
    Ok(Arc::clone(&api))
}

async fn answer(api: &Arc<Api>, method: String, path: &str, body: Option<&Value>) -> Answer {
    let body = match body {
        None | Some(Value::Null) => Bytes::new(),
        Some(body) => Bytes::from(body.to_string()),
    };
    let response = handle(api, method, path, body).await;
    match response.body {
        Body::Json(body) => Answer {
            status: response.status,
            body,
        },
        Body::Bytes { media_type, .. } => Answer::error(
            406,
            format!("{path} answers with {media_type}, not with JSON"),
        ),
    }
}

async fn answer_bytes(api: &Arc<Api>, path: &str) -> Result<Bytes, Answer> {
    let response = handle(api, "GET".to_owned(), path, Bytes::new()).await;
    match response.body {
        Body::Bytes { bytes, .. } => Ok(bytes),
        Body::Json(_) if response.status < 400 => Err(Answer::error(
            406,
            format!("{path} answers with JSON, not with bytes"),
        )),
        Body::Json(body) => Err(Answer {
            status: response.status,
            body,
        }),
    }
}

async fn handle(api: &Arc<Api>, method: String, path: &str, body: Bytes) -> Response {
    api.handle(Request::of_window(method, path, body)).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use farwire_core::{Config, Core};

    async fn api_in(folder: &tempfile::TempDir) -> Arc<Api> {
        Api::new(Core::open(Config::at(folder.path())).await.unwrap())
    }

    #[tokio::test]
    async fn what_follows_the_question_mark_is_the_query() {
        let folder = tempfile::tempdir().unwrap();
        let api = api_in(&folder).await;
        for name in ["press", "lathe"] {
            let body = json!({ "name": name, "protocol": "VNC", "host": "10.0.0.7" });
            let answer = answer(&api, "PUT".to_owned(), "/connection/", Some(&body)).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
        }
        let answer = answer(
            &api,
            "GET".to_owned(),
            "/connections?q=lat%68e",
            Some(&Value::Null),
        )
        .await;
        let names: Vec<_> = answer
            .body
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
        let missing = answer(&api, "GET".to_owned(), "/nothing", None).await;
        assert_eq!(missing.status, 404);
        assert!(
            missing.body["error_message"].is_string(),
            "{}",
            missing.body
        );
        assert_eq!(answer(&api, "GET".to_owned(), "", None).await.status, 404);
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

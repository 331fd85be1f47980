//! The one route with a `cmd`, and keeping a session.

use super::entry::Entry;
use super::steps::{Does, Target, Who};
use super::{channel, files, session};
use crate::answer::{Answer, Form, Nothing};
use crate::error::ApiError;
use crate::fields::Fields;
use crate::keys::{self, keys};
use crate::request::{Response, parse_body};
use crate::route::Call;
use crate::shape::words;
use crate::text::FilePath;
use farwire_core::Core;
use farwire_core::sign_in::Redirect;
use farwire_core::transfer::{Reach, Upload, local_files};
use farwire_model::error::ErrorCode;
use farwire_model::transfer::{FileKind, FileStatus, Files, FilesError, Links, RemotePath};
use schemars::{JsonSchema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Cmd {
    /// Lists a folder.
    Ls,
    /// Removes a file.
    Rm,
    /// Renames `path` to `new_path`; something that is there already is left alone.
    Mv,
    /// Makes a folder.
    Mkdir,
    /// Removes an empty folder.
    Rmdir,
    /// Gets ready to download a file.
    Get,
    /// Gets ready to upload a file.
    Put,
    /// Answers the home folder.
    Home,
}

words!(Cmd);

keys! {
    /// What is done with which file.
    pub(crate) struct Command ignoring others {
        /// What is done.
        cmd: Cmd,
        /// The file or folder: a path as it was answered.
        path: Option<Option<FilePath>>,
        /// The same as a person types it; `path` comes first.
        display_path: Option<Option<FilePath>>,
        /// The new name for MV; for MKDIR and PUT it comes before the others.
        new_path: Option<Option<FilePath>>,
    }
}

/// How a file operation ended.
#[derive(Debug, Serialize, JsonSchema)]
struct Status {
    /// SFTP's number: 0 is success.
    status_code: u32,
    /// What it means here.
    status_message: String,
}

/// What came of it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Outcome {
    /// How it ended.
    status: Status,
    /// The path it was about: a handle.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// The same for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    display_path: Option<String>,
    /// The entries of a folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<Vec<Entry>>,
    /// For the second step of a download.
    #[serde(skip_serializing_if = "Option::is_none")]
    download_id: Option<String>,
    /// For the second step of an upload.
    #[serde(skip_serializing_if = "Option::is_none")]
    upload_id: Option<String>,
}

impl Outcome {
    fn of(path: &RemotePath) -> Self {
        Self {
            status: Status {
                status_code: 0,
                status_message: "OK".to_owned(),
            },
            path: Some(path.handle()),
            display_path: Some(path.to_string()),
            files: None,
            download_id: None,
            upload_id: None,
        }
    }

    fn failed(error: FilesError) -> Self {
        Self {
            status: Status {
                status_code: error.status.code(),
                status_message: error.message,
            },
            path: None,
            display_path: None,
            files: None,
            download_id: None,
            upload_id: None,
        }
    }
}

/// A first step's answer: what came of it, and the cookie for the second.
#[derive(Debug)]
pub(crate) struct FirstStep {
    outcome: Outcome,
    who: Who,
}

impl Answer for FirstStep {
    fn form(generator: &mut SchemaGenerator) -> Form {
        Outcome::form(generator)
    }

    fn respond(self) -> Result<Response, ApiError> {
        let mut response = self.outcome.respond()?;
        response
            .headers
            .push(("cache-control", "no-store".to_owned()));
        response.headers.push(self.who.set_cookie());
        Ok(response)
    }
}

/// Proves the login again with the stored credentials, and keeps the session.
pub(crate) async fn keepalive(call: &Call) -> Result<Nothing, ApiError> {
    let session = session(&call.api, call.id())?;
    call.body()?;
    let core = &call.api.core;
    let report = core
        .test_connection(&session.connection, Redirect::Refuse)
        .await?;
    if let Some(failed) = report.stages.into_iter().find(|stage| !stage.ok) {
        let error = ApiError::new(424, ErrorCode::GeneralError, failed.message);
        return Err(error.about(failed.stage.as_str()));
    }
    files(&session)?.home().await?;
    Ok(Nothing)
}

/// Does what `cmd` says.
pub(crate) async fn run(call: &Call<Command>) -> Result<FirstStep, ApiError> {
    let session = channel(&call.api, call.id())?;
    let command = call.body()?;
    let asked = Asked::of(&command)?;
    let files = files(&session)?;
    let who = Who::first(&call.caller, call.head.cookie.as_deref());
    let outcome = match carry_out(&files, command.cmd, asked).await {
        Err(error) => Outcome::failed(error),
        Ok((outcome, None)) => outcome,
        Ok((mut outcome, Some((does, path)))) => {
            let target = Target {
                does,
                session: session.id.clone(),
                path,
            };
            let id = call
                .api
                .steps
                .begin(target, &who, call.api.core.clock().wall())?;
            match does {
                Does::Download => outcome.download_id = Some(id),
                Does::Upload => outcome.upload_id = Some(id),
            }
            outcome
        }
    };
    Ok(FirstStep { outcome, who })
}

/// Does with the files of this computer what the body's `cmd` says. No route leads here: it is for the person before the window.
///
/// # Errors
/// A body that is no command, one that moves bytes, a path that nobody may reach through Farwire.
pub(crate) async fn run_here(core: &Core, body: &[u8]) -> Result<Response, ApiError> {
    let body = parse_body(body)?;
    let command: Command = keys::read(Fields::of_body(body.as_ref())?)?;
    let asked = Asked::of(&command)?;
    let reach = match command.cmd {
        Cmd::Ls | Cmd::Mkdir | Cmd::Home => Reach::Itself,
        Cmd::Rm | Cmd::Mv | Cmd::Rmdir => Reach::Everything,
        Cmd::Get | Cmd::Put => {
            let message = "files of this computer are copied by a transfer";
            return Err(ApiError::new(400, ErrorCode::InvalidRequestData, message).about("cmd"));
        }
    };
    for (property, path) in [("path", &asked.path), ("new_path", &asked.new_path)] {
        if let Some(path) = path {
            core.check_path_here(property.to_owned(), path, reach)?;
        }
    }
    match carry_out(&local_files(), command.cmd, asked).await {
        Ok((outcome, _)) => outcome.respond(),
        Err(error) => Outcome::failed(error).respond(),
    }
}

/// The paths of a command: which of them has to be there depends on what is done.
struct Asked {
    path: Option<RemotePath>,
    new_path: Option<RemotePath>,
}

impl Asked {
    fn of(command: &Command) -> Result<Self, ApiError> {
        let read = |path: &Option<Option<FilePath>>, key| {
            let path = path.as_ref().and_then(Option::as_ref);
            // An empty text is how clients leave a key out.
            let path = path.filter(|path| !path.0.is_empty());
            path.map(|path| crate::native::read_path(path, key))
                .transpose()
        };
        let path = read(&command.path, "path")?;
        let display_path = read(&command.display_path, "display_path")?;
        let new_path = read(&command.new_path, "new_path")?;
        let mut asked = Self {
            path: path.or(display_path),
            new_path,
        };
        let missing = match command.cmd {
            Cmd::Home => None,
            Cmd::Mkdir | Cmd::Put => {
                asked.path = asked.new_path.take().or(asked.path);
                asked.path.is_none().then_some("new_path")
            }
            Cmd::Mv if asked.path.is_some() && asked.new_path.is_none() => Some("new_path"),
            _ => asked.path.is_none().then_some("path"),
        };
        missing.map_or(Ok(asked), |key| {
            let message = format!("{key} is missing: name the file");
            let code = ErrorCode::RequiredValueMissing;
            Err(ApiError::new(400, code, message).about(key))
        })
    }
}

type Next = Option<(Does, RemotePath)>;

async fn carry_out(
    files: &Arc<dyn Files>,
    cmd: Cmd,
    asked: Asked,
) -> Result<(Outcome, Next), FilesError> {
    let (Some(path), new_path) = (asked.path, asked.new_path) else {
        let home = files.home().await?;
        return Ok((Outcome::of(&home), None));
    };
    let mut outcome = Outcome::of(&path);
    let mut next = None;
    match (cmd, new_path) {
        (Cmd::Home, _) => outcome = Outcome::of(&files.home().await?),
        (Cmd::Ls, _) => {
            let folder = files.real_path(&path).await?;
            let entries = files.list(&folder).await?;
            let entries = entries.into_iter().map(|entry| Entry::of(&folder, entry));
            outcome = Outcome::of(&folder);
            outcome.files = Some(entries.collect());
        }
        (Cmd::Rm, _) => files.remove_file(&path).await?,
        (Cmd::Mv, Some(new_path)) => {
            files.rename(&path, &new_path).await?;
            outcome = Outcome::of(&new_path);
        }
        (Cmd::Mv, None) => {}
        (Cmd::Mkdir, _) => files.make_folder(&path).await?,
        (Cmd::Rmdir, _) => files.remove_folder(&path).await?,
        (Cmd::Get, _) => {
            let attributes = files.attributes(&path, Links::Follow).await?;
            if attributes.kind() != FileKind::File {
                let message = format!("could not download {path}: it is no file");
                return Err(FilesError::new(FileStatus::Failure, message));
            }
            next = Some((Does::Download, path));
        }
        (Cmd::Put, _) => {
            Upload::to(Arc::clone(files), &path).await?;
            next = Some((Does::Upload, path));
        }
    }
    Ok((outcome, next))
}

#[cfg(test)]
mod tests {
    use crate::Api;
    use crate::request::{Body, Response};
    use farwire_core::{Config, Core};
    use serde_json::{Value, json};
    use std::fs;

    fn read(response: Response) -> (u16, Value) {
        let Body::Json(text) = response.body else {
            panic!("no JSON");
        };
        (response.status, serde_json::from_slice(&text).unwrap())
    }

    #[tokio::test]
    async fn files_of_this_computer_are_listed_but_not_our_own() {
        let outer = tempfile::tempdir().unwrap();
        let data = outer.path().join("data");
        fs::create_dir(&data).unwrap();
        fs::write(outer.path().join("a"), "x").unwrap();
        let api = Api::new(Core::open(Config::at(&data)).await.unwrap());
        let run = async |body: Value| read(api.files_here(body.to_string().as_bytes()).await);
        let (status, answer) = run(json!({"cmd": "LS", "path": outer.path()})).await;
        assert_eq!(
            (status, &answer["status"]["status_code"]),
            (200, &json!(0)),
            "{answer}"
        );
        let names: Vec<_> = answer["files"].as_array().unwrap().iter().collect();
        assert_eq!(names.len(), 2, "{answer}");
        let moved = json!({"cmd": "MV", "path": outer.path().join("a"), "new_path": outer.path().join("b")});
        assert_eq!(run(moved).await.1["status"]["status_code"], 0);
        assert!(outer.path().join("b").exists());
        for refused in [
            json!({"cmd": "LS", "path": data}),
            json!({"cmd": "RM", "path": data.join("lock")}),
            json!({"cmd": "MV", "path": outer.path(), "new_path": "/tmp/elsewhere"}),
            json!({"cmd": "LS", "path": "relative"}),
            json!({"cmd": "GET", "path": outer.path().join("b")}),
        ] {
            assert_eq!(run(refused.clone()).await.0, 400, "{refused}");
        }
    }
}

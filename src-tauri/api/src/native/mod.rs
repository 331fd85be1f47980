//! The native dialect: its route table, and one file a noun.

mod connections;
mod credentials;
mod groups;
mod openapi;
mod opening;
mod sessions;
mod settings;
mod trust;

use crate::answer::Answer;
use crate::route::{Access, Asked, Effect, Route, describe};
use farwire_model::token::Scope;

// The handler's type says which keys its body and its query have and what it answers: see `Call` and `Answer`.
macro_rules! routes {
    ($($method:ident $pattern:literal $($effect:ident)? $([$($status:literal)+])?, $access:expr, $handler:path, $doc:literal;)*) => {
        &[$(Route {
            method: stringify!($method),
            pattern: $pattern,
            effect: effect!($method $($effect)?),
            refuses: &[$($($status),+)?],
            access: $access,
            doc: $doc,
            run: |asked: Asked| Box::pin(async move { $handler(&asked.typed()?).await?.respond() }),
            describe: |generator| describe($handler, generator),
        }),*]
    };
}

// Whatever is no GET says what it does to saved things.
macro_rules! effect {
    (GET) => {
        Effect::Reads
    };
    ($method:ident $effect:ident) => {
        Effect::$effect
    };
}

const READ: Access = Access::Scope(Scope::Read);
const WRITE: Access = Access::Scope(Scope::Write);
const CONNECT: Access = Access::Scope(Scope::Connect);
const CREDENTIALS: Access = Access::Scope(Scope::Credentials);
const TRUST: Access = Access::Scope(Scope::Trust);
const ADMIN: Access = Access::Scope(Scope::Admin);
const OPEN: Access = Access::Open;

/// Every route of the native dialect. A literal segment stands before a `{…}` at the same place.
pub static ROUTES: &[Route] = routes! {
    GET "/groups", READ, groups::list, "Every group.";
    GET "/group/none", READ, groups::ungrouped, "The connections without a group.";
    GET "/group/{group_uid}", READ, groups::items, "The connections of a group.";
    PUT "/group" Creates, WRITE, groups::create, "Makes a group.";
    PUT "/group/{group_uid}" Changes, WRITE, groups::update, "Renames or moves a group.";
    DELETE "/group/{group_uid}" Deletes, WRITE, groups::delete, "Deletes a group; its connections stay unless ?recursive=1.";

    GET "/nearby", READ, connections::nearby, "Machines that announce themselves on the local network now.";
    GET "/connections", READ, connections::list, "Every connection, or those that contain ?q=.";
    PUT "/connection" Creates, WRITE, connections::create, "Saves a connection.";
    GET "/connection/{uid}", READ, connections::show, "One connection.";
    PUT "/connection/{uid}" Changes, WRITE, connections::update, "Changes a connection.";
    DELETE "/connection/{uid}" Deletes, WRITE, connections::delete, "Deletes a connection and its credentials.";
    ACTION "/connection/{uid}/duplicate" Creates, WRITE, connections::duplicate, "Saves a copy without credentials.";
    ACTION "/connection/{uid}/connect" Acts [409 424], CONNECT, opening::connect, "Opens a connection; ?wait=1 answers when it is up.";
    ACTION "/connection/{uid}/observe" Acts [409 424], CONNECT, opening::observe, "Opens a connection without taking control.";
    ACTION "/connection/{uid}/disconnect" Acts, CONNECT, opening::disconnect, "Ends every session of a connection.";
    ACTION "/connection/{uid}/test" Acts [409 424], CONNECT, opening::test, "Goes through every stage once and reports each.";

    GET "/connection/{uid}/credentials" [409], READ, credentials::show, "User names; secrets only with ?reveal=1.";
    PUT "/connection/{uid}/credentials" Changes [409], CREDENTIALS, credentials::update, "Writes credentials.";
    DELETE "/connection/{uid}/credentials" Deletes, CREDENTIALS, credentials::delete, "Deletes credentials.";

    GET "/sessions", READ, sessions::list, "Every live session.";
    GET "/session/{session_id}", READ, sessions::show, "One session.";
    PUT "/session/{session_id}" Acts, CONNECT, sessions::update, "Takes or gives control, asks for a size.";
    DELETE "/session/{session_id}" Acts, CONNECT, sessions::end, "Ends a session.";
    ACTION "/session/{session_id}/reconnect" Acts, CONNECT, sessions::reconnect, "Tries again now.";
    GET "/session/{session_id}/screenshot" [409], CONNECT, sessions::screenshot, "The picture as PNG or JPEG.";
    PUT "/session/{session_id}/input" Acts [409], CONNECT, sessions::input, "Types text, presses keys, moves the pointer.";
    GET "/session/{session_id}/stream" [426], CONNECT, sessions::stream, "The pixels and input of a session, as a WebSocket by ticket.";
    GET "/events" [426], READ, sessions::events, "Every change, as a WebSocket by ticket.";
    PUT "/ticket" Acts [404], CONNECT, sessions::ticket, "A single-use ticket for a WebSocket.";

    GET "/trust", READ, trust::list, "Every host key and certificate that was seen.";
    PUT "/trust" Creates, TRUST, trust::accept, "Accepts a host key or certificate by its fingerprint.";
    DELETE "/trust/{id}" Deletes, TRUST, trust::forget, "Forgets a decision.";

    GET "/settings", ADMIN, settings::show, "The application's settings.";
    PUT "/settings" Sets [409], ADMIN, settings::update, "Changes settings.";
    GET "/tokens", ADMIN, settings::tokens, "Every token, without its text.";
    PUT "/tokens" Creates, ADMIN, settings::create_token, "Makes a token; its text is answered once.";
    DELETE "/token/{id}" Deletes, ADMIN, settings::delete_token, "Makes a token useless.";
    GET "/vault", READ, settings::vault, "Whether secrets can be read and written.";
    ACTION "/vault/unlock" Acts [409], ADMIN, settings::unlock, "Unlocks the vault.";
    ACTION "/vault/lock" Acts, ADMIN, settings::lock, "Locks the vault.";
    PUT "/ui/signin" Acts [401], OPEN, settings::sign_in, "Signs the browser page in with a one-time code.";
    GET "/openapi.json", OPEN, openapi::show, "This document.";
    GET "/version", OPEN, settings::version, "What this is, and a proof that it knows given tokens.";
};

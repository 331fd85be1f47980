//! The native dialect: its route table, and one file a noun.

mod backups;
mod connections;
mod credentials;
mod groups;
mod sessions;
mod settings;
mod trust;
mod vault;

use crate::route::{Access, Route};
use farwire_model::token::Scope;

macro_rules! routes {
    ($($method:ident $pattern:literal $(? $($key:literal)+)?, $access:expr, $handler:path, $doc:literal;)*) => {
        &[$(Route {
            method: stringify!($method),
            pattern: $pattern,
            access: $access,
            doc: $doc,
            query: &[$($($key),+)?],
            handler: |call| Box::pin($handler(call)),
        }),*]
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
    PUT "/group", WRITE, groups::create, "Makes a group.";
    PUT "/group/{group_uid}", WRITE, groups::update, "Renames or moves a group.";
    DELETE "/group/{group_uid}" ? "recursive", WRITE, groups::delete, "Deletes a group; its connections stay unless ?recursive=1.";

    GET "/nearby", READ, connections::nearby, "Machines that announce themselves on the local network now.";
    GET "/connections" ? "q", READ, connections::list, "Every connection, or those that contain ?q=.";
    PUT "/connection", WRITE, connections::create, "Saves a connection.";
    GET "/connection/{uid}", READ, connections::show, "One connection.";
    PUT "/connection/{uid}", WRITE, connections::update, "Changes a connection.";
    DELETE "/connection/{uid}", WRITE, connections::delete, "Deletes a connection and its credentials.";
    ACTION "/connection/{uid}/duplicate", WRITE, connections::duplicate, "Saves a copy without credentials.";
    ACTION "/connection/{uid}/connect" ? "wait" "timeout", CONNECT, sessions::connect, "Opens a connection; ?wait=1 answers when it is up.";
    ACTION "/connection/{uid}/observe" ? "wait" "timeout", CONNECT, sessions::observe, "Opens a connection without taking control.";
    ACTION "/connection/{uid}/disconnect", CONNECT, sessions::disconnect, "Ends every session of a connection.";
    ACTION "/connection/{uid}/test", CONNECT, sessions::test, "Goes through every stage once and reports each.";

    GET "/connection/{uid}/credentials" ? "reveal", READ, credentials::show, "User names; secrets only with ?reveal=1.";
    PUT "/connection/{uid}/credentials", CREDENTIALS, credentials::update, "Writes credentials.";
    DELETE "/connection/{uid}/credentials", CREDENTIALS, credentials::delete, "Deletes credentials.";

    GET "/sessions", READ, sessions::list, "Every live session.";
    GET "/session/{id}", READ, sessions::show, "One session.";
    PUT "/session/{id}", CONNECT, sessions::update, "Takes or gives control, asks for a size.";
    DELETE "/session/{id}", CONNECT, sessions::end, "Ends a session.";
    ACTION "/session/{id}/reconnect", CONNECT, sessions::reconnect, "Tries again now.";
    GET "/session/{id}/screenshot" ? "format" "width" "height" "keep_aspect", CONNECT, sessions::screenshot, "The picture as PNG or JPEG.";
    PUT "/session/{id}/input", CONNECT, sessions::input, "Types text, presses keys, moves the pointer.";
    GET "/session/{id}/stream" ? "ticket", CONNECT, sessions::stream, "The pixels and input of a session, as a WebSocket by ticket.";
    GET "/events" ? "ticket", READ, sessions::events, "Every change, as a WebSocket by ticket.";
    PUT "/ticket", CONNECT, sessions::ticket, "A single-use ticket for a WebSocket.";

    GET "/trust", READ, trust::list, "Every host key and certificate that was seen.";
    PUT "/trust", TRUST, trust::accept, "Accepts a host key or certificate by its fingerprint.";
    DELETE "/trust/{id}", TRUST, trust::forget, "Forgets a decision.";

    GET "/settings", ADMIN, settings::show, "The application's settings.";
    PUT "/settings", ADMIN, settings::update, "Changes settings.";
    GET "/tokens", ADMIN, settings::tokens, "Every token, without its text.";
    PUT "/tokens", ADMIN, settings::create_token, "Makes a token; its text is answered once.";
    DELETE "/token/{id}", ADMIN, settings::delete_token, "Makes a token useless.";
    GET "/backups", ADMIN, backups::list, "Every backup, newest first.";
    ACTION "/backups", ADMIN, backups::make, "Backs everything saved up now.";
    ACTION "/backup/{id}/restore", ADMIN, backups::restore, "Lets saved things be what they are in a backup, after another one of what they are now.";
    GET "/vault", READ, vault::show, "Whether secrets can be read and written.";
    PUT "/vault", ADMIN, vault::update, "Changes the passphrase, or where the master key is kept.";
    ACTION "/vault/unlock", ADMIN, vault::unlock, "Unlocks the vault.";
    ACTION "/vault/lock", ADMIN, vault::lock, "Locks the vault.";
    ACTION "/vault/rotate", ADMIN, vault::rotate, "Replaces the master key and seals every secret anew.";
    PUT "/ui/signin", OPEN, settings::sign_in, "Signs the browser page in with a one-time code.";
    GET "/version" ? "nonce" "token", OPEN, settings::version, "What this is, and a proof that it knows given tokens.";
};

//! The native dialect: its route table, and one file a noun.

mod addresses;
mod backups;
mod connections;
mod credentials;
mod files;
mod groups;
mod history;
mod imports;
mod openapi;
mod opening;
mod passwords;
mod sessions;
mod settings;
mod shared_credentials;
mod transfers;
mod trust;
mod tunnels;
mod vault;

use crate::answer::Answer;
use crate::privx::{download, file, upload};
use crate::route::{Access, Asked, Effect, Route, describe, takes_bytes};
use farwire_model::token::Scope;

pub(crate) use openapi::Documents;
pub(crate) use transfers::read_path;

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
            takes_bytes: takes_bytes(&$handler),
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
const FILES: Access = Access::Scope(Scope::Files);
const CREDENTIALS: Access = Access::Scope(Scope::Credentials);
const TRUST: Access = Access::Scope(Scope::Trust);
const ADMIN: Access = Access::Scope(Scope::Admin);
const PROOF: Access = Access::Proof;
const OPEN: Access = Access::Open;

/// Every route of every dialect. A literal segment stands before a `{…}` at the same place.
pub static ROUTES: &[Route] = routes! {
    GET "/groups", READ, groups::list, "Every group.";
    GET "/group/none", READ, groups::ungrouped, "The connections without a group.";
    GET "/group/{group_uid}", READ, groups::items, "The connections of a group.";
    PUT "/group" Creates, WRITE, groups::create, "Makes a group; lending something to what lies in it needs the scope reveal, too.";
    PUT "/group/{group_uid}" Changes, WRITE, groups::update, "Renames or moves a group; lending something to what lies in it needs the scope reveal, too.";
    DELETE "/group/{group_uid}" Deletes, WRITE, groups::delete, "Deletes a group; its connections stay unless ?recursive=1.";

    GET "/nearby", READ, connections::nearby, "Machines that announce themselves on the local network now.";
    GET "/connections", READ, connections::list, "Every connection, or those that contain ?q=.";
    PUT "/connection" Creates, WRITE, connections::create, "Saves a connection; ssh.forward_agent, ssh.forward_x11 and rdp.drive need the scope reveal, too.";
    PUT "/address" Sets, WRITE, addresses::save, "Finds the SSH connection that an address stands for by ~/.ssh/config, or saves one; needs the scope credentials, too.";
    GET "/connection/{uid}", READ, connections::show, "One connection.";
    PUT "/connection/{uid}" Changes, WRITE, connections::update, "Changes a connection; lending its machine something, or moving one that is lent something, needs the scope reveal, too.";
    DELETE "/connection/{uid}" Deletes, WRITE, connections::delete, "Deletes a connection and its credentials.";
    ACTION "/connection/{uid}/duplicate" Creates, WRITE, connections::duplicate, "Saves a copy without credentials.";
    ACTION "/connection/{uid}/connect" Acts [409 424], CONNECT, opening::connect, "Opens a connection; ?wait=1 answers when it is up.";
    ACTION "/connection/{uid}/observe" Acts [409 424], CONNECT, opening::observe, "Opens a connection without taking control.";
    ACTION "/connection/{uid}/ft" Acts [409 424], CONNECT, opening::files, "Opens the files of a connection; ?wait=1 answers when they are there.";
    ACTION "/connection/{uid}/terminal" Acts [409 424], CONNECT, opening::terminal, "Opens a shell on the machine of an SSH connection.";
    ACTION "/connection/{uid}/exec" Acts [409 424], CONNECT, opening::exec, "Runs one command on the machine of an SSH connection, on a link of its own.";
    ACTION "/connection/{uid}/wake" Acts [409], CONNECT, connections::wake, "Wakes the machine by its network card; whether it wakes is not known.";
    ACTION "/connection/{uid}/disconnect" Acts, CONNECT, opening::disconnect, "Ends every session of a connection.";
    ACTION "/connection/{uid}/test" Acts [409 424], CONNECT, opening::test, "Goes through every stage once and reports each.";

    GET "/connection/{uid}/credentials" [409], READ, credentials::show, "User names; secrets only with ?reveal=1.";
    PUT "/connection/{uid}/credentials" Changes [409], CREDENTIALS, credentials::update, "Writes credentials.";
    DELETE "/connection/{uid}/credentials" Deletes, CREDENTIALS, credentials::delete, "Deletes credentials.";
    ACTION "/connection/{uid}/credentials/copy" Acts [409], PROOF, passwords::of_connection, "Hands the password out that it signs in with, to a person who proves himself by the vault's passphrase, each time, or to a token that may read secrets.";

    GET "/credentials", CREDENTIALS, shared_credentials::list, "Every shared credentials, without secrets.";
    PUT "/credential" Creates [409], CREDENTIALS, shared_credentials::create, "Saves credentials that connections can share.";
    GET "/credential/{credential_uid}" [409], CREDENTIALS, shared_credentials::show, "One of them; secrets only with ?reveal=1.";
    PUT "/credential/{credential_uid}" Changes [409], CREDENTIALS, shared_credentials::update, "Changes shared credentials, for every connection that uses them.";
    DELETE "/credential/{credential_uid}" Deletes [409], CREDENTIALS, shared_credentials::delete, "Deletes shared credentials that no connection uses.";
    ACTION "/credential/{credential_uid}/copy" Acts [409], PROOF, passwords::of_shared, "Hands their password out, as a connection's.";

    GET "/sessions", READ, sessions::list, "Every live session.";
    GET "/session/{session_id}", READ, sessions::show, "One session.";
    PUT "/session/{session_id}" Acts [409], CONNECT, sessions::update, "Takes or gives control, asks for a size.";
    DELETE "/session/{session_id}" Acts, CONNECT, sessions::end, "Ends a session.";
    ACTION "/session/{session_id}/reconnect" Acts [409], CONNECT, sessions::reconnect, "Tries again now.";
    GET "/session/{session_id}/screenshot" [409], CONNECT, sessions::screenshot, "The picture as PNG or JPEG.";
    GET "/session/{session_id}/text" [409], CONNECT, sessions::text, "The screen of a shell as text, with ?above= lines above it.";
    GET "/session/{session_id}/file" [424], FILES, files::show, "The first bytes of a file, of a session of files.";
    DELETE "/session/{session_id}/file" Acts [409 424], FILES, files::discard, "Moves a file, or a folder with all that is in it, into the machine's trash folder, the setting ssh.trash.";
    PUT "/session/{session_id}/file" Acts [409 424], FILES, files::update, "Sets a file's permissions, or replaces its text where nobody else did meanwhile.";
    PUT "/session/{session_id}/answers" Acts [409], CONNECT, sessions::answer, "Answers what the machine asks while signing in.";
    PUT "/session/{session_id}/input" Acts [409], CONNECT, sessions::input, "Types text, presses keys, moves the pointer.";
    GET "/session/{session_id}/stream" [426], CONNECT, sessions::stream, "The pixels and input of a session, as a WebSocket by ticket.";
    GET "/events" [426], READ, sessions::events, "Every change, as a WebSocket by ticket.";
    PUT "/ticket" Acts [404], CONNECT, sessions::ticket, "A single-use ticket for a WebSocket; that of events needs the scope read.";

    GET "/tunnels", CONNECT, tunnels::list, "Every tunnel, with what it carried so far.";
    PUT "/tunnels" Acts [404 409 424], CONNECT, tunnels::open, "Opens a tunnel through an SSH connection; ?wait=1 answers when it listens.";
    GET "/tunnel/{tunnel_id}", CONNECT, tunnels::show, "One tunnel.";
    DELETE "/tunnel/{tunnel_id}" Acts, CONNECT, tunnels::close, "Closes a tunnel: nothing listens any more, and what it carried is closed.";

    GET "/transfers", FILES, transfers::list, "Every transfer of files, the oldest first.";
    PUT "/transfer" Acts [409 424], FILES, transfers::create, "Copies a file or folder from one machine to another, this computer among them.";
    GET "/transfer/{transfer_id}", FILES, transfers::show, "One transfer.";
    DELETE "/transfer/{transfer_id}" Acts [409], FILES, transfers::forget, "Forgets a transfer that is over; what was copied stays.";
    ACTION "/transfer/{transfer_id}/pause" Acts [409], FILES, transfers::pause, "Holds a transfer; what is copied stays.";
    ACTION "/transfer/{transfer_id}/resume" Acts [409], FILES, transfers::resume, "Goes on with a transfer that was held or that asks.";
    ACTION "/transfer/{transfer_id}/retry" Acts [409], FILES, transfers::resume, "Tries again what could not be copied.";
    ACTION "/transfer/{transfer_id}/cancel" Acts [409], FILES, transfers::cancel, "Ends a transfer and removes what is half copied.";

    PUT "/import" Sets [413], WRITE, imports::import, "Reads an .rdp file and saves it as a connection, without secrets, or with ?preview=1 says what that would be; needs the scope credentials, too.";
    ACTION "/import/{import_id}/apply" Sets, WRITE, imports::apply, "Saves what a file said that was read with ?preview=1; needs the scope credentials, too.";
    GET "/export" [404 409], READ, imports::export, "Writes a connection as an .rdp file, without secrets.";

    GET "/history", READ, history::list, "What was changed, the newest first.";
    GET "/history/{id}", READ, history::show, "One change, with every field that differs.";
    ACTION "/history/{id}/undo" Sets [409], WRITE, history::undo, "Takes a change back; needs the scopes that making it needed.";
    ACTION "/history/{id}/restore" Sets [409], WRITE, history::restore, "Brings things back to how a change left them, and what it deleted to how it was.";
    ACTION "/run/{name}/undo" Sets [409], WRITE, history::undo_run, "Takes back every change that was made with this Farwire-Run.";
    GET "/audit", ADMIN, history::audit, "Who asked for what, the newest first.";

    GET "/trust", READ, trust::list, "Every host key and certificate that was seen.";
    PUT "/trust" Sets, TRUST, trust::accept, "Accepts a host key or certificate by its fingerprint.";
    DELETE "/trust/{id}" Deletes, TRUST, trust::forget, "Forgets a decision.";

    ACTION "/ssh-proxy/api/v1/connections/{connection_id}/keepalive" Acts [409 424], FILES, file::keepalive, "Proves the login again and keeps the session.";
    ACTION "/ssh-proxy/api/v1/connections/{channel}/file" Acts [424], FILES, file::run, "Lists, renames, makes, removes, or gets ready to move a file; channel is connection_id:channel_id.";
    ACTION "/ssh-proxy/api/v1/connections/{channel}/file/upload/{upload_id}" Acts [424], FILES, upload::run, "Takes the bytes of an upload.";
    GET "/ssh-proxy/api/v1/connections/{channel}/file/download/{download_id}" [416 424], FILES, download::run, "Answers a file, or parts of it.";

    GET "/settings", ADMIN, settings::show, "The application's settings.";
    PUT "/settings" Acts [409], ADMIN, settings::update, "Changes settings.";
    GET "/tokens", ADMIN, settings::tokens, "Every token, without its text.";
    PUT "/tokens" Acts, ADMIN, settings::create_token, "Makes a token; its text is answered once.";
    DELETE "/token/{id}" Acts [404], ADMIN, settings::delete_token, "Makes a token useless.";
    GET "/backups", ADMIN, backups::list, "Every backup, newest first.";
    ACTION "/backups" Acts [409], ADMIN, backups::make, "Backs everything saved up now.";
    ACTION "/backup/{id}/restore" Acts [409], ADMIN, backups::restore, "Lets saved things be what they are in a backup, after another one of what they are now; needs the scopes write, credentials and trust.";
    GET "/vault", READ, vault::show, "Whether secrets can be read and written.";
    PUT "/vault" Acts [409], ADMIN, vault::update, "Changes the passphrase, or where the master key is kept.";
    ACTION "/vault/unlock" Acts [409], ADMIN, vault::unlock, "Unlocks the vault.";
    ACTION "/vault/lock" Acts, ADMIN, vault::lock, "Locks the vault.";
    ACTION "/vault/rotate" Acts [409], ADMIN, vault::rotate, "Replaces the master key and seals every secret anew.";
    PUT "/ui/signin" Acts [401], OPEN, settings::sign_in, "Signs the browser page in with a one-time code.";
    GET "/openapi.json", OPEN, openapi::show, "This document.";
    GET "/version", OPEN, settings::version, "What this is, and a proof that it knows given tokens.";
};

//! The whole application against real servers. Nothing here but tests.
//!
//! | module | tests |
//! | --- | --- |
//! | `layout` | who may depend on whom, who may import what |
//! | `routes` | every route of the table: tokens, scopes, verbs |
//! | `openapi`, `bodies` | the document of all routes, and whether bodies are taken as it says |
//! | `guard` | what a request's head must look like: hosts, origins, types, no two readings |
//! | `limits` | sizes and times: what is too large or too slow |
//! | `switch` | where we listen, and the switch of the HTTP API |
//! | `folder` | the data folder: who may read it, and what is in it after a kill |
//! | `saved` | groups, connections, credentials, trust, settings, tokens |
//! | `history` | what was changed can be taken back, runs, dry runs |
//! | `repeats` | the same request asked twice, and many at once |
//! | `audit` | who did what; nobody passes it by or floods it |
//! | `events` | change events: numbers, coming back, tokens that are revoked |
//! | `lists` | searching, filtering, ordering, paging; waking |
//! | `secrets` | a secret goes to no other machine |
//! | `shared` | shared credentials: used, refused elsewhere, taken back, moved |
//! | `canary` | a secret is nowhere but where it was asked for |
//! | `vault` | the vault: passphrase, master key, locking, moving to another machine |
//! | `vnc` | sessions on a real Xvnc: pictures, input, failures |
//! | `others` | the same on x11vnc, QEMU, wayvnc, and on a very large screen |
//! | `shaped` | automatic quality follows what a link carries |
//! | `sleep` | this computer sleeps: dead links are noticed, live ones stay |
//! | `stream` | a viewer over a WebSocket sees what the machine shows |
//! | `nearby` | a machine that announces itself is found |
//! | `daemon` | the farwired program itself |
//! | `backups` | going back to a backup, in the running program and without it |
//! | `damage` | farwired on damaged files |
//!
//! The others are what tests are made of: `app`, `client`, `contract`, `peers`, `wire`, `xvnc`.

#![cfg(test)]

mod app;
mod audit;
mod backups;
mod bodies;
mod canary;
mod client;
mod contract;
mod daemon;
mod damage;
mod events;
mod folder;
mod guard;
mod history;
mod layout;
mod limits;
mod lists;
mod nearby;
mod openapi;
mod others;
mod peers;
mod remote;
mod repeats;
mod routes;
mod saved;
mod secrets;
mod shaped;
mod shared;
mod sleep;
mod stream;
mod switch;
mod vault;
mod vnc;
mod wire;
mod xvnc;

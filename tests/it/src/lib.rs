//! The whole application against real servers. Nothing here but tests.
//!
//! | module | tests |
//! | --- | --- |
//! | `layout` | who may depend on whom, who may import what |
//! | `routes` | every route of the table: tokens, scopes, verbs |
//! | `openapi`, `bodies` | the document of all routes, and whether bodies are taken as it says |
//! | `guard` | hosts, origins, bodies, limits, where we listen |
//! | `saved` | groups, connections, credentials, trust, settings, tokens |
//! | `history` | what was changed can be taken back, runs, dry runs, requests asked twice, the audit |
//! | `events` | change events: numbers, coming back, tokens that are revoked |
//! | `lists` | searching, filtering, ordering, paging; waking |
//! | `secrets` | a secret goes to no other machine |
//! | `shared` | shared credentials: used, refused elsewhere, taken back, moved |
//! | `canary` | a secret is nowhere but where it was asked for |
//! | `vault` | the vault: passphrase, master key, locking, moving to another machine |
//! | `vnc` | sessions on a real Xvnc: pictures, input, failures |
//! | `others` | the same on x11vnc, QEMU, wayvnc, and on a very large screen |
//! | `sleep` | this computer sleeps: dead links are noticed, live ones stay |
//! | `stream` | a viewer over a WebSocket sees what the machine shows |
//! | `nearby` | a machine that announces itself is found |
//! | `daemon` | the farwired program itself |
//! | `backups` | going back to a backup, in the running program and without it |
//! | `damage` | farwired on damaged files |

#![cfg(test)]

mod app;
mod backups;
mod bodies;
mod canary;
mod client;
mod contract;
mod daemon;
mod damage;
mod events;
mod guard;
mod history;
mod layout;
mod lists;
mod nearby;
mod openapi;
mod others;
mod peers;
mod routes;
mod saved;
mod secrets;
mod shared;
mod sleep;
mod stream;
mod vault;
mod vnc;
mod xvnc;

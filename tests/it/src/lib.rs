//! The whole application against real servers. Nothing here but tests.
//!
//! | module | tests |
//! | --- | --- |
//! | `layout` | who may depend on whom, who may import what |
//! | `routes` | every route of the table: tokens, scopes, verbs |
//! | `openapi`, `bodies` | the document of all routes, and whether bodies are taken as it says |
//! | `guard` | hosts, origins, bodies, limits, where we listen |
//! | `saved` | groups, connections, credentials, trust, settings, tokens |
//! | `secrets` | a secret goes to no other machine |
//! | `vnc` | sessions on a real Xvnc: pictures, input, failures |
//! | `others` | the same on x11vnc, QEMU, wayvnc, and on a very large screen |
//! | `sleep` | this computer sleeps: dead links are noticed, live ones stay |
//! | `stream` | a viewer over a WebSocket sees what the machine shows |
//! | `nearby` | a machine that announces itself is found |
//! | `daemon` | the farwired program itself |

#![cfg(test)]

mod app;
mod bodies;
mod client;
mod contract;
mod daemon;
mod guard;
mod layout;
mod nearby;
mod openapi;
mod others;
mod peers;
mod routes;
mod saved;
mod secrets;
mod sleep;
mod stream;
mod vnc;
mod xvnc;

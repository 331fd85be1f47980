//! The whole application against real servers. Nothing here but tests.
//!
//! | module | tests |
//! | --- | --- |
//! | `layout` | who may depend on whom, who may import what |
//! | `routes` | every route of the table: tokens, scopes, verbs |
//! | `openapi`, `bodies` | the document of all routes, and whether bodies are taken as it says |
//! | `guard` | what a request's head must look like: hosts, origins, types, no two readings |
//! | `guesses` | guessing at tokens |
//! | `framing` | bodies that lie about where they end |
//! | `limits` | sizes and times: what is too large or too slow |
//! | `kept` | connections kept open: tokens that are gone, heads that never end |
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
//! | `decision` | who decides that shared credentials go to a machine |
//! | `authors` | who wrote shared credentials sends them; taking back leaves things as they were |
//! | `passwords` | a stored password is handed out to who proves himself, and to nobody else |
//! | `canary` | a secret is nowhere but where it was asked for |
//! | `wake_on_lan` | the packet that wakes a machine, at the other end of a cable |
//! | `vault` | the vault: passphrase, master key, locking, moving to another machine |
//! | `locked` | a locked vault is 409 wherever a secret is needed |
//! | `vnc` | sessions on a real Xvnc: pictures, input, failures |
//! | `others` | the same on x11vnc, QEMU, wayvnc, and on a very large screen |
//! | `shaped` | automatic quality follows what a link carries |
//! | `sleep` | this computer sleeps: dead links are noticed, live ones stay |
//! | `rdp` | sessions on real RDP servers: certificates, signing in, pictures, input, sizes, failures |
//! | `rdp_exact` | the same on a server of the tests' own: exact pixels and keys, both outcomes of NLA, noise |
//! | `rdp_picture` | their codecs, and nothing drawn where nobody looks |
//! | `ssh` | SSH connections through the API: shells, commands, host keys, ways through other machines |
//! | `ssh_sign_in` | every way of signing in to a real SSH server |
//! | `ssh_connect` | links to real SSH servers: signing in, host keys, machines in between |
//! | `privx` | the files dialect on a real SSH server |
//! | `privx_steps` | its two steps: cookies, time, broken links |
//! | `resumed` | copies that are broken off go on where they were |
//! | `transfers` | copies of files to and from a real SSH server |
//! | `lend` | signing in with an agent; the agent and the display lent to a machine |
//! | `trash` | what is deleted lies in a folder of the machine |
//! | `address` | what `~/.ssh/config` says of an address, and the way it leads |
//! | `tunnels` | ports, sockets and a proxy through a real SSH server |
//! | `tunnels_ended` | how they fail, wait and end; VNC through SSH |
//! | `stream` | a viewer over a WebSocket sees what the machine shows |
//! | `unseen` | a machine sends nothing where nobody looks |
//! | `nearby` | a machine that announces itself is found |
//! | `daemon` | the farwired program itself |
//! | `backups` | going back to a backup, in the running program and without it |
//! | `damage` | farwired on damaged files |
//!
//! The others are what tests are made of: `app`, `client`, `contract`, `peers`, `rdp_server`, `sshd`, `wire`, `xrdp`, `xvnc`.

#![cfg(test)]

mod address;
mod app;
mod audit;
mod authors;
mod backups;
mod bodies;
mod canary;
mod client;
mod contract;
mod daemon;
mod damage;
mod decision;
mod distant;
mod events;
mod folder;
mod framing;
mod guard;
mod guesses;
mod history;
mod inheritance;
mod kept;
mod layout;
mod lend;
mod lending;
mod limits;
mod line;
mod lists;
mod locked;
mod nearby;
mod openapi;
mod others;
mod passwords;
mod peers;
mod privx;
mod privx_steps;
mod rdp;
mod rdp_anew;
mod rdp_clipboard;
mod rdp_drive;
mod rdp_exact;
mod rdp_files;
mod rdp_picture;
mod rdp_sent_on;
mod rdp_server;
mod rdp_server_clip;
mod rdp_server_parts;
mod rdp_wishes;
mod remote;
mod repeats;
mod resumed;
mod routes;
mod saved;
mod secrets;
mod shaped;
mod shared;
mod single_files;
mod sleep;
mod ssh;
mod ssh_connect;
mod ssh_faults;
mod ssh_log;
mod ssh_sign_in;
mod sshd;
mod stream;
mod switch;
mod together;
mod transfers;
mod trash;
mod tunnels;
mod tunnels_ended;
mod unseen;
mod vault;
mod vnc;
mod wake_on_lan;
mod wire;
mod xrdp;
mod xvnc;

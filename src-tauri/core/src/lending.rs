//! Who decides which machines are lent this computer's SSH agent or its X display.
//!
//! Whoever is lent the agent signs in as its owner elsewhere, and whoever is lent the display sees and types what he does. So
//! letting a machine have them, or letting another machine have what one has, takes a person or a token that may read secrets,
//! whatever makes the change: settings, a group, another address, taking something back.

use crate::decision::Earlier;
use crate::error::CoreError;
use crate::inheritance::setting;
use crate::origin::{CONFIGURATION, Origin};
use crate::saved::Change;
use farwire_model::connection::{Connection, ProtocolKind};
use farwire_model::credentials::Endpoint;
use farwire_model::group::Group;
use farwire_model::ids::GroupId;
use farwire_model::token::Scope;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is lent, each by a setting.
const LENDING: [&str; 2] = ["ssh.forward_agent", "ssh.forward_x11"];

/// Which machine a setting lends something to.
type Lent<'a> = Option<(Endpoint, Option<&'a Value>)>;

/// Refuses a change after which a machine is lent what it was not before.
///
/// # Errors
/// The caller may not read secrets.
pub(crate) fn check(change: &Change<'_>, by: &Origin, was: &Earlier) -> Result<(), CoreError> {
    // Who writes the owner's own configuration needs no agent to be him.
    if by.may_reveal || by.who == CONFIGURATION {
        return Ok(());
    }
    let all = change.all();
    let is = |id: &str| all.groups.get(id);
    let find = |id: &str| was.group(all, id);
    for key in LENDING {
        let mut groups = all.groups.values().filter(|_| was.has_groups());
        let turned = groups.any(|group| {
            // What lies in a new group was put there by this change, and is looked at one by one.
            let is_known = find(group.id.as_str()).is_some();
            let parent = group.parent.as_ref().filter(|_| is_known);
            let before = find(group.id.as_str())
                .is_some_and(|before| lends(&find, &before.settings, before.parent.as_ref(), key));
            lends(&is, &group.settings, parent, key) && !before
        });
        let mut touched = was.touched(all);
        let is_lent = touched.any(|(before, now)| {
            let lent = lent(&is, now, key);
            lent.is_some() && lent != before.and_then(|before| self::lent(&find, before, key))
        });
        if turned || is_lent {
            return Err(CoreError::Denied {
                scope: Scope::Reveal,
            });
        }
    }
    Ok(())
}

fn lends<'a>(
    find: &impl Fn(&str) -> Option<&'a Arc<Group>>,
    own: &'a BTreeMap<String, Value>,
    group: Option<&GroupId>,
    key: &str,
) -> bool {
    setting(find, own, group, key) == Some(&Value::Bool(true))
}

fn lent<'a>(
    find: &impl Fn(&str) -> Option<&'a Arc<Group>>,
    connection: &'a Connection,
    key: &str,
) -> Lent<'a> {
    let own = &connection.settings;
    let group = connection.group.as_ref();
    let is_lent = connection.protocol == ProtocolKind::Ssh && lends(find, own, group, key);
    // The configuration can say at each connect where the machine is.
    is_lent.then(|| (connection.own_endpoint(), own.get("ssh.config")))
}

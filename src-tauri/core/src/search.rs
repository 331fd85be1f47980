//! Finding saved connections: text, filters, order, pages.

use crate::Core;
use farwire_model::connection::{Connection, ConnectionOrder, ConnectionView};
use std::cmp::Ordering;
use std::sync::Arc;

/// Which connections are wanted, and in what order.
#[derive(Clone, Debug, Default)]
pub struct ConnectionQuery {
    /// Part of the name, host, notes or a tag, case ignored. Empty finds all.
    pub text: String,
    /// Every one has to fit.
    pub filters: Vec<Filter>,
    /// What they are ordered by.
    pub order: ConnectionOrder,
    /// Whether the order is turned around.
    pub is_reversed: bool,
    /// How many of the first are left out.
    pub start: usize,
    /// How many are answered at most.
    pub limit: Option<usize>,
}

/// One condition: a field has one of some values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    key: FilterKey,
    any_of: Vec<String>,
}

const FILTER_KEYS: [(&str, FilterKey); 9] = [
    ("name", FilterKey::Name),
    ("protocol", FilterKey::Protocol),
    ("host", FilterKey::Host),
    ("port", FilterKey::Port),
    ("via", FilterKey::Via),
    ("category_uid", FilterKey::Group),
    ("tags", FilterKey::Tags),
    ("favorite", FilterKey::Favorite),
    ("credential", FilterKey::Credential),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FilterKey {
    Name,
    Protocol,
    Host,
    Port,
    Via,
    Group,
    Tags,
    Favorite,
    Credential,
}

impl Filter {
    /// What connections are filtered by, as the API writes it.
    pub fn keys() -> impl Iterator<Item = &'static str> {
        FILTER_KEYS.iter().map(|(name, _)| *name)
    }

    /// Reads `tags==a,b`: the field, and values of which one is enough. An empty value stands for none.
    ///
    /// # Errors
    /// What a filter looks like, for who wrote another.
    pub fn parse(text: &str) -> Result<Self, String> {
        let help = || {
            let keys: Vec<_> = Self::keys().collect();
            let keys = keys.join(", ");
            format!(
                "a filter is a field, ==, and values with commas between: tags==a,b; fields are {keys}"
            )
        };
        let (name, values) = text.split_once("==").ok_or_else(help)?;
        let key = FILTER_KEYS
            .iter()
            .find_map(|(known, key)| (*known == name.trim()).then_some(*key));
        Ok(Self {
            key: key.ok_or_else(help)?,
            any_of: values
                .split(',')
                .map(|value| value.trim().to_owned())
                .collect(),
        })
    }

    fn fits(&self, connection: &Connection) -> bool {
        let is = |value: &str| self.any_of.iter().any(|wanted| wanted == value);
        match self.key {
            FilterKey::Name => is(&connection.name),
            FilterKey::Protocol => is(connection.protocol.as_str()),
            FilterKey::Host => is(connection.host.as_deref().unwrap_or_default()),
            FilterKey::Port => is(&connection.effective_port().to_string()),
            FilterKey::Via => is(connection.via.as_ref().map_or("", |via| via.as_str())),
            FilterKey::Group => is(connection.group.as_ref().map_or("", |group| group.as_str())),
            FilterKey::Credential => {
                let used = connection.credential.as_ref();
                is(used.map_or("", |used| used.id.as_str()))
            }
            FilterKey::Tags if connection.tags.is_empty() => is(""),
            FilterKey::Tags => connection.tags.iter().any(|tag| is(tag)),
            FilterKey::Favorite => is(if connection.is_favorite {
                "true"
            } else {
                "false"
            }),
        }
    }
}

/// Compares by what connections are ordered by; the name, case ignored, decides between equals.
fn compare(order: ConnectionOrder, a: &Connection, b: &Connection) -> Ordering {
    match order {
        ConnectionOrder::Name => Ordering::Equal,
        ConnectionOrder::Host => a.host.cmp(&b.host),
        ConnectionOrder::Port => a.effective_port().cmp(&b.effective_port()),
        ConnectionOrder::Protocol => a.protocol.as_str().cmp(b.protocol.as_str()),
        ConnectionOrder::Favorite => b.is_favorite.cmp(&a.is_favorite),
        ConnectionOrder::Created => a.created.cmp(&b.created),
        ConnectionOrder::Modified => a.modified.cmp(&b.modified),
        ConnectionOrder::LastConnected => a.last_connected.cmp(&b.last_connected),
    }
}

impl Core {
    /// The connections a query asks for.
    pub fn connections(&self, query: &ConnectionQuery) -> Vec<ConnectionView> {
        let needle = Needle::new(&query.text);
        let found: Vec<Arc<Connection>> = {
            let all = self.saved.read();
            let fitting = all.connections.values().filter(|connection| {
                query.filters.iter().all(|filter| filter.fits(connection))
                    && needle.is_in(connection)
            });
            fitting.cloned().collect()
        };
        // Names are folded once each and not at every comparison.
        let mut keyed: Vec<_> = found
            .into_iter()
            .map(|connection| (connection.name.to_lowercase(), connection))
            .collect();
        keyed.sort_by(|(a_name, a), (b_name, b)| {
            let by_key = compare(query.order, a, b);
            by_key
                .then_with(|| a_name.cmp(b_name))
                .then_with(|| a.id.cmp(&b.id))
        });
        if query.is_reversed {
            keyed.reverse();
        }
        let page = keyed.iter().skip(query.start);
        page.take(query.limit.unwrap_or(usize::MAX))
            .map(|(_, connection)| ConnectionView::from(&**connection))
            .collect()
    }
}

/// A text to look for, case ignored.
struct Needle {
    lower: String,
    is_ascii: bool,
}

impl Needle {
    fn new(text: &str) -> Self {
        let lower = text.to_lowercase();
        Self {
            is_ascii: lower.is_ascii(),
            lower,
        }
    }

    fn is_in(&self, connection: &Connection) -> bool {
        self.lower.is_empty()
            || [&connection.name, &connection.notes]
                .into_iter()
                .chain(&connection.host)
                .chain(&connection.tags)
                .any(|text| self.is_in_text(text))
    }

    fn is_in_text(&self, text: &str) -> bool {
        if self.is_ascii && text.is_ascii() {
            // Without a copy of every text: over 100,000 connections the copies took most of the time.
            let needle = self.lower.as_bytes();
            let mut windows = text.as_bytes().windows(needle.len());
            return windows.any(|window| window.eq_ignore_ascii_case(needle));
        }
        text.to_lowercase().contains(&self.lower)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_found_whatever_its_case_and_script() {
        for (needle, text, expected) in [
            ("press", "Big-PRESS-04", true),
            ("press-05", "Big-PRESS-04", false),
            ("müller", "Frau MÜLLER", true),
            ("σ", "ΟΔΟΣ Σ", true),
            ("k", "\u{212a}elvin", true),
            ("x", "", false),
            ("long needle", "short", false),
        ] {
            assert_eq!(
                Needle::new(needle).is_in_text(text),
                expected,
                "{needle} in {text}"
            );
        }
    }

    #[test]
    fn filters_are_a_known_field_and_values() {
        assert!(Filter::parse("tags==a, b").is_ok_and(|filter| filter.any_of == ["a", "b"]));
        for wrong in ["tags=a", "colour==red", "", "=="] {
            let help = Filter::parse(wrong).unwrap_err();
            assert!(
                help.contains("tags==a,b") && help.contains("category_uid"),
                "{help}"
            );
        }
    }
}

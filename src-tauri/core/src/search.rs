//! Finding saved connections: text, filters, order, pages.

use crate::Core;
use farwire_model::connection::{Connection, ConnectionOrder, ConnectionView};
use memchr::memmem::Finder;
use memchr::{memchr, memrchr};
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
        let needle = query.text.to_lowercase();
        let mut found: Vec<(Box<str>, Arc<Connection>)> = Vec::new();
        {
            let all = self.saved.read();
            all.texts.with(&needle, |key, text| {
                let connection = all.connections.get(key);
                let fits = |connection: &&Arc<Connection>| {
                    query.filters.iter().all(|filter| filter.fits(connection))
                };
                if let Some(connection) = connection.filter(fits) {
                    found.push((text.into(), Arc::clone(connection)));
                }
            });
        }
        found.sort_by(|(a_text, a), (b_text, b)| {
            let by_key = compare(query.order, a, b);
            by_key
                .then_with(|| a_text.cmp(b_text))
                .then_with(|| a.id.cmp(&b.id))
        });
        if query.is_reversed {
            found.reverse();
        }
        let all = self.saved.read();
        let page = found.iter().skip(query.start);
        page.take(query.limit.unwrap_or(usize::MAX))
            .map(|(_, connection)| all.view(connection))
            .collect()
    }
}

/// What stands before an entry, and in no text.
const ENTRY: char = '\u{1}';
/// What stands between the parts of an entry, and before every letter in the order of texts.
const PART: char = '\0';
/// How many pieces the texts are kept in: a change rewrites one of them, a search goes through all.
const SHELVES: usize = 256;

/// What connections are found by: name, host, notes and tags in lower case, in a few long strings. Over 100,000 connections,
/// going from one to the next took most of a search's time.
pub(crate) struct Texts(Vec<String>);

impl Default for Texts {
    fn default() -> Self {
        Self(vec![String::new(); SHELVES])
    }
}

impl Texts {
    /// Puts the text of a connection as it is now in the place of what it was; nothing stands for none.
    pub fn keep(&mut self, key: &str, was: Option<&Connection>, now: Option<&Connection>) {
        let number = crc32fast::hash(key.as_bytes()) as usize % SHELVES;
        let Some(shelf) = self.0.get_mut(number) else {
            return;
        };
        let was = was.map(|connection| entry(key, connection));
        let now = now.map(|connection| entry(key, connection));
        if was == now {
            return;
        }
        if let Some(was) = was
            && let Some(start) = find(&Finder::new(&was), shelf, 0)
        {
            shelf.replace_range(start..start + was.len(), "");
        }
        if let Some(now) = now {
            shelf.push_str(&now);
        }
    }

    /// Shows the keys and texts in one part of which there is a text of lower-case letters.
    fn with(&self, needle: &str, mut each: impl FnMut(&str, &str)) {
        if needle.contains([ENTRY, PART]) {
            return;
        }
        let finder = Finder::new(needle);
        for shelf in &self.0 {
            for entry in found_on(shelf, &finder) {
                if let Some((key, text)) = entry.split_once(PART) {
                    each(key, text);
                }
            }
        }
    }
}

fn find(finder: &Finder<'_>, text: &str, from: usize) -> Option<usize> {
    let rest = text.as_bytes().get(from..)?;
    finder.find(rest).map(|at| from + at)
}

fn entry(key: &str, connection: &Connection) -> String {
    let parts = [
        connection.name.as_str(),
        connection.host.as_deref().unwrap_or_default(),
        &connection.notes,
    ];
    let tags = connection.tags.iter().map(String::as_str);
    let mut text = String::with_capacity(128);
    for part in parts.into_iter().chain(tags) {
        // Neither stands in what people type; where a script put one, it must not end an entry.
        part.split([ENTRY, PART])
            .for_each(|piece| text.push_str(piece));
        text.push(PART);
    }
    if text.is_ascii() {
        text.make_ascii_lowercase();
    } else {
        text = text.to_lowercase();
    }
    let mut entry = String::with_capacity(key.len() + text.len() + 2);
    entry.push(ENTRY);
    entry.push_str(key);
    entry.push(PART);
    entry.push_str(&text);
    entry
}

/// The entries of a shelf in whose text, not in whose key, something is found.
fn found_on<'a>(shelf: &'a str, finder: &'a Finder<'_>) -> impl Iterator<Item = &'a str> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let hit = find(finder, shelf, at)?;
            let before = shelf.as_bytes().get(..=hit)?;
            let start = memrchr(ENTRY as u8, before)? + 1;
            let end = memchr(ENTRY as u8, shelf.as_bytes().get(start..)?)
                .map_or(shelf.len(), |length| start + length);
            let entry = shelf.get(start..end)?;
            let text = start + entry.find(PART)? + 1;
            if hit >= text {
                at = end;
                return Some(entry);
            }
            // In the key: the text may have it too.
            at = text;
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(name: &str, host: &str, tags: &[&str]) -> Connection {
        let made = serde_json::json!({
            "id": "c_1", "name": name, "protocol": "VNC", "host": host, "port": null, "via": null, "group": null,
            "tags": tags, "is_favorite": false, "notes": "", "mac": null, "settings": {}, "revision": 1, "created": 1,
            "modified": 1, "last_connected": null,
        });
        serde_json::from_value(made).unwrap()
    }

    #[test]
    fn text_is_found_whatever_its_case_and_script() {
        for (needle, text, expected) in [
            ("press", "Big-PRESS-04", true),
            ("press-05", "Big-PRESS-04", false),
            ("Müller", "Frau MÜLLER", true),
            ("σ", "ΟΔΟΣ Σ", true),
            ("k", "\u{212a}elvin", true),
            ("", "anything", true),
            ("long needle", "short", false),
            // Not from the end of one part into the next.
            ("short\0", "short", false),
            ("shorthost", "short", false),
            ("rack-7", "short", true),
        ] {
            let mut texts = Texts::default();
            let saved = connection(text, "host", &["Rack-7"]);
            texts.keep("c_1", None, Some(&saved));
            let needle = needle.to_lowercase();
            assert_eq!(
                keys(&texts, &needle).len() == 1,
                expected,
                "{needle} in {text}"
            );
            texts.keep("c_1", Some(&saved), None);
            assert_eq!(keys(&texts, &needle).len(), 0);
        }
    }

    fn keys(texts: &Texts, needle: &str) -> Vec<String> {
        let mut found = Vec::new();
        texts.with(needle, |key, text| {
            found.push((text.to_owned(), key.to_owned()))
        });
        found.sort();
        found.into_iter().map(|(_, key)| key).collect()
    }

    #[test]
    fn names_are_ordered_before_what_follows_them() {
        let mut texts = Texts::default();
        for (key, name) in [("c_1", "Press 2"), ("c_2", "press"), ("c_3", "Préss")] {
            texts.keep(key, None, Some(&connection(name, "z", &[])));
        }
        assert_eq!(keys(&texts, ""), ["c_2", "c_1", "c_3"]);
    }

    #[test]
    fn texts_follow_their_connections() {
        let mut texts = Texts::default();
        let number = |key: u32| format!("c_{key}");
        let host = |key: u32| connection(&format!("host {key}"), "z", &[]);
        for key in 0..2_000 {
            texts.keep(&number(key), None, Some(&host(key)));
        }
        assert_eq!(keys(&texts, "host 77\0"), [""; 0]);
        assert_eq!(keys(&texts, "host 1999"), ["c_1999"]);
        // A key is no text, and one that begins like another is another.
        assert_eq!(keys(&texts, "c_7"), [""; 0]);
        let renamed = connection("first", "z", &["c_1"]);
        texts.keep("c_1", Some(&host(1)), Some(&renamed));
        assert_eq!(keys(&texts, "c_1"), ["c_1"]);
        assert_eq!(keys(&texts, "host 1"), {
            let mut left: Vec<_> = (0..2_000).filter(|key| *key != 1).collect();
            left.retain(|key| key.to_string().starts_with('1'));
            let mut left: Vec<_> = left
                .into_iter()
                .map(|key| (format!("host {key}\0"), number(key)))
                .collect();
            left.sort();
            left.into_iter().map(|(_, key)| key).collect::<Vec<_>>()
        });
        for key in 0..2_000 {
            let last = if key == 1 { renamed.clone() } else { host(key) };
            texts.keep(&number(key), Some(&last), None);
        }
        assert_eq!(keys(&texts, ""), [""; 0]);
        assert!(texts.0.iter().all(String::is_empty));
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

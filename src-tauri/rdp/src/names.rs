//! Accounts, as people write them.

/// An account and where it lives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Its name, or `name@domain`, which Windows takes apart itself.
    pub user: String,
    /// Its Windows domain, or the machine whose own account it is.
    pub domain: Option<String>,
}

impl Account {
    /// Reads `domain\user`, `user@domain` or `user`. A domain in the name goes before the one in its own field.
    pub fn of(username: &str, domain: Option<&str>) -> Self {
        if let Some((own, user)) = username.split_once('\\') {
            return Self {
                user: user.to_owned(),
                domain: Some(own.to_owned()).filter(|own| !own.is_empty()),
            };
        }
        Self {
            user: username.to_owned(),
            domain: domain
                .filter(|domain| !domain.is_empty() && !username.contains('@'))
                .map(ToOwned::to_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_in_the_name_goes_before_its_own_field() {
        for (username, field, user, domain) in [
            ("me", None, "me", None),
            ("me", Some(""), "me", None),
            ("me", Some("CORP"), "me", Some("CORP")),
            (r"CORP\me", None, "me", Some("CORP")),
            (r"CORP\me", Some("OTHER"), "me", Some("CORP")),
            (r".\me", Some("OTHER"), "me", Some(".")),
            (r"\me", Some("OTHER"), "me", None),
            ("me@corp.example", Some("OTHER"), "me@corp.example", None),
            (
                r"MicrosoftAccount\me@a.example",
                None,
                "me@a.example",
                Some("MicrosoftAccount"),
            ),
        ] {
            let expected = Account {
                user: user.to_owned(),
                domain: domain.map(str::to_owned),
            };
            assert_eq!(
                Account::of(username, field),
                expected,
                "{username} {field:?}"
            );
        }
    }
}

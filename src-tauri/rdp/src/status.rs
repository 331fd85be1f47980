//! What Windows means by the number it refuses a sign-in with (MS-ERREF 2.3.1 and 2.1.1).

/// The reason in words, and what to do about it.
pub fn refusal(code: u32) -> (&'static str, &'static str) {
    match code {
        0xc000_006d | 0xc000_006a | 0xc000_0064 | 0x8009_030c => {
            ("the account or the password is wrong", "check both")
        }
        0xc000_0071 => (
            "the password has expired",
            "change it on another machine or ask the administrator, then store the new one",
        ),
        0xc000_0224 => (
            "the password must be changed before the first sign-in",
            "change it on another machine or ask the administrator, then store the new one",
        ),
        0xc000_0234 => (
            "the account is locked after too many wrong passwords",
            "wait or ask the administrator to unlock it",
        ),
        0xc000_0072 => ("the account is switched off", "ask the administrator"),
        0xc000_0193 => ("the account has expired", "ask the administrator"),
        0xc000_006e => (
            "the account may not sign in like this; one without a password never may",
            "set a password or use another account",
        ),
        0xc000_006f => ("the account may not sign in at this hour", "try later"),
        0xc000_0070 => (
            "the account may not sign in from this computer",
            "ask the administrator",
        ),
        0xc000_015b | 0xc000_0155 => (
            "the account may not sign in over the network",
            "have it put into the group Remote Desktop Users",
        ),
        0xc000_0022 => (
            "the account has no access",
            "have it put into the group Remote Desktop Users",
        ),
        0xc000_005e => (
            "no domain controller can be reached from the machine to check the password",
            "try later or use an account of the machine itself",
        ),
        0xc000_018d | 0xc000_018c => (
            "the machine has lost its place in the domain",
            "ask the administrator",
        ),
        0xc000_0133 => (
            "its clock differs too much from the domain controller's",
            "set the clock",
        ),
        0xc000_0413 => (
            "the account may not sign in to this machine across domains",
            "ask the administrator",
        ),
        0xc000_0388 => (
            "the domain asks for a stronger sign-in than NTLM",
            "ask the administrator",
        ),
        0xc000_02fa => (
            "the account may only sign in with a smart card",
            "use another account",
        ),
        0x8009_0346 => (
            "the sign-in was made for another certificate than the machine's; something stands in between",
            "find out what carries the connection",
        ),
        _ => ("it refused the sign-in", "look into its security log"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_numbers_have_words_of_their_own() {
        let unknown = refusal(0xdead_beef);
        for code in [
            0xc000_006d,
            0xc000_0071,
            0xc000_0224,
            0xc000_0234,
            0xc000_0072,
            0xc000_0193,
            0xc000_006e,
            0xc000_015b,
        ] {
            assert_ne!(refusal(code), unknown, "{code:#x}");
        }
        assert_eq!(refusal(0xc000_006d), refusal(0xc000_0064));
    }
}

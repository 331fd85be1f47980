//! Which bytes of a file are asked for (RFC 9110, section 14).

/// More parts than a client needs: the whole file is answered instead, as section 14.2 allows.
const MAX_RANGES: usize = 32;

/// What of a file is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of it.
    Whole,
    /// From the first byte to before the second, of each; at least one.
    Parts(Vec<(u64, u64)>),
    /// Nothing that is there.
    Nothing,
}

/// Reads a `Range` header for a file of this size. What is malformed, or counts something else than bytes, is passed over.
pub(super) fn read(header: Option<&str>, size: u64) -> Wanted {
    let ranges = header.and_then(|header| {
        let (unit, set) = header.trim().split_once('=')?;
        unit.trim_end().eq_ignore_ascii_case("bytes").then_some(set)
    });
    let Some(ranges) = ranges else {
        return Wanted::Whole;
    };
    let mut parts = Vec::new();
    let mut is_any = false;
    for range in ranges
        .split(',')
        .map(str::trim)
        .filter(|range| !range.is_empty())
    {
        is_any = true;
        match part(range, size) {
            None => return Wanted::Whole,
            Some(Some(part)) => parts.push(part),
            Some(None) => {}
        }
    }
    let total: u64 = parts
        .iter()
        .map(|(from, to)| to - from)
        .fold(0, u64::saturating_add);
    match parts.len() {
        _ if !is_any => Wanted::Whole,
        0 => Wanted::Nothing,
        // Many small or overlapping ones would be answered with more than the file itself.
        MAX_RANGES.. => Wanted::Whole,
        2.. if total > size => Wanted::Whole,
        _ => Wanted::Parts(parts),
    }
}

/// One range: `None` when it is malformed, `Some(None)` when nothing of it is there.
fn part(range: &str, size: u64) -> Option<Option<(u64, u64)>> {
    let (first, last) = range.split_once('-')?;
    let number = |text: &str| {
        let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // A number too large for the machine is beyond every file.
        is_digits.then(|| text.parse::<u64>().unwrap_or(u64::MAX))
    };
    if first.is_empty() {
        let length = number(last)?.min(size);
        return Some((length > 0).then_some((size - length, size)));
    }
    let first = number(first)?;
    let end = match last {
        "" => size,
        last => {
            let last = number(last)?;
            if last < first {
                return None;
            }
            last.saturating_add(1).min(size)
        }
    };
    Some((first < size).then_some((first, end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        use Wanted::{Nothing, Parts, Whole};
        for (header, size, expected) in [
            ("bytes=0-9", 100, Parts(vec![(0, 10)])),
            ("Bytes=90-", 100, Parts(vec![(90, 100)])),
            ("bytes=90-1000", 100, Parts(vec![(90, 100)])),
            ("bytes=-10", 100, Parts(vec![(90, 100)])),
            ("bytes=-1000", 100, Parts(vec![(0, 100)])),
            (
                "bytes=0-0, 5-6 ,-1",
                100,
                Parts(vec![(0, 1), (5, 7), (99, 100)]),
            ),
            ("bytes=0-0,200-", 100, Parts(vec![(0, 1)])),
            ("bytes=100-", 100, Nothing),
            ("bytes=99999999999999999999-", 100, Nothing),
            ("bytes=-0", 100, Nothing),
            ("bytes=0-", 0, Nothing),
            ("bytes=-5", 0, Nothing),
            ("bytes=9-0", 100, Whole),
            ("bytes=a-b", 100, Whole),
            ("bytes=1", 100, Whole),
            ("bytes=", 100, Whole),
            ("bytes=+1-2", 100, Whole),
            ("lines=0-9", 100, Whole),
            ("bytes=0-99,0-99", 100, Whole),
        ] {
            assert_eq!(read(Some(header), size), expected, "{header} of {size}");
        }
        assert_eq!(read(None, 5), Whole);
        let many = format!("bytes={}", vec!["0-0"; 40].join(","));
        assert_eq!(read(Some(&many), 100), Whole);
    }
}

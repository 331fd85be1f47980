//! Formatted text on the clipboard: Windows' "HTML Format", a header of offsets in bytes and the HTML behind it.
//!
//! What is taken over is the text between the offsets; it is never run or shown here, and whoever pastes it reads it anew.

use crate::limits::MAX_CLIPBOARD_BYTES;

/// What the format is called; its number is each side's own.
pub const NAME: &str = "HTML Format";

/// The header is looked for up to here: the longest there is also says where the text is from.
const MAX_HEADER_BYTES: usize = 4096;

const BEFORE: &str = "<html><body>\r\n<!--StartFragment-->";
const AFTER: &str = "<!--EndFragment-->\r\n</body></html>";

/// HTML as the format has it.
pub fn wrapped(html: &str) -> Vec<u8> {
    // Numbers of ten digits, so that the header's own length is known.
    let header = |[whole, fragment, fragment_end, end]: [usize; 4]| {
        format!(
            "Version:0.9\r\nStartHTML:{whole:010}\r\nEndHTML:{end:010}\r\n\
             StartFragment:{fragment:010}\r\nEndFragment:{fragment_end:010}\r\n"
        )
    };
    let whole = header([0; 4]).len();
    let fragment = whole + BEFORE.len();
    let fragment_end = fragment + html.len();
    let end = fragment_end + AFTER.len();
    let header = header([whole, fragment, fragment_end, end]);
    [&header, BEFORE, html, AFTER, "\0"].concat().into_bytes()
}

/// Whether data is of this format, by how its header begins.
pub fn is_it(data: &[u8]) -> bool {
    data.starts_with(b"Version:")
}

/// The HTML that was copied; `None` when the header names no part of the data, or a part that is too long.
pub fn fragment(data: &[u8]) -> Option<String> {
    let header = data.get(..MAX_HEADER_BYTES).unwrap_or(data);
    let part = |start, end| {
        let (start, end) = (offset(header, start)?, offset(header, end)?);
        data.get(start..end)
    };
    let part = part("StartFragment", "EndFragment").or_else(|| part("StartHTML", "EndHTML"))?;
    let html = String::from_utf8_lossy(part);
    let html = html.trim_end_matches('\0');
    let is_sane = !html.trim().is_empty() && html.len() <= MAX_CLIPBOARD_BYTES;
    is_sane.then(|| html.to_owned())
}

/// The number behind a name, on a line of its own; `None` also for -1, which stands for none.
fn offset(header: &[u8], name: &str) -> Option<usize> {
    header
        .split(|byte| matches!(byte, b'\r' | b'\n'))
        // Markup ends the header, whatever it looks like.
        .take_while(|line| !line.starts_with(b"<"))
        .find_map(|line| line.strip_prefix(name.as_bytes())?.strip_prefix(b":"))
        .and_then(|digits| std::str::from_utf8(digits).ok()?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_header_says_where_the_html_is() {
        let wrapped = wrapped("<b>gr\u{fc}n</b>");
        let text = String::from_utf8(wrapped).unwrap();
        let expected = "Version:0.9\r\nStartHTML:0000000105\r\nEndHTML:0000000185\r\n\
            StartFragment:0000000139\r\nEndFragment:0000000151\r\n<html><body>\r\n\
            <!--StartFragment--><b>gr\u{fc}n</b><!--EndFragment-->\r\n</body></html>\0";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_others_write_is_read_and_nonsense_is_not() {
        // As Word and browsers on Windows have it: another order, a line more, -1 for what is not there.
        let word = "Version:1.0\r\nStartHTML:-1\r\nEndHTML:-1\r\nStartFragment:000000127\r\nEndFragment:000000135\r\nSourceURL:file:///C:/a.htm\r\n\
            <html><body><!--StartFragment--><i>x</i><!--EndFragment--></body></html>";
        let start = word.find("<i>").unwrap();
        let word = word.replace("000000127", &format!("{start:09}"));
        let word = word.replace("000000135", &format!("{:09}", start + 8));
        assert_eq!(fragment(word.as_bytes()).as_deref(), Some("<i>x</i>"));
        let whole = "Version:0.9\nStartHTML:36\nEndHTML:44\n<u>y</u>more";
        assert_eq!(fragment(whole.as_bytes()).as_deref(), Some("<u>y</u>"));
        let far = "StartFragment:5\r\nEndFragment:99999999999999999999\r\n";
        for nonsense in [
            "",
            "<b>no header</b>",
            far,
            "StartFragment:30\r\nEndFragment:20\r\n<b>backwards</b>",
            "StartFragment:0\r\nEndFragment:4000000000\r\n",
            "<b>\r\nStartFragment:0\r\nEndFragment:3\r\n",
        ] {
            assert_eq!(fragment(nonsense.as_bytes()), None, "{nonsense}");
        }
        let long = wrapped(&"a".repeat(MAX_CLIPBOARD_BYTES + 1));
        assert_eq!(fragment(&long), None);
    }

    proptest! {
        #[test]
        fn html_is_the_same_there_and_back(html in "\\PC{1,60}[a-z]") {
            prop_assert_eq!(fragment(&wrapped(&html)), Some(html));
        }
    }
}

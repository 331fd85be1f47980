//! Characters as X keyboards name them (X11 protocol, appendix A "KEYSYM Encoding").
//!
//! Many scripts have keysyms that are older than Unicode, and keyboard layouts are written in those. A server that looks for
//! the Unicode one finds no key for it and must invent one, of which it has about twenty: a Russian's keyboard would run dry
//! within a line, although the machine's own layout has every letter.

/// Where the keysyms of Unicode characters begin.
const UNICODE: u32 = 0x0100_0000;

/// Runs of characters: the keysym of the first, the next ones following by one each.
#[rustfmt::skip]
const RUNS: [(u32, &str); 114] = [
    (0x01a1, "Ą˘Ł"),
    (0x01a5, "ĽŚ"),
    (0x01a9, "ŠŞŤŹ"),
    (0x01ae, "ŽŻ"),
    (0x01b1, "ą˛ł"),
    (0x01b5, "ľśˇ"),
    (0x01b9, "šşťź˝žżŔ"),
    (0x01c3, "Ă"),
    (0x01c5, "ĹĆ"),
    (0x01c8, "Č"),
    (0x01ca, "Ę"),
    (0x01cc, "Ě"),
    (0x01cf, "ĎĐŃŇ"),
    (0x01d5, "Ő"),
    (0x01d8, "ŘŮ"),
    (0x01db, "Ű"),
    (0x01de, "Ţ"),
    (0x01e0, "ŕ"),
    (0x01e3, "ă"),
    (0x01e5, "ĺć"),
    (0x01e8, "č"),
    (0x01ea, "ę"),
    (0x01ec, "ě"),
    (0x01ef, "ďđńň"),
    (0x01f5, "ő"),
    (0x01f8, "řů"),
    (0x01fb, "ű"),
    (0x01fe, "ţ˙"),
    (0x02a1, "Ħ"),
    (0x02a6, "Ĥ"),
    (0x02a9, "İ"),
    (0x02ab, "ĞĴ"),
    (0x02b1, "ħ"),
    (0x02b6, "ĥ"),
    (0x02b9, "ı"),
    (0x02bb, "ğĵ"),
    (0x02c5, "ĊĈ"),
    (0x02d5, "Ġ"),
    (0x02d8, "Ĝ"),
    (0x02dd, "ŬŜ"),
    (0x02e5, "ċĉ"),
    (0x02f5, "ġ"),
    (0x02f8, "ĝ"),
    (0x02fd, "ŭŝ"),
    (0x03a2, "ĸŖ"),
    (0x03a5, "ĨĻ"),
    (0x03aa, "ĒĢŦ"),
    (0x03b3, "ŗ"),
    (0x03b5, "ĩļ"),
    (0x03ba, "ēģŧŊ"),
    (0x03bf, "ŋĀ"),
    (0x03c7, "Į"),
    (0x03cc, "Ė"),
    (0x03cf, "Ī"),
    (0x03d1, "ŅŌĶ"),
    (0x03d9, "Ų"),
    (0x03dd, "ŨŪ"),
    (0x03e0, "ā"),
    (0x03e7, "į"),
    (0x03ec, "ė"),
    (0x03ef, "ī"),
    (0x03f1, "ņōķ"),
    (0x03f9, "ų"),
    (0x03fd, "ũū"),
    (0x047e, "‾"),
    (0x04a1, "。\u{300c}\u{300d}、・ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミ"),
    (0x04d1, "ムメモヤユヨラリルレロワン゛゜"),
    (0x05ac, "،"),
    (0x05bb, "؛"),
    (0x05bf, "؟"),
    (0x05c1, "ءآأؤإئابةتثجحخدذرزسشصضطظعغ"),
    (0x05e0, "ـفقكلمنهوىي\u{64b}\u{64c}\u{64d}\u{64e}\u{64f}\u{650}\u{651}\u{652}"),
    (0x06a1, "ђѓёєѕіїјљњћќґўџ№ЂЃЁЄЅІЇЈЉЊЋЌҐЎЏюабцдефгхийклмноп"),
    (0x06d1, "ярстужвьызшэщчъЮАБЦДЕФГХИЙКЛМНОПЯРСТУЖВЬЫЗШЭЩЧЪ"),
    (0x07a1, "ΆΈΉΊΪ"),
    (0x07a7, "ΌΎΫ"),
    (0x07ab, "Ώ"),
    (0x07ae, "΅―"),
    (0x07b1, "άέήίϊΐόύϋΰώ"),
    (0x07c1, "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣ"),
    (0x07d4, "ΤΥΦΧΨΩ"),
    (0x07e1, "αβγδεζηθικλμνξοπρσςτυφχψω"),
    (0x08a1, "⎷"),
    (0x08a4, "⌠⌡"),
    (0x08a7, "⎡⎣⎤⎦⎛⎝⎞⎠⎨⎬"),
    (0x08bc, "≤≠≥∫∴∝∞"),
    (0x08c5, "∇"),
    (0x08c8, "∼≃"),
    (0x08cd, "⇔⇒≡"),
    (0x08d6, "√"),
    (0x08da, "⊂⊃∩∪∧∨"),
    (0x08ef, "∂"),
    (0x08f6, "ƒ"),
    (0x08fb, "←↑→↓"),
    (0x09e0, "◆▒␉␌␍␊"),
    (0x09e8, "␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│"),
    (0x0aa1, "\u{2003}\u{2002}\u{2004}\u{2005}\u{2007}\u{2008}\u{2009}\u{200a}—–"),
    (0x0aae, "…‥⅓⅔⅕⅖⅗⅘⅙⅚℅"),
    (0x0abb, "‒"),
    (0x0ac3, "⅛⅜⅝⅞"),
    (0x0ac9, "™"),
    (0x0ad0, "\u{2018}\u{2019}\u{201c}\u{201d}℞‰′″"),
    (0x0ad9, "✝"),
    (0x0aec, "♣♦♥"),
    (0x0af0, "✠†‡✓✗♯♭♂♀☎⌕℗‸\u{201a}\u{201e}"),
    (0x0cdf, "‗אבגדהוזחטיךכלםמןנסעףפץצקרשת"),
    (0x0da1, "กขฃคฅฆงจฉชซฌญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรฤลฦวศษสหฬอฮฯะ"),
    (0x0dd1, "\u{e31}าำ\u{e34}\u{e35}\u{e36}\u{e37}\u{e38}\u{e39}\u{e3a}"),
    (0x0ddf, "฿เแโใไๅๆ\u{e47}\u{e48}\u{e49}\u{e4a}\u{e4b}\u{e4c}\u{e4d}"),
    (0x0df0, "๐๑๒๓๔๕๖๗๘๙"),
    (0x0ea1, "ㄱㄲㄳㄴㄵㄶㄷㄸㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅃㅄㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠ"),
    (0x0ed1, "ㅡㅢㅣᆨᆩᆪᆫᆬᆭᆮᆯᆰᆱᆲᆳᆴᆵᆶᆷᆸᆹᆺᆻᆼᆽᆾᆿᇀᇁᇂㅭㅱㅸㅿㆁㆄㆆㆍㆎᇫᇰᇹ"),
    (0x13bc, "ŒœŸ"),
    (0x20ac, "€"),
];

/// The keysym layouts have for what this one means; most are that themselves.
pub fn own(keysym: u32) -> u32 {
    let character = keysym
        .checked_sub(UNICODE)
        .filter(|&code| code >= 0x100)
        .and_then(char::from_u32);
    character.and_then(older).unwrap_or(keysym)
}

fn older(character: char) -> Option<u32> {
    RUNS.into_iter().find_map(|(first, run)| {
        let place = run.chars().position(|known| known == character)?;
        u32::try_from(place).ok().map(|place| first + place)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_have_the_keysyms_that_layouts_are_written_in() {
        for (name, sent, expected) in [
            ("a", 0x61, 0x61),
            ("é", 0xe9, 0xe9),
            ("Return", 0xff0d, 0xff0d),
            ("volume up", 0x1008_ff13, 0x1008_ff13),
            ("й", 0x0100_0439, 0x06ca),
            ("Ё", 0x0100_0401, 0x06b3),
            ("Ъ", 0x0100_042a, 0x06ff),
            ("№", 0x0100_2116, 0x06b0),
            ("€", 0x0100_20ac, 0x20ac),
            ("ł", 0x0100_0142, 0x01b3),
            ("Ω", 0x0100_03a9, 0x07d9),
            ("ẞ, which has none", 0x0100_1e9e, 0x0100_1e9e),
            ("an emoji", 0x0101_f600, 0x0101_f600),
            ("no character", 0x01ff_ffff, 0x01ff_ffff),
        ] {
            assert_eq!(own(sent), expected, "{name}");
        }
    }
}

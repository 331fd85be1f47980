use super::*;

#[test]
fn text_keeps_its_lines_on_the_way_there_and_back() {
    for (here, wire, back) in [
        ("a\nb", "a\r\nb", "a\nb"),
        ("a\r\nb", "a\r\nb", "a\nb"),
        ("", "", ""),
        ("é ß 漢 😀", "é ß 漢 😀", "é ß 漢 😀"),
    ] {
        let response = text_response(here);
        let mut expected: Vec<u8> = wire.encode_utf16().flat_map(u16::to_le_bytes).collect();
        expected.extend([0, 0]);
        assert_eq!(response.data(), expected, "{here:?}");
        assert_eq!(text(response.data()), back, "{here:?}");
    }
}

fn asking(forms: &[Form]) -> Clipboard {
    Clipboard {
        asked: forms
            .iter()
            .map(|form| (*form, form.format().id()))
            .collect(),
        ..Clipboard::new(Heard::default(), None)
    }
}

#[test]
fn text_ends_at_its_mark_and_has_a_limit() {
    assert_eq!(text(&[0x41, 0, 0, 0, 0x42, 0]), "A");
    assert_eq!(text(&[0x41, 0, 0x42]), "A");
    let mut asked = asking(&[Form::Text, Form::Html]);
    let long = [0x41, 0].repeat(MAX_CLIPBOARD_BYTES + 1);
    assert_eq!(asked.read(Some(long)), Brought::TooLong);
    assert_eq!(asked.asked.len(), 0, "its HTML is not asked for");
}

#[test]
fn a_picture_comes_as_it_was_asked_for_and_what_was_given_is_no_news() {
    let pixels = image::RgbImage::from_pixel(3, 2, image::Rgb([1, 2, 3]));
    let mut png = Vec::new();
    let mut target = std::io::Cursor::new(&mut png);
    pixels
        .write_to(&mut target, image::ImageFormat::Png)
        .unwrap();
    let mut clipboard = asking(&[Form::Picture]);
    clipboard.here = Some(Content::Picture(png.into()));
    let given = clipboard.response(Some(Form::Picture));
    assert_eq!(
        clipboard.read(Some(given.data().to_vec())),
        Brought::Nothing
    );
    assert!(clipboard.response(Some(Form::Text)).is_error());
    assert!(clipboard.response(None).is_error());

    let mut other = asking(&[Form::Picture; 2]);
    let brought = other.read(Some(given.data().to_vec()));
    assert!(matches!(brought, Brought::Content(Content::Picture(_))));
    assert_eq!(other.read(Some(vec![1, 2, 3])), Brought::Unreadable);
    assert_eq!(other.read(Some(vec![1, 2, 3])), Brought::Nothing);
}

fn told(text: &str) -> Brought {
    Brought::Content(Content::Text(text.to_owned()))
}

fn formatted(text: &str, html: &str) -> Content {
    Content::Html(text.to_owned(), html.to_owned())
}

#[test]
fn formatted_text_comes_with_its_text_and_that_alone_where_it_cannot_be_read() {
    let text = || Some(text_response("bold").data().to_vec());
    for (html, expected) in [
        (
            Some(clip_html::wrapped("<b>bold</b>")),
            Brought::Content(formatted("bold", "<b>bold</b>")),
        ),
        (Some(b"no header".to_vec()), Brought::Nothing),
        (None, Brought::Nothing),
    ] {
        let mut clipboard = asking(&[Form::Text, Form::Html]);
        // Its text does not wait, since some never bring the rest.
        assert_eq!(clipboard.read(text()), told("bold"));
        assert_eq!(clipboard.read(html), expected);
    }
    let mut gone = asking(&[Form::Text, Form::Html]);
    assert_eq!(gone.read(None), Brought::Nothing);
    assert_eq!(gone.asked.len(), 0);
}

#[test]
fn formatted_text_is_given_in_both_forms_and_is_no_news_when_it_comes_back() {
    let mut clipboard = asking(&[Form::Text, Form::Html, Form::Text]);
    clipboard.here = Some(formatted("bold", "<b>bold</b>"));
    let text = clipboard.response(Some(Form::Text)).data().to_vec();
    assert_eq!(text, text_response("bold").data());
    let html = clipboard.response(Some(Form::Html)).data().to_vec();
    assert_eq!(clip_html::fragment(&html).as_deref(), Some("<b>bold</b>"));
    assert!(clipboard.response(Some(Form::Picture)).is_error());
    assert_eq!(clipboard.read(Some(text.clone())), Brought::Nothing);
    assert_eq!(clipboard.read(Some(html.clone())), Brought::Nothing);
    assert_eq!(clipboard.read(Some(text.clone())), Brought::Nothing);
    // Formatted there, plain here: that is news.
    let mut plain = asking(&[Form::Text, Form::Html]);
    plain.here = Some(Content::Text("bold".to_owned()));
    assert_eq!(plain.read(Some(text)), Brought::Nothing);
    let news = Brought::Content(formatted("bold", "<b>bold</b>"));
    assert_eq!(plain.read(Some(html)), news);
    let long = formatted("a", &"b".repeat(MAX_CLIPBOARD_BYTES + 1));
    assert_eq!(long.shortened(), Content::Text("a".to_owned()));
}

#[test]
fn the_machines_forms_go_by_name_where_they_have_one() {
    let named = |id, name: &'static str| {
        ClipboardFormat::new(ClipboardFormatId(id)).with_name(ClipboardFormatName::new(name))
    };
    for (format, expected) in [
        (named(0xc123, "HTML Format"), Some(Form::Html)),
        (named(0xc0a1, "Rich Text Format"), None),
        (ClipboardFormat::new(HTML), None),
        (Form::Text.format(), Some(Form::Text)),
        (Form::Picture.format(), Some(Form::Picture)),
    ] {
        assert_eq!(Form::of_machine(&format), expected, "{format:?}");
    }
}

#[test]
fn answers_to_what_was_asked_before_are_no_others() {
    let plain = |text: &str| Some(text_response(text).data().to_vec());
    let html = |html: &str| Some(clip_html::wrapped(html));
    let both = [Form::Text, Form::Html];
    // It had something new before it answered: the text of before comes first, then that of now, then its HTML.
    let mut clipboard = asking(&both);
    clipboard.late = 1;
    for text in ["old", "new"] {
        assert_eq!(clipboard.read(plain(text)), told(text));
    }
    let news = Brought::Content(formatted("new", "<b>new</b>"));
    assert_eq!(clipboard.read(html("<b>new</b>")), news);
    // The HTML of before.
    let mut clipboard = asking(&both);
    clipboard.late = 1;
    assert_eq!(clipboard.read(html("<b>old</b>")), Brought::Nothing);
    assert_eq!(clipboard.read(plain("new")), told("new"));
    assert_eq!(clipboard.read(html("<b>new</b>")), news);
    // Of text alone, or of pictures, the last counts.
    let mut clipboard = asking(&[Form::Text]);
    clipboard.late = 1;
    for text in ["old", "new"] {
        assert_eq!(clipboard.read(plain(text)), told(text));
    }
    assert_eq!(clipboard.read(plain("more")), Brought::Nothing);
    // It never answers what was asked before.
    let mut clipboard = asking(&both);
    clipboard.late = 1;
    assert_eq!(clipboard.read(plain("new")), told("new"));
    assert_eq!(clipboard.read(html("<b>new</b>")), news);
}

use super::markup::{html, links, markdown, plain};
use super::*;
use crate::testing::delivery;
use campanile_domain::to_wire_json;
use campanile_testkit::event;
use proptest::prelude::{Strategy, any, prop, prop_assert, prop_assert_eq, proptest};
use pulldown_cmark::{CodeBlockKind, Event as Markdown, LinkType, Options, Parser, Tag};

const PLAIN: Style = Style { defuse: plain, width: bytes };
const HTML: Style = Style { defuse: html, width: bytes };
const MARKDOWN: Style = Style { defuse: markdown, width: bytes };

/// Texts of what matters to Markdown and HTML, and of what does not.
fn hostile() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "*",
        "**",
        "_",
        "~~",
        "`",
        "```",
        "[",
        "]",
        "(",
        ")",
        "<",
        ">",
        "&",
        "#",
        "@",
        "!",
        "-",
        "=",
        "+",
        "|",
        "\\",
        ":",
        ";",
        "\n",
        "\n\n",
        " ",
        "a",
        "b1",
        "ü",
        "🚀",
        "http://x.example/",
        "lt",
        "<b>",
        "](",
        "- ",
        "1. ",
        "    ",
    ];
    prop::collection::vec(prop::sample::select(PIECES), 0..24).prop_map(|pieces| pieces.concat())
}

/// What a reader of Markdown makes more of than text, lists and breaks.
fn markup(text: &str) -> Vec<String> {
    let is_markup = |event: &Markdown<'_>| match event {
        Markdown::Start(tag) => !matches!(
            tag,
            Tag::Paragraph
                | Tag::List(_)
                | Tag::Item
                | Tag::CodeBlock(CodeBlockKind::Indented)
                // It shows the very address that it leads to.
                | Tag::Link { link_type: LinkType::Email, .. }
        ),
        Markdown::Code(_) | Markdown::Html(_) | Markdown::InlineHtml(_) | Markdown::Rule => true,
        _ => false,
    };
    let events = Parser::new_ext(text, Options::ENABLE_STRIKETHROUGH);
    events.filter(is_markup).map(|event| format!("{event:?}")).collect()
}

fn shown(text: &str) -> String {
    let events = Parser::new_ext(text, Options::ENABLE_STRIKETHROUGH);
    events
        .filter_map(|event| if let Markdown::Text(text) = event { Some(text.to_string()) } else { None })
        .collect()
}

proptest! {
    #[test]
    fn no_text_becomes_markdown(text in hostile()) {
        let defused = MARKDOWN.fit(&text, usize::MAX);
        prop_assert_eq!(markup(&defused), Vec::<String>::new(), "{:?}", defused);
    }

    #[test]
    fn a_defused_line_shows_as_it_was_written(text in hostile()) {
        let line = format!("x{}x", text.replace('\n', " "));
        let shown = shown(&MARKDOWN.fit(&line, usize::MAX)).replace(markup::ZERO_WIDTH, "");
        prop_assert_eq!(shown, line);
    }

    #[test]
    fn a_cut_text_keeps_within_its_limit_and_counts_what_is_missing(text in hostile(), limit in 0_usize..200) {
        let cut = MARKDOWN.fit(&text, limit);
        prop_assert!(MARKDOWN.measure(&cut) <= limit);
        if let Some((_, mark)) = cut.split_once(" … (cut, ") {
            let missing: usize = mark.split(' ').next().unwrap().parse().unwrap();
            let kept = text.chars().take(text.chars().count() - missing).collect::<String>();
            prop_assert!(MARKDOWN.fit(&text, usize::MAX).starts_with(&*MARKDOWN.defused(&text, kept.len())));
            prop_assert!(cut.starts_with(&*MARKDOWN.defused(&text, kept.len())));
        } else {
            prop_assert!(cut.is_empty() || cut == MARKDOWN.fit(&text, usize::MAX));
        }
    }

    #[test]
    fn the_width_of_json_is_that_of_the_writer(text in any::<String>()) {
        let written = to_wire_json(&text).unwrap().len() - 2;
        prop_assert_eq!(Style { defuse: plain, width: json_bytes }.measure(&text), written);
    }
}

#[test]
fn everyday_text_is_borrowed_as_it_is() {
    for text in [
        "Deployment/apps/podinfo: timeout <30s>\nsee logs",
        "main@sha1:5394cb7f48332b2de7c17dd8b8384bbc84b7e738",
        "Helm test failed for release apps/frontend.v1:\n1 error occurred:\n\t* pod frontend-test failed",
        "web & shop: change_request, 100%, 'x' {{ x }} a+b=c! #1 -1 2026-08-07",
        "- one\n- two: (see [3]) a > b",
    ] {
        assert!(matches!(MARKDOWN.fit(text, 1000), Cow::Borrowed(same) if same == text), "{text}");
        assert!(matches!(HTML.fit(text, 1000), Cow::Borrowed(same) if same == text), "{text}");
    }
}

#[test]
fn each_mark_is_escaped_where_it_would_work() {
    let table = [
        ("**b** *i* _i_ ~~s~~", "\\*\\*b\\** \\*i* \\_i\\_ \\~\\~s\\~\\~"),
        ("`code`", "\\`code\\`"),
        ("[a](http://x)", "[a]\\(http://x)"),
        ("[a]: http://x", "[a]\\: http://x"),
        ("<b>&lt;</b>", "\\<b>\\&lt;\\</b>"),
        ("<@all> <#C1> <!here>", "<\u{200b}@all> <\u{200b}#C1> \\<!here>"),
        ("# head\n> quote\n---\n===\n-# small", "\\# head\n\\> quote\n\\-\\-\\-\n\\===\n\\-\\# small"),
        ("\\*x*", "\\\\\\*x\\*"),
        ("||hidden||", "\\||hidden\\||"),
    ];
    for (text, defused) in table {
        assert_eq!(MARKDOWN.fit(text, 1000), defused, "{text}");
    }
}

#[test]
fn html_keeps_only_what_is_text() {
    assert_eq!(
        HTML.fit("<b>x</b> <!-- <? a < b &amp; &#64; & &x a&b", 1000),
        "&lt;b>x&lt;/b> &lt;!-- &lt;? a < b &amp;amp; &amp;#64; & &x a&b"
    );
    let style = Style { defuse: links, width: bytes };
    assert_eq!(style.fit("[a](x) [b] (y)", 1000), "[a]\u{200b}(x) [b] (y)");
}

#[test]
fn a_cut_falls_between_words_and_says_how_much_is_missing() {
    let text = "one two three four five six seven eight nine ten eleven twelve";
    assert_eq!(PLAIN.fit(text, text.len()), text);
    assert_eq!(PLAIN.fit(text, text.len() - 1), "one two three four five six … (cut, 35 more characters)");
    let word = "ä".repeat(100);
    let cut = PLAIN.fit(&word, 100);
    assert_eq!(cut, format!("{} … (cut, 66 more characters)", "ä".repeat(34)));
    assert_eq!(PLAIN.fit(&word, 20), "", "there is no room even for the mark");
}

#[test]
fn a_cut_never_halves_a_replacement() {
    let text = "<b>".repeat(40);
    for limit in 40..200 {
        let cut = HTML.fit(&text, limit);
        let (kept, _) = cut.split_once(" … (cut, ").unwrap_or((&cut, ""));
        let rest = kept.replace("&lt;b>", "");
        assert!(["", "&lt;", "&lt;b"].contains(&rest.as_str()), "{limit}: {rest}");
    }
}

const LIMITS: Limits =
    Limits { total: 1000, text: 600, share: 300, count: 5, key: 50, value: 100, overhead: 2 };

fn body(message: &str, metadata: &[(&str, &str)]) -> (String, Vec<(String, String)>) {
    let delivery = delivery(Event { message: message.into(), ..event() }, metadata);
    let body = PLAIN.body(&delivery, delivery.plan.metadata.iter(), &LIMITS);
    let owned = |(key, value): Entry<'_>| (key.into_owned(), value.into_owned());
    (body.text.into_owned(), body.entries.into_iter().map(owned).collect())
}

#[test]
fn what_fits_is_not_touched() {
    let (text, entries) = body(&"x".repeat(600), &[("a", "1"), ("b", "2")]);
    assert_eq!(text, "x".repeat(600));
    assert_eq!(entries, [("a".into(), "1".into()), ("b".into(), "2".into())]);
}

#[test]
fn a_long_message_leaves_room_to_the_entries_and_many_entries_room_to_the_message() {
    let long = "y".repeat(100);
    let many: Vec<(String, &str)> = (1..=5).map(|n| (format!("key-{n}"), long.as_str())).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(key, value)| (key.as_str(), *value)).collect();
    let (text, entries) = body(&"x".repeat(5000), &many);
    assert_eq!(text.len(), 600);
    assert_eq!(entries.len(), 4, "three of them and the remark");
    assert_eq!(entries[3], ("…".into(), "2 more left out".into()));
    let (text, entries) = body("short", &many);
    assert_eq!((text.as_str(), entries.len()), ("short", 5), "room that the message does not need is theirs");
}

#[test]
fn more_entries_than_there_may_be_are_counted() {
    let metadata: Vec<String> = (0..9).map(|n| format!("k{n}")).collect();
    let metadata: Vec<(&str, &str)> = metadata.iter().map(|key| (key.as_str(), "v")).collect();
    let (_, entries) = body("m", &metadata);
    assert_eq!(entries.len(), 5);
    assert_eq!(entries[4].1, "5 more left out");
}

#[test]
fn what_the_alert_adds_works_unless_the_event_brought_the_same() {
    let mut event = event();
    event.metadata = [("event.toolkit.fluxcd.io/team".to_owned(), "<b>x</b>".to_owned())].into();
    let delivery = delivery(event, &[("link", "<a href='x'>y</a>"), ("team", "<b>x</b>")]);
    let body = HTML.body(&delivery, delivery.plan.metadata.iter(), &LIMITS);
    assert_eq!(body.entries[0].1, "<a href='x'>y</a>");
    assert_eq!(body.entries[1].1, "&lt;b>x&lt;/b>");
}

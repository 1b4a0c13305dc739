use super::*;
use crate::render::markup::{ZERO_WIDTH, html, links, markdown, plain};
use crate::render::{bytes, json_bytes};
use campanile_domain::to_wire_json;
use proptest::prelude::{Strategy, any, prop, prop_assert, prop_assert_eq, proptest};
use pulldown_cmark::{CodeBlockKind, Event as Markdown, LinkType, Options, Parser, Tag};

const PLAIN: Style = Style { escape: plain, width: bytes };
const HTML: Style = Style { escape: html, width: bytes };
const MARKDOWN: Style = Style { escape: markdown, width: bytes };

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
        let escaped = MARKDOWN.fit(&text, usize::MAX);
        prop_assert_eq!(markup(&escaped), Vec::<String>::new(), "{:?}", escaped);
    }

    #[test]
    fn an_escaped_line_shows_as_it_was_written(text in hostile()) {
        let line = format!("x{}x", text.replace('\n', " "));
        let shown = shown(&MARKDOWN.fit(&line, usize::MAX)).replace(ZERO_WIDTH, "");
        prop_assert_eq!(shown, line);
    }

    #[test]
    fn a_cut_text_keeps_within_its_limit_and_counts_what_is_missing(text in hostile(), limit in 0_usize..200) {
        let cut = MARKDOWN.fit(&text, limit);
        prop_assert!(MARKDOWN.measure(&cut) <= limit);
        if let Some((_, mark)) = cut.split_once(" … (cut, ") {
            let missing: usize = mark.split(' ').next().unwrap().parse().unwrap();
            let kept = text.chars().take(text.chars().count() - missing).collect::<String>();
            prop_assert!(MARKDOWN.fit(&text, usize::MAX).starts_with(&*MARKDOWN.escaped(&text, kept.len())));
            prop_assert!(cut.starts_with(&*MARKDOWN.escaped(&text, kept.len())));
        } else {
            prop_assert!(cut.is_empty() || cut == MARKDOWN.fit(&text, usize::MAX));
        }
    }

    #[test]
    fn the_width_of_json_is_that_of_the_writer(text in any::<String>()) {
        let written = to_wire_json(&text).unwrap().len() - 2;
        prop_assert_eq!(Style { escape: plain, width: json_bytes }.measure(&text), written);
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
    for (text, escaped) in table {
        assert_eq!(MARKDOWN.fit(text, 1000), escaped, "{text}");
    }
}

#[test]
fn html_keeps_only_what_is_text() {
    assert_eq!(
        HTML.fit("<b>x</b> <!-- <? a < b &amp; &#64; & &x a&b", 1000),
        "&lt;b>x&lt;/b> &lt;!-- &lt;? a < b &amp;amp; &amp;#64; & &x a&b"
    );
    let style = Style { escape: links, width: bytes };
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

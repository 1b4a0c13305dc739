//! Mentions and commands in a text from an event, made harmless for a comment.
//!
//! Markdown works in comments (contract, providers 19: it is not escaped). But an event must not call people, act on the
//! change request, hide what stands behind it, or pose as the comment of another object.

use crate::render::MarkupContext;

/// No mentions and no HTML comments, for GitHub and Gitea.
pub(crate) fn mentions(position: &MarkupContext<'_>) -> Option<&'static str> {
    match position.c {
        '@' if begins_mention(position) => Some("@\u{200b}"),
        '<' if position.after.starts_with("!--") => Some("<\u{200b}"),
        _ => None,
    }
}

/// These, and no quick actions, which GitLab carries out when a line of a note begins with one.
pub(crate) fn mentions_and_actions(position: &MarkupContext<'_>) -> Option<&'static str> {
    match position.c {
        '/' if begins_line(position) && position.next_is(|next| next.is_ascii_alphabetic()) => {
            Some("\u{200b}/")
        }
        _ => mentions(position),
    }
}

/// Within a word, as in `main@sha1:…`, an `@` mentions nobody.
fn begins_mention(position: &MarkupContext<'_>) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    position.next_is(is_word) && !position.previous().is_some_and(is_word)
}

fn begins_line(position: &MarkupContext<'_>) -> bool {
    let mut before = position.before.chars().rev().skip_while(|c| matches!(c, ' ' | '\t' | '\r'));
    before.next().is_none_or(|c| c == '\n')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{Style, bytes};

    fn github(text: &str) -> String {
        Style { escape: mentions, width: bytes }.fit(text, 1000).into_owned()
    }

    fn gitlab(text: &str) -> String {
        Style { escape: mentions_and_actions, width: bytes }.fit(text, 1000).into_owned()
    }

    #[test]
    fn s19_markdown_and_everyday_text_stay_as_they_are() {
        for text in [
            "**bold** _it_ [a](http://x/?q=1&r=2) `code` ~s~ <b>html</b> #1\n- item\n> quote",
            "main@sha1:5394cb7f ghcr.io/x/y:1@sha256:abc me@example.com a < b <30s> @ ! https://h/merge a /b",
        ] {
            assert_eq!(github(text), text);
            assert_eq!(gitlab(text), text);
        }
    }

    #[test]
    fn nobody_is_mentioned() {
        assert_eq!(github("@acme/all, (@me) ü@you"), "@\u{200b}acme/all, (@\u{200b}me) ü@\u{200b}you");
    }

    #[test]
    fn no_html_comment_hides_the_rest_or_poses_as_a_marker() {
        assert_eq!(
            github("x <!-- flux-pr-comment-key:a --> y"),
            "x <\u{200b}!-- flux-pr-comment-key:a --> y"
        );
    }

    #[test]
    fn no_line_is_a_quick_action_of_gitlab() {
        assert_eq!(gitlab("/merge\n  /close\nsee /close"), "\u{200b}/merge\n  \u{200b}/close\nsee /close");
        assert_eq!(github("/merge"), "/merge", "others know none");
    }
}

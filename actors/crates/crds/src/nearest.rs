//! The known word that is meant by a misspelt one.

/// The candidate that is nearest to `word`, if one is near enough to be meant: at most a third of its letters differ, upper
/// and lower case being the same letter. Words of more than 64 letters are meant to be something else.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    if length > LONGEST {
        return None;
    }
    let lower = word.to_lowercase();
    let measured =
        candidates.into_iter().map(|candidate| (distance(&lower, &candidate.to_lowercase(), 1), candidate));
    let near = measured.filter(|(distance, candidate)| *distance <= (candidate.chars().count() / 3).max(1));
    near.min_by_key(|(distance, _)| *distance).map(|(_, candidate)| candidate)
}

/// The longest word that is compared, in characters.
const LONGEST: usize = 64;

/// How many letters must be added, taken away or changed (Levenshtein), where two neighbours that are swapped count `swap`:
/// as one (optimal string alignment), or as the two that changed. Long texts are no word at all.
pub(crate) fn distance(one: &str, other: &str, swap: usize) -> usize {
    if one.len() > 4 * LONGEST {
        return usize::MAX;
    }
    let other: Vec<char> = other.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=other.len()).collect();
    let mut last = None;
    for (row, letter) in one.chars().enumerate() {
        let mut present = vec![row + 1];
        for (column, wanted) in other.iter().enumerate() {
            let change = above[column] + usize::from(letter != *wanted);
            let mut best = change.min(above[column + 1] + 1).min(present[column] + 1);
            if column > 0 && last == Some(*wanted) && other[column - 1] == letter {
                best = best.min(before.get(column - 1).map_or(usize::MAX, |count| count + swap));
            }
            present.push(best);
        }
        (before, above, last) = (above, present, Some(letter));
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_11_the_nearest_word_is_found_and_a_distant_one_is_not() {
        let fields = ["name", "namespace", "matchLabels", "kind"];
        for (word, meant) in [
            ("nmespace", Some("namespace")),
            ("matchLabel", Some("matchLabels")),
            ("Namespace", Some("namespace")),
            ("naem", Some("name")),
            ("knid", Some("kind")),
            ("labels", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, fields), meant, "{word}");
        }
        assert_eq!(nearest(&"name".repeat(100), fields), None);
    }

    #[test]
    fn item_11_a_distance_counts_letters() {
        for (one, other, count) in
            [("", "", 0), ("", "ab", 2), ("ab", "ba", 1), ("kitten", "sitting", 3), ("é", "e", 1)]
        {
            assert_eq!(distance(one, other, 1), count, "{one} {other}");
        }
    }
}

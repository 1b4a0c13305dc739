//! Label selectors as Kubernetes writes them: `app=web`, `tier in (a, b),!legacy`
//! (<https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors>).

use std::collections::BTreeMap;

/// The requirements that labels must fulfil. The default selects everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelSelector(Vec<Requirement>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    demand: Demand,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Demand {
    Exists,
    Absent,
    In(Vec<String>),
    NotIn(Vec<String>),
    Below(i64),
    Above(i64),
}

impl LabelSelector {
    /// Reads a selector. An empty one selects everything.
    ///
    /// # Errors
    /// Names the requirement that cannot be read.
    pub fn parse(selector: &str) -> Result<Self, String> {
        let whole = selector.trim();
        if whole.is_empty() {
            return Ok(Self::default());
        }
        let read = |text: &str| {
            let text = text.trim();
            Requirement::parse(text).ok_or_else(|| format!("'{text}' is no label requirement"))
        };
        parts(whole).into_iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// Whether labels fulfil every requirement.
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.0.iter().all(|requirement| requirement.holds(labels.get(&requirement.key).map(String::as_str)))
    }
}

/// The parts between commas outside of parentheses.
fn parts(selector: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    let separates = |symbol: char| {
        depth += match symbol {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        symbol == ',' && depth <= 0
    };
    selector.split(separates).collect()
}

impl Requirement {
    fn parse(text: &str) -> Option<Self> {
        if let Some(key) = text.strip_prefix('!') {
            return Self::of(key, Demand::Absent);
        }
        for operator in ["!=", "==", "=", "<", ">"] {
            if let Some((key, value)) = text.split_once(operator) {
                return Self::of(key, Demand::compared(operator, value.trim())?);
            }
        }
        match text.split_once(char::is_whitespace) {
            None => Self::of(text, Demand::Exists),
            Some((key, rest)) => Self::of(key, Demand::of_set(rest.trim())?),
        }
    }

    fn of(key: &str, demand: Demand) -> Option<Self> {
        let key = key.trim();
        is_key(key).then(|| Self { key: key.to_owned(), demand })
    }

    /// What is not there is none of the values, and is neither below nor above anything.
    fn holds(&self, value: Option<&str>) -> bool {
        let among = |values: &[String]| value.is_some_and(|value| values.iter().any(|one| one == value));
        let number = || value?.parse::<i64>().ok();
        match &self.demand {
            Demand::Exists => value.is_some(),
            Demand::Absent => value.is_none(),
            Demand::In(values) => among(values),
            Demand::NotIn(values) => !among(values),
            Demand::Below(bound) => number().is_some_and(|number| number < *bound),
            Demand::Above(bound) => number().is_some_and(|number| number > *bound),
        }
    }
}

impl Demand {
    fn compared(operator: &str, value: &str) -> Option<Self> {
        let values = || is_value(value).then(|| vec![value.to_owned()]);
        match operator {
            "<" => value.parse().ok().map(Self::Below),
            ">" => value.parse().ok().map(Self::Above),
            "!=" => values().map(Self::NotIn),
            _ => values().map(Self::In),
        }
    }

    /// `in (a, b)` or `notin (a)`.
    fn of_set(text: &str) -> Option<Self> {
        let of = |operator, make: fn(Vec<String>) -> Self| Some((text.strip_prefix(operator)?, make));
        let (set, make) = of("notin", Self::NotIn).or_else(|| of("in", Self::In))?;
        let values = set.trim().strip_prefix('(')?.strip_suffix(')')?.split(',');
        let value = |value: &str| is_value(value.trim()).then(|| value.trim().to_owned());
        values.map(value).collect::<Option<_>>().map(make)
    }
}

fn is_key(key: &str) -> bool {
    let (prefix, name) = key.split_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    let domain = |prefix: &str| {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
        !prefix.is_empty() && prefix.len() <= 253 && prefix.bytes().all(allowed)
    };
    !name.is_empty() && is_value(name) && prefix.is_none_or(domain)
}

fn is_value(value: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let ends = |byte: Option<u8>| byte.is_none_or(|byte| byte.is_ascii_alphanumeric());
    value.len() <= 63
        && value.bytes().all(allowed)
        && ends(value.bytes().next())
        && ends(value.bytes().next_back())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_those_of_kubernetes() {
        let sound = [
            "",
            "reconcile.fluxcd.io/watch=Enabled",
            "a==b, c!=d",
            "a in (b, c),d notin (e)",
            "!legacy,tier",
            "size>3",
            "a=",
        ];
        for selector in sound {
            assert!(LabelSelector::parse(selector).is_ok(), "{selector}");
        }
        for selector in ["=x", "a=b=c", "a in b", "a b", "-a=b", "a=b,", "Upper.io/x=y", "a=b c", "x>many"] {
            assert!(LabelSelector::parse(selector).is_err(), "{selector}");
        }
        assert_eq!(LabelSelector::parse("a=b,c d"), Err("'c d' is no label requirement".to_owned()));
    }

    #[test]
    fn labels_are_selected_as_kubernetes_does() {
        let labels = [("a", "b"), ("size", "5")];
        let labels = labels.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        for (selector, matches) in [
            ("", true),
            ("a=b", true),
            ("a==c", false),
            ("a!=c,size", true),
            ("x!=c", true),
            ("!x", true),
            ("!a", false),
            ("a in (x, b)", true),
            ("x in (b)", false),
            ("a notin (x)", true),
            ("x notin (x)", true),
            ("size>4,size<6", true),
            ("a>1", false),
        ] {
            assert_eq!(LabelSelector::parse(selector).unwrap().matches(&labels), matches, "{selector}");
        }
    }
}

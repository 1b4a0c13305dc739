//! The two text formats of Prometheus: 0.0.4 for everybody, OpenMetrics for those who ask for it.

use std::fmt::{self, Display, Write};

/// A text format of metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextFormat {
    /// The text format of Prometheus, version 0.0.4.
    Text,
    /// The OpenMetrics format, version 1.0.
    OpenMetrics,
}

impl TextFormat {
    /// What a client with this `Accept` header gets.
    pub(super) fn wanted(accept: &str) -> Self {
        if accept.contains("application/openmetrics-text") { Self::OpenMetrics } else { Self::Text }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// The type of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FamilyType {
    /// Only grows; its name ends with `_total`.
    Counter,
    /// A value that goes up and down.
    Gauge,
    /// Counts of observations in buckets.
    Histogram,
}

/// A number of a sample.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    Whole(u64),
    Real(f64),
}

impl From<u64> for Number {
    fn from(number: u64) -> Self {
        Self::Whole(number)
    }
}

impl From<f64> for Number {
    fn from(number: f64) -> Self {
        Self::Real(number)
    }
}

impl Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(number) => number.fmt(f),
            Self::Real(number) => number.fmt(f),
        }
    }
}

/// The labels of one sample.
pub(super) type LabelPairs<'a> = [(&'a str, &'a str)];

/// The counts of a histogram: per bucket, each only in its own, and the sum of all values.
pub(super) struct Counted<'a> {
    pub(super) bounds: &'a [f64],
    pub(super) buckets: &'a [u64],
    pub(super) sum: f64,
}

/// A page that is being written. Writing to it cannot fail.
pub(super) struct MetricsPage {
    format: TextFormat,
    family: &'static str,
    out: String,
}

impl MetricsPage {
    pub(super) fn new(format: TextFormat) -> Self {
        Self { format, family: "", out: String::new() }
    }

    /// Begins a family; its samples follow.
    pub(super) fn family(&mut self, name: &'static str, kind: FamilyType, help: &str) {
        self.family = name;
        let (shown, kind) = match (self.format, kind) {
            (TextFormat::Text, FamilyType::Counter) => (name, "counter"),
            (TextFormat::OpenMetrics, FamilyType::Counter) => (name.trim_end_matches("_total"), "counter"),
            (_, FamilyType::Gauge) => (name, "gauge"),
            (_, FamilyType::Histogram) => (name, "histogram"),
        };
        self.put(format_args!("# HELP {shown} {help}\n# TYPE {shown} {kind}\n"));
    }

    pub(super) fn sample(&mut self, labels: &LabelPairs<'_>, value: impl Into<Number>) {
        self.line("", labels, None, value.into());
    }

    pub(super) fn histogram(&mut self, labels: &LabelPairs<'_>, counted: &Counted<'_>) {
        let mut count = 0;
        let bounds = counted.bounds.iter().map(|bound| self.bound(*bound));
        let bounds: Vec<String> = bounds.chain(["+Inf".to_owned()]).collect();
        for (bound, more) in bounds.iter().zip(counted.buckets) {
            count += more;
            self.line("_bucket", labels, Some(bound), Number::Whole(count));
        }
        self.line("_sum", labels, None, Number::Real(counted.sum));
        self.line("_count", labels, None, Number::Whole(count));
    }

    /// OpenMetrics wants a canonical number, `1.0`, where the older format had `1`.
    fn bound(&self, bound: f64) -> String {
        match self.format {
            TextFormat::Text => format!("{bound}"),
            TextFormat::OpenMetrics => format!("{bound:?}"),
        }
    }

    fn line(&mut self, suffix: &str, labels: &LabelPairs<'_>, bound: Option<&str>, value: Number) {
        let family = self.family;
        self.put(format_args!("{family}{suffix}"));
        let mut before = '{';
        for (name, text) in labels.iter().copied().chain(bound.map(|bound| ("le", bound))) {
            self.put(format_args!("{before}{name}=\"{}\"", Escaped(text)));
            before = ',';
        }
        let end = if before == ',' { "}" } else { "" };
        self.put(format_args!("{end} {value}\n"));
    }

    pub(super) fn end(mut self) -> String {
        if self.format == TextFormat::OpenMetrics {
            self.out.push_str("# EOF\n");
        }
        self.out
    }

    fn put(&mut self, text: fmt::Arguments<'_>) {
        self.out.write_fmt(text).unwrap_or_default();
    }
}

/// A label's value: backslash, quote and line end are escaped.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for symbol in self.0.chars() {
            match symbol {
                '\\' => f.write_str(r"\\")?,
                '"' => f.write_str(r#"\""#)?,
                '\n' => f.write_str(r"\n")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

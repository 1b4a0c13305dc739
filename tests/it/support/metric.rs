//! Values on a page of metrics.

/// The value of a series, found by the text before it.
pub(crate) fn value(page: &str, series: &str) -> Option<f64> {
    page.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

/// The sum over all series whose text begins so.
pub(crate) fn sum(page: &str, beginning: &str) -> f64 {
    let values = page.lines().filter(|line| line.starts_with(beginning)).filter_map(|line| {
        let (_, value) = line.rsplit_once(' ')?;
        value.parse::<f64>().ok()
    });
    values.sum()
}

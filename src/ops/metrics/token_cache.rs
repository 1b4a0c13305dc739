//! The incumbent's metrics of the cache of clouds' tokens (contract, control plane 9.2). The cache counts a bounded number of
//! Providers.

use campanile_delivery::{CacheUse, TokenCacheSnapshot};

use super::page::{FamilyType, MetricsPage};

/// Writes the cache's numbers, by Provider where labels may name objects.
pub(super) fn write(page: &mut MetricsPage, cache: &TokenCacheSnapshot, per_object: bool) {
    let help = "Looks into the cache of tokens for a Provider, by what was found.";
    page.family("gotk_token_cache_events_total", FamilyType::Counter, help);
    for (event, count) in [("cache_hit", hits as fn(&CacheUse) -> u64), ("cache_miss", misses)] {
        if per_object {
            for used in &cache.uses {
                let (name, namespace) = (used.provider.name.as_ref(), used.provider.namespace.as_ref());
                let provider = [("kind", "Provider"), ("name", name), ("namespace", namespace)];
                let labels = [&[("event_type", event)][..], &provider, &[("operation", "post")]].concat();
                page.sample(&labels, count(used));
            }
        } else {
            let labels = [("event_type", event), ("kind", "Provider"), ("operation", "post")];
            page.sample(&labels, cache.uses.iter().map(count).sum::<u64>());
        }
    }
    let help = "Tokens that were asked of the cache, by success.";
    page.family("gotk_token_cache_requests_total", FamilyType::Counter, help);
    for (status, count) in [("success", cache.successes), ("failure", cache.failures)] {
        page.sample(&[("status", status)], count);
    }
    let help = "Tokens that made room for others.";
    page.family("gotk_token_cache_evictions_total", FamilyType::Counter, help);
    page.sample(&[], cache.evictions);
    page.family("gotk_token_cached_items", FamilyType::Gauge, "Tokens in the cache.");
    page.sample(&[], cache.items);
}

fn hits(used: &CacheUse) -> u64 {
    used.hits
}

fn misses(used: &CacheUse) -> u64 {
    used.misses
}

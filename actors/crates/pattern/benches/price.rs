//! What a place of a pattern costs for a byte of text: the unit of prices (docs/security.md). The worst patterns that we know, each
//! against the text of 39,000 characters that is worst for it.

#![expect(clippy::expect_used, reason = "a bench that cannot go on must say so and stop")]

use campanile_pattern::{LazyPattern, MATCHED_CHARACTERS};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// Pattern, places, and the character whose repetition keeps all of them alive.
const WORST: &[(&str, u64, char)] = &[
    ("xa{0,60}a{60}z|a{60}a{60}z", 120, 'a'),
    ("[^z]{120}z", 120, 'a'),
    ("[^z]{120}z", 120, '\u{10348}'),
    ("(?:.?){60}(?:.?){60}zz", 240, 'a'),
    ("error.*lookup github", 4, 'e'),
];

fn places(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("a place and a byte");
    group.sample_size(10);
    for (source, places, character) in WORST {
        let pattern = LazyPattern::new(source).expect("a pattern");
        let text = character.to_string().repeat(MATCHED_CHARACTERS);
        // Elements a second is then places times bytes a second.
        group.throughput(Throughput::Elements(places * text.len() as u64));
        let name = BenchmarkId::new(*source, character);
        group.bench_function(name, |bencher| bencher.iter(|| pattern.is_match(&text)));
    }
    group.finish();
}

criterion_group!(benches, places);
criterion_main!(benches);

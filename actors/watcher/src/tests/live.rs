//! With the real clock: changes are noticed long before the next rescan.

use std::time::{Duration, Instant};

use campanile_testkit::run;

use super::rig::Rig;
use super::{alert, provider};

/// Well below the interval of rescans.
const SOON: Duration = Duration::from_secs(10);

#[test]
fn a_change_is_noticed_at_once_also_in_a_folder_that_came_back() {
    run(async |ward| {
        tokio::time::resume();
        let rig = Rig::new(&ward, &[("p.yaml", provider("http://one"))]);
        rig.loaded().await;
        let begun = Instant::now();
        rig.write("a.yaml", &alert("first"));
        rig.until(|table| table.alerts.len() == 1).await;

        let away = rig.dir.path().join("away");
        std::fs::rename(rig.folder(), &away).unwrap();
        std::fs::create_dir(rig.folder()).unwrap();
        rig.write("b.yaml", &alert("second"));
        rig.until(|table| table.alerts.len() == 1 && table.alerts[0].object.name == "second").await;
        rig.write("b.yaml", &alert("third"));
        rig.until(|table| table.alerts[0].object.name == "third").await;
        assert!(begun.elapsed() < SOON, "it took {:?}", begun.elapsed());
    });
}

//! Hints from the operating system that the folder changed. They may be lost or superfluous: a rescan at intervals
//! finds what they miss, and reading a folder that did not change is cheap.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix::{Message, WeakRecipient};
use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};

use crate::scan::identity;
use crate::{Folder, FolderError, Loaded};

/// To the watcher: something in the folder was touched.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Touched;

/// Passes hints on, at most one until it is rearmed.
#[derive(Clone)]
pub(crate) struct ChangeNotifier {
    notified: Arc<AtomicBool>,
    watcher: WeakRecipient<Touched>,
}

impl ChangeNotifier {
    pub(crate) fn new(watcher: WeakRecipient<Touched>) -> Self {
        Self { notified: Arc::default(), watcher }
    }

    /// Lets the next hint through. To be called before the folder is read.
    pub(crate) fn rearm(&self) {
        self.notified.store(false, Ordering::SeqCst);
    }

    fn notify(&self) {
        if self.notified.swap(true, Ordering::SeqCst) {
            return;
        }
        let heard = self.watcher.upgrade().is_some_and(|watcher| watcher.try_send(Touched).is_ok());
        if !heard {
            self.rearm();
        }
    }
}

/// A folder, and the watch on it. Lives on the blocking pool while it is used.
pub(crate) struct ObservedFolder {
    folder: Folder,
    notifier: ChangeNotifier,
    /// Which folder is watched: one that was replaced has the same path but not the same identity. The watch itself is
    /// none where the system refused it.
    watch: Option<((u64, u64), Option<RecommendedWatcher>)>,
}

impl ObservedFolder {
    pub(crate) fn new(root: PathBuf, notifier: ChangeNotifier) -> Self {
        Self { folder: Folder::new(root), notifier, watch: None }
    }

    /// Reads what changed; none if nothing did. The watch is set up first, so that nothing falls between.
    pub(crate) fn look(&mut self) -> Result<Option<Loaded>, FolderError> {
        self.notifier.rearm();
        let present = identity(self.folder.root()).ok();
        if self.watch.as_ref().map(|(watched, _)| *watched) != present {
            self.watch = present.map(|identity| (identity, self.set_watch()));
        }
        Ok(self.folder.refresh()?.then(|| self.folder.loaded()))
    }

    fn set_watch(&self) -> Option<RecommendedWatcher> {
        let folder = self.folder.root();
        match start(folder, self.notifier.clone()) {
            Ok(watch) => Some(watch),
            Err(error) => {
                let folder = folder.display();
                tracing::warn!(%folder, %error, "folder is not watched, it is only read again at intervals");
                None
            }
        }
    }
}

fn start(folder: &Path, notifier: ChangeNotifier) -> notify::Result<RecommendedWatcher> {
    let mut watch = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if event.map_or(true, |event| is_change(event.kind)) {
            notifier.notify();
        }
    })?;
    watch.watch(folder, RecursiveMode::Recursive)?;
    Ok(watch)
}

/// Reading the folder is an event too, and no reason to read it again.
fn is_change(kind: EventKind) -> bool {
    !matches!(kind, EventKind::Access(access) if access != AccessKind::Close(AccessMode::Write))
}

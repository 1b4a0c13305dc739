//! A finding: one thing that is wrong with manifests, with its place and its remedy.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use campanile_crds::flux::{Concerns, Flux};
use campanile_crds::{Level, Rule};
use campanile_yaml::Mark;

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePlace {
    /// The file; the folder itself if it is about that.
    pub file: Arc<Path>,
    /// Line and column; none if it is about the file or folder as a whole.
    pub mark: Option<Mark>,
}

impl FilePlace {
    /// The place of `mark` in `file`.
    pub fn at(file: &Arc<Path>, mark: Mark) -> Self {
        Self { file: file.clone(), mark: Some(mark) }
    }

    /// A file or folder as a whole.
    pub fn whole(file: &Path) -> Self {
        Self { file: Arc::from(file), mark: None }
    }
}

impl fmt::Display for FilePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        match self.mark {
            Some(Mark { line, column }) => write!(f, ":{line}:{column}"),
            None => Ok(()),
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule that is broken; its id is stable.
    pub rule: Rule,
    /// The level of the finding.
    pub level: Level,
    /// The place that it is about.
    pub place: FilePlace,
    /// `Kind/namespace/name`; empty if it is about no object.
    pub object: String,
    /// The text of what is wrong.
    pub text: String,
    /// What to do; empty where the text says it.
    pub remedy: String,
    /// Those whom the finding concerns.
    pub(crate) concerns: Concerns,
    /// Whether it follows from another finding, and so is said after all others.
    pub(crate) is_consequence: bool,
}

impl Finding {
    /// A finding for everybody. `message` says what is wrong and, behind its last semicolon, what to do.
    pub fn new(
        rule: Rule,
        level: Level,
        place: FilePlace,
        object: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        let (message, concerns) = (message.into(), Concerns::All);
        let (text, remedy) = message.rsplit_once("; ").unwrap_or((&message, ""));
        let (text, remedy, object) = (text.to_owned(), remedy.to_owned(), object.into());
        Self { rule, level, place, object, text, remedy, concerns, is_consequence: false }
    }

    /// Makes a finding that is an error.
    pub(crate) fn error(
        rule: Rule,
        place: FilePlace,
        object: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self::new(rule, Level::Error, place, object, message)
    }

    /// Makes a finding that is a warning.
    pub(crate) fn warning(
        rule: Rule,
        place: FilePlace,
        object: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self::new(rule, Level::Warning, place, object, message)
    }

    /// The same as something that follows from another finding.
    pub(crate) fn following(self) -> Self {
        Self { is_consequence: true, ..self }
    }

    /// The finding as it is where manifests are judged for a release of Flux too; none if it does not concern that.
    pub(crate) fn judged_for(mut self, flux: Option<Flux>) -> Option<Self> {
        if self.concerns.breaks(flux) {
            self.level = Level::Error;
        }
        self.concerns.is_said(flux).then_some(self)
    }

    /// The text and the remedy in one sentence.
    pub fn message(&self) -> String {
        let between = if self.remedy.is_empty() { "" } else { "; " };
        format!("{}{between}{}", self.text, self.remedy)
    }

    /// Place, object, text and remedy, without the level: where it is one line of many that have a level of their own.
    pub fn said(&self) -> String {
        let object = if self.object.is_empty() { String::new() } else { format!("{}: ", self.object) };
        format!("{}: {object}{}", self.place, self.message())
    }
}

/// `FILE:LINE:COLUMN: error: OBJECT: TEXT; REMEDY [ID]`
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: ", self.place, self.level.name())?;
        if !self.object.is_empty() {
            write!(f, "{}: ", self.object)?;
        }
        write!(f, "{} [{}]", self.message(), self.rule.id())
    }
}

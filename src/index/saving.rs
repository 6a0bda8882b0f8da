//! an [`Index`] and what is kept of it elsewhere → what is still to be written, or to be read
//!
//! A sealed segment's files never change, so a save writes what is new and a manifest. The index remembers which of
//! its files are kept, and which documents were changed since: when another tab has saved meanwhile, its state is taken
//! and the own changes are made again on top, so that none is lost on either side.

use std::collections::{HashMap, HashSet};

use super::{Entry, Index};
use crate::error::Result;
use crate::order::sort;
use crate::vector::Codes;

/// What is kept of an index, and what is not.
#[derive(Default)]
pub(super) struct Saving {
    /// Counts the changes.
    revision: u64,
    /// The documents that were added, replaced or removed since the last save, and when.
    changed: HashMap<String, u64>,
    /// The names of the files that are kept.
    pub(super) kept: HashSet<String>,
    /// The state that is kept; at first the empty one.
    saved: Option<u64>,
    /// What was handed out to be written: the state, and the names of its files.
    given: Option<(u64, HashSet<String>)>,
}

impl Saving {
    pub(super) fn note_change(&mut self) {
        self.revision += 1;
    }

    pub(super) fn note_document(&mut self, id: String) {
        self.note_change();
        self.changed.insert(id, self.revision);
    }
}

impl Index {
    /// The files that are not kept yet, by name, and the manifest, which comes last. What they hold is kept once
    /// [`saved`](Self::saved) says so.
    pub fn save(&mut self) -> Vec<(String, Vec<u8>)> {
        self.tidy();
        let kept = std::mem::take(&mut self.saving.kept);
        let (files, names) = self.files_but(&kept);
        self.saving.kept = kept;
        self.saving.given = Some((self.saving.revision, names));
        files
    }

    /// What [`save`](Self::save) gave last is kept, and nothing else is.
    pub fn saved(&mut self) {
        if let Some((revision, names)) = self.saving.given.take() {
            self.saving.kept = names;
            self.saving.saved = Some(revision);
            self.saving.changed.retain(|_, at| *at > revision);
        }
    }

    /// Whether there is anything that is not kept.
    pub fn has_changes(&self) -> bool {
        match self.saving.saved {
            Some(revision) => revision != self.saving.revision,
            None => !self.segments.is_empty(),
        }
    }

    /// Nothing is kept any more, or was ever: the next save writes all.
    pub fn forget_saved(&mut self) {
        let ids: Vec<String> = self.entries().map(|entry| entry.document.id.clone()).collect();
        self.saving = Saving { revision: self.saving.revision, ..Saving::default() };
        ids.into_iter().for_each(|id| self.saving.note_document(id));
    }

    /// Takes the state that somebody else has saved, with the own unsaved changes on top; `file` gives the bytes of
    /// those files that are not [held](Self::holds).
    ///
    /// # Errors
    /// As [`from_files`](Self::from_files); the index is as before then.
    pub fn refresh(&mut self, mut file: impl FnMut(&str) -> Option<Vec<u8>>) -> Result<()> {
        let mut fresh = Self::read(|name| file(name).or_else(|| self.file_held(name)), &self.segments)?;
        if (fresh.dimensions, &fresh.model) != (self.dimensions, &self.model) {
            let (index, model) = (fresh.model, self.model.clone());
            return Err(crate::error::Error::IndexModel { index, model });
        }
        let kept = fresh.saving.kept.clone();
        let mut ids: Vec<(&String, &u64)> = self.saving.changed.iter().collect();
        sort(&mut ids, |left, right| left.1.cmp(right.1));
        let changes: Vec<(String, Option<(Entry, Codes)>)> = ids
            .into_iter()
            .map(|(id, _)| (id.clone(), self.entry_with_codes(id).map(|(entry, codes)| (entry.clone(), codes))))
            .collect();
        fresh.saving = Saving { revision: self.saving.revision + 1, kept, ..Saving::default() };
        fresh.saving.saved = Some(fresh.saving.revision);
        for (id, change) in changes {
            match change {
                Some((entry, codes)) => fresh.insert_codes(entry, &codes)?,
                None => _ = fresh.remove(&id),
            }
        }
        *self = fresh;
        Ok(())
    }

    /// All is kept as it is.
    pub(super) fn note_kept(&mut self, names: HashSet<String>) {
        self.saving = Saving { kept: names, saved: Some(0), ..Saving::default() };
    }
}

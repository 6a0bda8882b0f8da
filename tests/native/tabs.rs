//! Two tabs over one store: what a page does with its index, step by step, and beside each index a naive one to which
//! the same is done.

use std::collections::{BTreeSet, HashMap};

use carrel::index::{Index, MANIFEST, build_graph, file_names};

use crate::naive::{DIMENSIONS, MODEL, Naive, Numbers, entry};

/// What stands on a disk that tabs share.
#[derive(Default)]
pub struct Store {
    pub files: HashMap<String, Vec<u8>>,
    pub naive: Naive,
}

/// A tab: its index, and what that must hold.
pub struct Tab {
    pub index: Index,
    pub naive: Naive,
    /// What was changed since the last save, each document once, in the order of the changes.
    pub own: Vec<String>,
    /// The manifest of the state that it knows the store to have.
    pub known: Option<Vec<u8>>,
}

#[derive(Debug, Clone)]
pub enum Step {
    Insert {
        id: usize,
        lines: Vec<&'static str>,
        seed: u64,
    },
    Remove {
        id: usize,
    },
    /// Follows the other tab.
    Refresh,
    /// Saves under the lock of the store.
    Save,
    /// Saves; what is done until the store says that all is written is not in it.
    SaveWhileChanging {
        id: usize,
        lines: Vec<&'static str>,
        seed: u64,
    },
    /// Saves, and only so many files are written: no manifest. The tab lives on.
    FailToSave {
        written: usize,
    },
    /// Its process ends and another begins.
    Restart,
    /// All is cleared by the person; what is in memory is to be written again.
    ClearStore,
    Optimize,
    Work,
    /// Is put into one file, and read from there by a new process that has no store.
    Export,
}

impl Tab {
    pub fn new() -> Self {
        Self { index: Index::new(MODEL, DIMENSIONS), naive: Naive::default(), own: Vec::new(), known: None }
    }

    pub fn open(store: &Store) -> Self {
        let Some(manifest) = store.files.get(MANIFEST) else {
            return Self::new();
        };
        let index = Index::from_files(|name| store.files.get(name).cloned()).unwrap();
        Self { index, naive: store.naive.clone(), own: Vec::new(), known: Some(manifest.clone()) }
    }

    fn note(&mut self, id: &str) {
        self.own.retain(|other| other != id);
        self.own.push(id.to_owned());
    }

    pub fn insert(&mut self, id: usize, lines: &[&str], seed: u64) {
        let (id, mut numbers) = (format!("d{id}"), Numbers(seed));
        let (entry, vectors) = (entry(&id, lines), numbers.vectors(lines.len()));
        self.index.insert(entry.clone(), &vectors).unwrap();
        self.naive.insert(entry, vectors);
        self.note(&id);
    }

    pub fn remove(&mut self, id: usize) {
        let id = format!("d{id}");
        let was_there = self.naive.remove(&id);
        assert_eq!(self.index.remove(&id), was_there);
        if was_there {
            self.note(&id);
        }
    }

    /// Takes the state of the store where that is not known yet, as a tab must before it saves.
    pub fn refresh(&mut self, store: &Store) {
        let manifest = store.files.get(MANIFEST);
        if manifest.is_none() || manifest == self.known.as_ref() {
            return;
        }
        // Read as a page does it, which cannot wait within: all that the index lacks, and then the index.
        let names = file_names(manifest.unwrap()).unwrap();
        let lacking =
            names.iter().filter(|name| !self.index.holds(name)).map(|name| (name.as_str(), &store.files[name]));
        let mut read: HashMap<&str, &Vec<u8>> = lacking.collect();
        read.insert(MANIFEST, manifest.unwrap());
        self.index.refresh(|name| read.get(name).map(|bytes| bytes.to_vec())).unwrap();
        let mut naive = store.naive.clone();
        // What was removed and is not there either way is no change any more.
        self.own.retain(|id| {
            match self.naive.documents.iter().find(|(entry, _)| entry.document.id == *id) {
                Some((entry, vectors)) => naive.insert(entry.clone(), vectors.clone()),
                None => return naive.remove(id),
            }
            true
        });
        self.naive = naive;
        self.known = manifest.cloned();
        assert_eq!(self.index.has_changes(), !self.own.is_empty());
    }

    /// Hands out what is to be written, and holds that against what is there.
    pub fn files_to_write(&mut self, store: &Store) -> Vec<(String, Vec<u8>)> {
        self.refresh(store);
        let files = self.index.save();
        assert_eq!(files.last().unwrap().0, MANIFEST);
        let kept: BTreeSet<String> = store
            .files
            .get(MANIFEST)
            .map_or_else(BTreeSet::new, |manifest| file_names(manifest).unwrap().into_iter().collect());
        for (name, bytes) in &files[..files.len() - 1] {
            assert!(!kept.contains(name), "{name} is written twice");
            assert!(store.files.get(name).is_none_or(|there| there == bytes), "{name} is rewritten with other content");
        }
        files
    }

    pub fn commit(&mut self, store: &mut Store, files: Vec<(String, Vec<u8>)>, state: Naive) {
        self.known = files.last().map(|file| file.1.clone());
        store.files.extend(files);
        store.naive = state;
        let mut needed: BTreeSet<String> = file_names(&store.files[MANIFEST]).unwrap().into_iter().collect();
        needed.insert(MANIFEST.to_owned());
        for name in &needed {
            assert!(store.files.contains_key(name), "{name} was never written");
        }
        // What no manifest names any more goes.
        store.files.retain(|name, _| needed.contains(name));
        self.index.saved();
    }

    pub fn save(&mut self, store: &mut Store) {
        let files = self.files_to_write(store);
        self.own.clear();
        self.commit(store, files, self.naive.clone());
        assert!(!self.index.has_changes());
        let manifest = &store.files[MANIFEST];
        for name in file_names(manifest).unwrap() {
            assert!(self.index.holds(&name) || name.starts_with("removed-"), "{name} is in memory");
        }
        // There is nothing more to write, and what is written next changes nothing.
        let again = self.index.save();
        assert_eq!(again.len(), 1);
        assert_eq!(again[0].1, *manifest);
        self.index.saved();
    }

    pub fn take(&mut self, step: Step, store: &mut Store) {
        match step {
            Step::Insert { id, lines, seed } => self.insert(id, &lines, seed),
            Step::Remove { id } => self.remove(id),
            Step::Refresh => self.refresh(store),
            Step::Save => self.save(store),
            Step::SaveWhileChanging { id, lines, seed } => {
                let files = self.files_to_write(store);
                let state = self.naive.clone();
                self.own.clear();
                self.insert(id, &lines, seed);
                self.remove((id + 1) % 7);
                self.commit(store, files, state);
                assert!(self.index.has_changes());
            }
            Step::FailToSave { written } => {
                let files = self.files_to_write(store);
                let written = written.min(files.len() - 1);
                store.files.extend(files.into_iter().take(written));
            }
            Step::Restart => {
                *self = Self::open(store);
                assert!(!self.index.has_changes());
            }
            Step::ClearStore => unreachable!("it concerns both tabs"),
            Step::Optimize => self.index.optimize(),
            Step::Work => {
                assert!(self.index.work().is_none(), "so few need no graph");
                self.index.give_up_work();
                assert!(!self.index.adopt(b"").unwrap(), "nobody asked for it");
                assert_eq!(build_graph(b"").unwrap_err().code(), "option_invalid");
            }
            Step::Export => {
                let files = self.index.to_files();
                self.index =
                    Index::from_files(|name| files.iter().find(|it| it.0 == name).map(|it| it.1.clone())).unwrap();
                // The store has nothing of it.
                self.index.forget_saved();
                (self.own, self.known) = (self.naive.ids(), None);
            }
        }
    }
}

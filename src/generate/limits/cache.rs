//! a request → the response that it had before
//!
//! For those who want it: the same question with the same passages, prompt, model and settings need not be paid twice.
//! Kept is what the server sent, byte for byte, so the way through the decoder is the same as the first time; in
//! memory only, since answers tell of private documents.

use std::collections::VecDeque;

/// Responses by the key of their request, up to so many bytes. What was not wanted for longest goes first.
#[derive(Debug, Default)]
pub struct Cache {
    limit: usize,
    bytes: usize,
    /// The one that was wanted last is at the end.
    entries: VecDeque<(String, Vec<u8>)>,
}

impl Cache {
    /// Of at most so many bytes; of none it keeps nothing.
    pub fn new(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }

    /// What tells a request from all others: not its headers, which hold the key of the API. The SHA-256 of it is the
    /// key here; a browser has one of its own (`crypto.subtle`), so ours need not be downloaded.
    pub fn identity(url: &str, body: &str) -> String {
        // No address holds a line break, so where the body begins is never in doubt.
        [url, "\n", body].concat()
    }

    /// The key of a request, in hexadecimal.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn key(url: &str, body: &str) -> String {
        crate::checksum::sha256(Self::identity(url, body).as_bytes())
    }

    /// The response to the request of this key.
    pub fn get(&mut self, key: &str) -> Option<&[u8]> {
        let entry = self.take(key)?;
        self.push(entry);
        self.entries.back().map(|(_, response)| &response[..])
    }

    /// Keeps a whole response (one that broke off is none); one larger than all the room is not kept.
    pub fn put(&mut self, key: &str, response: Vec<u8>) {
        self.take(key);
        let entry = (key.to_owned(), response);
        if size(&entry) > self.limit {
            return;
        }
        self.push(entry);
        while self.bytes > self.limit {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.bytes -= size(&oldest);
        }
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        *self = Self::new(self.limit);
    }

    /// What the keys and responses take.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    fn push(&mut self, entry: (String, Vec<u8>)) {
        self.bytes += size(&entry);
        self.entries.push_back(entry);
    }

    fn take(&mut self, key: &str) -> Option<(String, Vec<u8>)> {
        let place = self.entries.iter().position(|(other, _)| other == key)?;
        let entry = self.entries.remove(place)?;
        self.bytes -= size(&entry);
        Some(entry)
    }
}

fn size(entry: &(String, Vec<u8>)) -> usize {
    entry.0.len() + entry.1.len()
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    /// The oracle is `printf 'https://x.org/v1\n{}' | sha256sum`.
    #[test]
    fn a_key_is_the_sha256_of_address_and_body() {
        assert_eq!(
            Cache::key("https://x.org/v1", "{}"),
            "59fc7fbd4bd4223272ae0aeb76af735dcd9a13349896f3d3fd6d40e28c8968cb"
        );
        assert_ne!(Cache::key("https://x.org/v1", "{ }"), Cache::key("https://x.org/v1", "{}"));
        assert_ne!(Cache::key("https://x.org/v2", "{}"), Cache::key("https://x.org/v1", "{}"));
    }

    #[test]
    fn a_response_is_given_back_byte_for_byte_and_a_later_one_replaces_it() {
        let mut cache = Cache::new(1_000);
        assert_eq!(cache.get("a"), None);
        cache.put("a", vec![0, 255, 10]);
        assert_eq!(cache.get("a"), Some(&[0, 255, 10][..]));
        cache.put("a", vec![1]);
        assert_eq!(cache.get("a"), Some(&[1][..]));
        assert_eq!(cache.bytes(), 2);
        cache.clear();
        assert_eq!(cache.get("a"), None);
        assert_eq!(cache.bytes(), 0);
    }

    #[test]
    fn it_never_holds_more_than_its_limit_and_what_was_wanted_last_stays() {
        let mut cache = Cache::new(33);
        for key in ["a", "b", "c"] {
            cache.put(key, vec![0; 10]);
        }
        assert!(cache.get("a").is_some());
        cache.put("d", vec![0; 10]);
        assert_eq!(["a", "b", "c", "d"].map(|key| cache.get(key).is_some()), [true, false, true, true]);
        cache.put("e", vec![0; 33]);
        assert_eq!(cache.get("e"), None);
        assert_eq!(cache.bytes(), 33);
        let mut none = Cache::default();
        none.put("a", Vec::new());
        assert_eq!(none.get("a"), None);
    }
}

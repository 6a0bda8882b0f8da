//! A server with limits, and chance.

use super::MINUTE;

/// Chance that can be had again: SplitMix64.
pub(super) struct Chance(pub(super) u64);

impl Chance {
    /// In 0…1.
    pub(super) fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.next()
    }
}

/// What the server keeps of a limit.
pub(super) struct Meted {
    pub(super) per_minute: f64,
    pub(super) level: f64,
    pub(super) at: f64,
}

impl Meted {
    fn fill(&mut self, now: f64) {
        self.level = self.per_minute.min(self.level + (now - self.at) * self.per_minute / MINUTE);
        self.at = now;
    }

    /// Until there is room for so much.
    fn wait(&self, amount: f64) -> f64 {
        (amount - self.level).max(0.0) * MINUTE / self.per_minute
    }
}

/// Refuses with 429 what is too much. The prompt is counted when it comes, the answer when it is written.
pub(super) struct Server {
    pub(super) requests: Meted,
    pub(super) tokens: Meted,
    /// Whether a page can see its headers.
    pub(super) tells: bool,
    pub(super) taken: (f64, f64),
    pub(super) allowed: (f64, f64),
}

impl Server {
    pub(super) fn receive(&mut self, now: f64, prompt: f64) -> (u16, Vec<(String, String)>) {
        self.fill(now);
        let wait = self.requests.wait(1.0).max(self.tokens.wait(prompt));
        if wait == 0.0 {
            self.requests.level -= 1.0;
            self.taken.0 += 1.0;
            self.count(prompt);
        }
        let mut headers = Vec::new();
        if self.tells {
            for (what, meted) in [("requests", &self.requests), ("tokens", &self.tokens)] {
                let name = |part: &str| ["x-ratelimit-", part, "-", what].concat();
                let reset = meted.wait(meted.per_minute).round() as u64;
                headers.push((name("limit"), meted.per_minute.to_string()));
                headers.push((name("remaining"), meted.level.max(0.0).floor().to_string()));
                headers.push((name("reset"), format!("{}s{}ms", reset / 1_000, reset % 1_000)));
            }
            if wait > 0.0 {
                headers.push(("retry-after".to_owned(), (wait / 1_000.0).ceil().to_string()));
            }
        }
        (if wait > 0.0 { 429 } else { 200 }, headers)
    }

    pub(super) fn fill(&mut self, now: f64) {
        self.requests.fill(now);
        self.tokens.fill(now);
    }

    pub(super) fn count(&mut self, tokens: f64) {
        self.tokens.level -= tokens;
        self.taken.1 += tokens;
    }

    /// Which share of what it allows was taken, of that limit of which it was more.
    pub(super) fn used(&self) -> f64 {
        (self.taken.0 / self.allowed.0).max(self.taken.1 / self.allowed.1)
    }
}

//! One call of a language model's API: its request, its turn, its failures
//!
//! What an [`Inquiry`](super::Inquiry) needs only where its answer comes from an API. Whoever sends asks for its
//! [`turn`](Call::turn), sends the [`request`](Call::request), tells what came, and closes the connection where the
//! call is [`overdue`](Call::overdue).

use super::Carrel;
use super::trace::Sent;
use crate::error::{Error, Result};
use crate::generate::limits::Cache;
use crate::generate::meter::{Measure, Tokens};
use crate::generate::{self, Decoder, Finish, Header, Request, Sending, Settings, Usage};
use crate::prompt::Prompt;

/// A call under way.
pub struct Call {
    settings: Settings,
    request: Request,
    sending: Sending,
    decoder: Decoder,
    /// Why it failed this time.
    failure: Option<Error>,
    /// The last events of an answer that ended well.
    end: Option<Vec<generate::Event>>,
    /// The response, where it is to be kept.
    record: Option<Vec<u8>>,
}

impl Call {
    pub(super) fn new(carrel: &Carrel, settings: Settings, prompt: &Prompt) -> Result<Self> {
        let request = generate::request(&settings, prompt)?;
        let session = &mut carrel.session.borrow_mut();
        Ok(Self {
            sending: Sending::new(session, &request.url, &settings, prompt.tokens, (carrel.clock)())?,
            decoder: Decoder::new(settings.api, &request.url, &settings.model),
            record: settings.policy.cache.then(Vec::new),
            settings,
            request,
            failure: None,
            end: None,
        })
    }

    /// What is to be sent.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// In how many milliseconds to ask this again; with 0 the request is to be sent now.
    ///
    /// # Errors
    /// Those of [`Sending::turn`].
    pub fn turn(&mut self, carrel: &Carrel) -> Result<f64> {
        self.sending.turn(&mut carrel.session.borrow_mut(), (carrel.clock)())
    }

    /// The headers of the response came; `wall` is the time in milliseconds since 1970.
    pub fn opened(&mut self, carrel: &Carrel, header: Header<'_>, wall: f64) {
        self.sending.opened(&mut carrel.session.borrow_mut(), header, (carrel.clock)(), wall);
    }

    /// The status of the response is not in 200…299; `header` gives those of its headers that can be seen.
    pub fn refused(&mut self, status: u16, header: Header<'_>, body: &[u8]) {
        let error = generate::failure(&self.request.url, &self.settings.model, status, header, body);
        self.failure.get_or_insert(error);
    }

    /// The connection could not be made, or broke while the response came.
    pub fn broken(&mut self, began: bool) {
        self.failure.get_or_insert_with(|| generate::broken(&self.request.url, began));
    }

    /// In how many milliseconds to ask whether it is [`overdue`](Self::overdue).
    pub fn next_alarm(&self, carrel: &Carrel) -> f64 {
        self.sending.next_alarm((carrel.clock)())
    }

    /// How many milliseconds are left for all of it.
    pub fn time_left(&self, carrel: &Carrel) -> f64 {
        self.sending.time_left((carrel.clock)())
    }

    /// Whether something took too long: then the connection is to be closed.
    pub fn overdue(&mut self, carrel: &Carrel) -> bool {
        let late = || self.sending.overdue((carrel.clock)());
        self.failure = self.failure.take().or_else(late);
        self.failure.is_some()
    }

    /// Whether no more bytes are needed, though the connection may be open still.
    pub fn is_done(&self) -> bool {
        self.failure.is_some() || self.decoder.is_done()
    }

    pub(super) fn was_sent(&self) -> bool {
        self.sending.was_sent()
    }

    pub(super) fn model(&self) -> &str {
        &self.settings.model
    }

    pub(super) fn sent(&self) -> Sent {
        Sent { url: self.request.url.clone(), body: self.request.body.clone() }
    }

    /// Sends another prompt instead, which is no longer than the first.
    pub(super) fn revise(&mut self, prompt: &Prompt) -> Result<()> {
        self.request = generate::request(&self.settings, prompt)?;
        Ok(())
    }

    /// The response to the same request, where one is kept; then nothing is to be sent.
    pub(super) fn kept(&mut self, carrel: &Carrel) -> Option<Vec<u8>> {
        self.record.as_ref()?;
        let response = carrel.session.borrow_mut().cache().get(&self.identity())?.to_vec();
        self.record = None;
        self.measure(carrel, None, Tokens::default());
        Some(response)
    }

    pub(super) fn push(&mut self, carrel: &Carrel, bytes: &[u8]) -> Vec<generate::Event> {
        if let Some(record) = &mut self.record {
            record.extend_from_slice(bytes);
        }
        let decoded = self.decoder.push(bytes).unwrap_or_else(|error| {
            self.failure.get_or_insert(error);
            Vec::new()
        });
        if decoded.iter().any(|event| matches!(event, generate::Event::Text(_))) {
            self.sending.heard((carrel.clock)());
        }
        decoded
    }

    /// The response has ended. Its last events are kept for [`end`](Self::end) where it is whole.
    pub(super) fn close(&mut self, carrel: &Carrel) -> Result<()> {
        if self.end.is_some() {
            return Ok(());
        }
        let ended = self.failure.take().map_or_else(|| self.decoder.finish(), Err);
        let events = ended.map_err(|error| self.without_key(error))?;
        let said_all = |event: &generate::Event| matches!(event, generate::Event::End(usage) if usage.finish == Some(Finish::Stop));
        if let Some(record) = self.record.take().filter(|_| events.iter().any(said_all)) {
            carrel.session.borrow_mut().cache().put(&self.identity(), record);
        }
        self.end = Some(events);
        Ok(())
    }

    /// The last events.
    pub(super) fn end(&mut self, carrel: &Carrel) -> Result<Vec<generate::Event>> {
        self.close(carrel)?;
        Ok(self.end.take().unwrap_or_default())
    }

    /// It failed, `began` after some of the answer had come. In how many milliseconds it is sent again.
    ///
    /// # Errors
    /// The same error, where it is not.
    pub(super) fn again(&mut self, carrel: &Carrel, error: Error, began: bool, random: f64) -> Result<f64> {
        let session = &mut carrel.session.borrow_mut();
        let wait = self.sending.failed(session, error, began, (carrel.clock)(), random)?;
        // What came of it is no part of the answer.
        self.decoder = Decoder::new(self.settings.api, &self.request.url, &self.settings.model);
        self.record.iter_mut().for_each(Vec::clear);
        Ok(wait)
    }

    /// What it took; nothing where it was not sent, or was told before.
    pub(super) fn measure(&mut self, carrel: &Carrel, usage: Option<&Usage>, counted: Tokens) -> Option<Measure> {
        self.sending.end(&mut carrel.session.borrow_mut(), usage, counted, (carrel.clock)())
    }

    /// Some servers repeat the key that they refuse: it is told nowhere.
    fn without_key(&self, mut error: Error) -> Error {
        let key = self.settings.api_key.as_deref().map_or("", str::trim);
        if let (false, Some(message)) = (key.is_empty(), error.message_mut()) {
            *message = message.replace(key, "(the key)");
        }
        error
    }

    fn identity(&self) -> String {
        Cache::identity(&self.request.url, &self.request.body)
    }
}

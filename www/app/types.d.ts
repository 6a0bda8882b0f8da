// The API's types → the names the app uses. Types only: nothing here is loaded by a browser. What the API has no name
// for is derived from its methods, so that the two cannot drift apart.
import type {
  AskOptions, Carrel, Change, CollectionInfo, Diagnosis, DocumentInfo, Generator, LedgerEntry, Measure, OpenProgress, Outgoing,
  Passage, Revision, Span, Step, Totals,
} from "../carrel/carrel.js";

export type { AskOptions,
  Change, CollectionInfo, Diagnosis, DocumentInfo, LedgerEntry, Measure, OpenProgress, Outgoing, Passage, Revision, Span, Step,
  Totals,
};
export type Answer = ReturnType<Carrel["ask"]>;
export type AnswerEvent = Answer extends AsyncIterable<infer Event> ? Event : never;
export type Citation = Extract<AnswerEvent, { type: "citation" }>;
export type Sentence = Extract<AnswerEvent, { type: "sentence" }>;
/** What stands between the words of an answer: a citation, or the sign that no passage supports a sentence. */
export type Mark = Citation | Doubt;
export type Doubt = { type: "doubt", number: "?", at: Span, source: -1, verdict: "unsupported" };
export type Turn = { question: string, answer: string };
export type Trace = Awaited<Answer["trace"]>;
export type DocumentText = Awaited<ReturnType<Carrel["document"]>>;
export type Api = "openai" | "responses" | "anthropic" | "gemini";
export type ApiGenerator = Extract<Generator, { baseUrl: string }>;
/** What went wrong, as the page shows it. */
export type Problem = { code: string, message: string };

export type ItemState = "waiting" | "reading" | "embedding" | "ready" | "failed";
/** A document on the desk, from the moment it was chosen. */
export type Item = {
  /** The file it came from; null for a document of an index. Kept so that it can be read again after a crash. */
  file: File | null,
  name: string,
  state: ItemState,
  /** How much of the present state is done, 0 to 1. */
  done: number,
  document: DocumentInfo | null,
  problem: Problem | null,
  abort: AbortController,
};

/** Shows a passage in the viewer, at the cited words where there are some. */
export type OpenPassage = (passage: Passage, citation: Citation | null, returnFocus: () => void) => void;

/** What the source viewer is to show. */
export type Opening = {
  id: string,
  /** What to mark and scroll to; null opens the document at its start. */
  span: Span | null,
  /** Puts the focus back where it was when the viewer closes. */
  returnFocus: () => void,
};

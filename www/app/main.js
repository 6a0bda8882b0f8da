// The page → the reading desk: makes the parts and ties them together. The parts know one another only through what
// is handed to them here.
import { Conversation } from "./conversation.js";
import { DocumentList } from "./documents.js";
import { download, find } from "./dom.js";
import { Engine } from "./engine.js";
import { fetchSample, watchFiles } from "./files.js";
import { watchDrawer, watchKeys } from "./frame.js";
import { Gate } from "./gate.js";
import { Intake } from "./intake.js";
import { Keeping } from "./keeping.js";
import { LedgerView } from "./ledger.js";
import { Settings } from "./settings.js";
import { showProblem, showRemark, Status, watchNetwork } from "./status.js";
import { Viewer } from "./viewer.js";
import { megabytes, problemOf } from "./words.js";

/** @import { Item } from "./types.js" */

const status = new Status();
const main = find("main", HTMLElement);
/** @type {HTMLElement | null} */
let loadProblem = null;
/** Why the model is not kept, which is told once. @type {string | undefined} */
let told;

const engine = new Engine({
  onLoading({ phase, loaded, total, cached, note }) {
    const model = cached ? "Opening the model that this browser keeps" : "Loading the model for search";
    const what = { engine: "Starting the engine", model, index: "Opening the index" };
    if (note !== undefined && note !== told) showRemark((told = note));
    const amount = loaded > 0 ? `: ${megabytes(loaded, total)}` : "";
    status.busy("engine", `${what[phase]}${amount}…`, total ? loaded / total : null);
  },
  onReady() {
    loadProblem?.remove();
    status.rest("engine", "");
    intake.listIndexed().catch((error) => showProblem(problemOf(error)));
  },
  onFailed(problem) {
    status.rest("engine", "The desk could not be opened");
    loadProblem?.remove();
    keeping.tell();
    const isOfIndex = problem.code.startsWith("index_") && engine.collection !== null;
    loadProblem = showProblem(problem, isOfIndex
      ? { hint: "The other collections are as they were.", action: { label: "Collections…", run: () => keeping.show() } }
      : {
        hint: "Check the connection, then try again. Files and questions are kept meanwhile.",
        action: { label: "Retry", run: () => void engine.start() },
      });
  },
  onCrashed(problem) {
    showProblem(problem, { hint: "The engine is being started again, and your documents are being read anew." });
    intake.restart();
  },
  onChange: (change) => void keeping.follow(change).catch((error) => showProblem(problemOf(error))),
});
const settings = new Settings(
  (generator) => engine.setGenerator(generator),
  (connection) => engine.models(connection),
  (connection, options) => engine.diagnose(connection, options),
);

/** @type {Set<Item>} */
const sampleItems = new Set();
/** @type {string[]} */
let sampleQuestions = [];

const intake = new Intake(engine, {
  onAdded(items) {
    for (const item of items) list.update(item);
    setPhase();
  },
  onChanged(item) {
    list.update(item);
    if (item.state === "ready" || item.state === "failed") settleSample(item);
  },
  onRemoved(item) {
    list.remove(item);
    if (item.document) viewer.forget(item.document.id);
    settleSample(item);
    setPhase();
  },
  onHeld: () => keeping.changed(),
}, status);
const keeping = new Keeping(engine, intake);

const viewer = new Viewer((id) => engine.document(id));
const list = new DocumentList(intake.items, {
  remove: (item) => void intake.remove(item),
  retry: (item) => intake.retry(item),
  open(item) {
    const origin = document.activeElement;
    const returnFocus = () => {
      if (origin instanceof HTMLElement) origin.focus();
    };
    if (item.document) void viewer.open({ id: item.document.id, span: null, returnFocus });
  },
});
const conversation = new Conversation(engine, intake, status, (passage, citation, returnFocus) => {
  const span = citation?.span ?? passage.span;
  void viewer.open({ id: passage.id, span, returnFocus });
}, {
  get isGated() {
    return settings.limits.isGated;
  },
  get currency() {
    return settings.limits.currency;
  },
  ask: (outgoing, signal) => gate.ask(outgoing, signal),
});
const gate = new Gate();
new LedgerView(engine, () => settings.limits.currency);

watchFiles(async (files) => {
  const isExported = (/** @type {File} */ { name }) => name.toLowerCase().endsWith(".carrel");
  const [exported, ...others] = files.filter(isExported);
  if (others.length > 0) showRemark("One exported collection at a time can be opened: the first was.");
  try {
    if (exported) await keeping.import(exported);
  } catch (error) {
    showProblem(problemOf(error));
  }
  const documents = files.filter((file) => !isExported(file));
  if (documents.length > 0) intake.add(documents);
});
watchNetwork();
watchDrawer();
watchKeys();

find("#export", HTMLButtonElement).addEventListener("click", async () => {
  try {
    download(await engine.export(), `${engine.collection ?? "collection"}.carrel`);
  } catch (error) {
    showProblem(problemOf(error));
  }
});

const trySample = find("#try-sample", HTMLButtonElement);
trySample.addEventListener("click", async () => {
  trySample.disabled = true;
  try {
    const { files, questions } = await fetchSample();
    sampleQuestions = questions;
    for (const item of intake.add(files)) sampleItems.add(item);
  } catch (error) {
    showProblem(problemOf(error));
  }
  trySample.disabled = false;
});

addEventListener("beforeunload", (event) => {
  // Only while there is work to lose; what is in memory is known to go.
  if (intake.busy || keeping.isBehind) event.preventDefault();
});

/**
 * Shows the sample's questions once all its files have been read.
 * @param {Item} item
 */
function settleSample(item) {
  if (sampleItems.delete(item) && sampleItems.size === 0) conversation.suggest(sampleQuestions);
}

function setPhase() {
  if (main.dataset.phase !== "talking") main.dataset.phase = intake.items.size > 0 ? "ready" : "empty";
}

// A link that names an index is about that one.
engine.index = settings.index;
engine.collection = settings.index === null ? await Keeping.last() : null;
keeping.tell();
void engine.start();

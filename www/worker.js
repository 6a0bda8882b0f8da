// messages → calls of a desk: the whole of the worker

import { Desk } from "./desk.js";
import { CarrelError } from "./errors.js";
import { answerCalls } from "./protocol.js";

/** @type {Desk | null} */
let desk = null;

function opened() {
  if (!desk) throw new CarrelError("closed", "this Carrel is closed: open it again");
  return desk;
}

answerCalls(
  {
    async open([options], conversation) {
      desk = await Desk.open(options, conversation);
    },
    add: ([items], conversation) => opened().add(items, conversation),
    documents: () => opened().documents(),
    document: ([id]) => opened().document(id),
    remove: ([id]) => opened().remove(id),
    models: ([generator], conversation) => opened().models(generator, conversation),
    diagnose: ([generator, ask], conversation) => opened().diagnose(generator, ask, conversation),
    search: ([question, options]) => opened().search(question, options),
    ask: ([question, options, gated], conversation) => opened().ask(question, options, gated, conversation),
    ledger: () => opened().ledger(),
    totals: () => opened().totals(),
    templates: () => opened().templates(),
    checkTemplate: ([template]) => opened().checkTemplate(template),
    export: () => opened().export(),
    save: () => opened().save(),
    watch: (_, conversation) => opened().watch(conversation),
    close() {
      desk?.close();
      desk = null;
    },
  },
  /** @type {any} */ (self),
);

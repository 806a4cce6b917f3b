// A question with its answer: the text with its citations, what it stands on, and what can be done with it.
import { el, icon, tool } from "./dom.js";
import { rendered } from "./markdown.js";
import { place, problem } from "./said.js";
import { paged } from "./texts.js";
import { votes } from "./votes.js";

export class Exchange {
  /** `turn` is {question, text, hits, citations, …} as it is kept; `app` does what its buttons ask for. */
  constructor(app, turn) {
    this.app = app;
    this.turn = turn;
    this.body = el("div", { class: "text" });
    this.rest = el("div", { class: "rest" });
    this.answer = el("article", { class: "answer", "aria-label": app.say("answer") }, this.body, this.rest);
    this.element = el("section", { class: "exchange" },
      el("div", { class: "question" }, el("p", { "aria-label": app.say("you") }, turn.question)), this.answer);
  }

  /** While it is written: what there is of it, or that it is searched for. */
  write(piece) {
    if (!piece) this.body.replaceChildren(el("p", { class: "waiting" }, el("span", { class: "dots", "aria-hidden": "true" }), this.app.say("searching")));
    else this.body.replaceChildren(rendered(piece));
  }

  /** Once it is there, or as much as there will be of it. */
  finish(error = null) {
    const { app, turn } = this;
    const { say } = app;
    this.body.replaceChildren(rendered(turn.text ?? "", (n) => this.#marker(n)));
    const parts = [];
    if (error) parts.push(problem(say, error, () => app.again(this)));
    else if (turn.stopped) parts.push(el("p", { class: "note" }, say("stopped")));
    if (turn.truncated) parts.push(el("p", { class: "note" }, say("cut")));
    if (turn.choices?.length) parts.push(this.#choices());
    parts.push(...this.#sources());
    if (!error) parts.push(...this.#tools());
    this.rest.replaceChildren(...parts);
  }

  #marker(n) {
    const hit = this.turn.hits?.find((one) => one.rank === n);
    if (!hit) return null;
    return el("button", {
      type: "button", class: "marker", "aria-label": this.app.say("opens", { n }),
      onclick: (event) => this.#open(hit, event.currentTarget),
    }, String(n));
  }

  #choices() {
    const { app, turn } = this;
    const label = (one) => paged(app.language, one.label);
    return el("div", { class: "choices", role: "group", "aria-label": app.say("choices") },
      el("p", { class: "label" }, app.say("choices")),
      turn.choices.map((one) => el("button", { type: "button", class: "chip", onclick: () => app.ask(`${turn.question} (${label(one)})`) }, label(one))));
  }

  #sources() {
    const { app, turn } = this;
    const cited = new Set((turn.citations ?? []).map((one) => one.passage_id));
    const hits = (turn.hits ?? []).filter((hit) => (turn.abstained ? hit.rank <= 3 : cited.has(hit.passage_id)));
    if (!hits.length) return [];
    const heading = app.say(turn.abstained ? "nearest" : "sources");
    const items = hits.map((hit) => {
      const { name, more } = place(app.language, hit);
      return el("li", null, el("button", { type: "button", class: "cite", onclick: (event) => this.#open(hit, event.currentTarget) },
        el("span", { class: "marker", "aria-hidden": "true" }, String(hit.rank)),
        el("span", null, el("b", null, name), more && el("small", null, more))));
    });
    return [el("div", { class: "sources" }, el("p", { class: "label" }, heading), el("ul", { "aria-label": heading }, items))];
  }

  #tools() {
    const { app, turn } = this;
    const { say } = app;
    const copy = tool("copy", say("copy"), async () => {
      const done = await copied(this.plain());
      app.tell(say(done ? "copied" : "uncopied"));
      copy.replaceChildren(icon(done ? "check" : "copy"));
      setTimeout(() => copy.replaceChildren(icon("copy")), 2000);
    });
    const again = tool("again", say("again"), () => app.again(this), { class: "tool again" });
    if (!turn.request_id) return [el("div", { class: "tools" }, turn.text && copy, again)];
    const { thumbs, below } = votes(app, turn);
    return [el("div", { class: "tools" }, copy, again, thumbs), below];
  }

  /** The answer with its sources, as plain text. */
  plain() {
    const { app, turn } = this;
    const cited = new Set((turn.citations ?? []).map((one) => one.passage_id));
    const sources = (turn.hits ?? []).filter((hit) => cited.has(hit.passage_id)).map((hit) => {
      const { name, more } = place(app.language, hit);
      return `[${hit.rank}] ${[name, more].filter(Boolean).join(" · ")}`;
    });
    return [turn.text, ...(sources.length ? ["", `${app.say("sources")}:`, ...sources] : [])].join("\n");
  }

  #open(hit, opener) {
    const quotes = (this.turn.citations ?? []).filter((one) => one.passage_id === hit.passage_id).map((one) => one.quote);
    this.app.show(hit, quotes, opener, this);
  }
}

async function copied(said) {
  try {
    await navigator.clipboard.writeText(said);
    return true;
  } catch {
    const area = el("textarea", { class: "aside", readonly: true }); // pages without https have no clipboard
    area.value = said;
    const before = document.activeElement;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    before?.focus();
    return done;
  }
}

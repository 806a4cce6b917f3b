// The chat: it asks, shows what is answered, and keeps the conversations. The same on the page and in the widget.
import { Api, ApiError } from "./api.js";
import { Exchange } from "./answer.js";
import { Composer } from "./composer.js";
import { el, icon, tool } from "./dom.js";
import { History, recalled, remember } from "./history.js";
import { Preferences } from "./preferences.js";
import { problem } from "./said.js";
import { source } from "./source.js";
import { LANGUAGES, text } from "./texts.js";

const REMEMBERED = 8; // exchanges that a question may lean on
const TITLE = 40; // characters of a conversation's name
const MOST = 2000; // characters of a question, as the API takes them
const KEPT = ["request_id", "abstained", "citations", "choices", "truncated"];

/** Open the chat in `element`. `given` may have key, language, theme, persona, title, greeting and onclose (a widget's). */
export async function open(element, { base, ...given }) {
  const app = new App(element, base, given);
  await app.begin();
  return app;
}

class App {
  constructor(element, base, given) {
    this.element = element;
    this.given = given;
    this.preferences = new Preferences(given);
    this.place = new URL(base).host + new URL(base).pathname;
    this.api = new Api(base, given.key || recalled(`key:${this.place}`, "sessionStorage"));
    this.history = new History(this.place);
    this.say = (key, values) => text(this.language, key, values);
    this.settings = null;
    this.panel = null;
    this.writing = null;
    this.conversation = fresh();
    element.classList.add("mundap");
    element.classList.toggle("widget", !!given.onclose);
    this.preferences.system.addEventListener("change", () => this.#look());
    new ResizeObserver(() => this.#fit()).observe(element);
  }

  get language() {
    return this.preferences.language || "ko";
  }

  async begin() {
    this.#look();
    this.element.replaceChildren(el("p", { class: "loading", role: "status" }, this.say("loading")));
    try {
      this.settings = await this.api.settings(this.preferences.language);
    } catch (error) {
      if (error.kind === "key" && !this.given.key) this.#askKey();
      else this.element.replaceChildren(el("main", { class: "alone" }, problem(this.say, error, () => this.begin())));
      return;
    }
    if (!this.preferences.language) {
      const { language } = this.settings;
      this.preferences.language = understood(language);
      if (this.preferences.language !== language) this.settings = await this.api.settings(this.preferences.language).catch(() => this.settings);
    }
    this.#draw();
  }

  /** Ask a question, and show its answer while it is written. */
  async ask(question) {
    if (this.writing) return;
    this.#close(false);
    this.greeting?.remove();
    const turn = { question };
    this.conversation.turns.push(turn);
    const exchange = new Exchange(this, turn);
    this.exchanges.push(exchange);
    this.log.append(exchange.element);
    await this.#answer(exchange);
  }

  /** Answer a question anew; what came after it goes. */
  async again(exchange) {
    if (this.writing) return;
    this.#close(false);
    const n = this.exchanges.indexOf(exchange);
    this.exchanges.splice(n + 1).forEach((one) => one.element.remove());
    this.conversation.turns.splice(n + 1);
    const { question } = exchange.turn;
    Object.keys(exchange.turn).forEach((name) => delete exchange.turn[name]);
    exchange.turn.question = question;
    exchange.rest.replaceChildren();
    this.composer.focus();
    await this.#answer(exchange);
  }

  async #answer(exchange) {
    const { turn } = exchange;
    const { conversation } = this;
    const writing = new AbortController();
    this.writing = writing;
    this.composer.writing = true;
    exchange.write("");
    exchange.element.classList.add("writing");
    exchange.element.scrollIntoView({ block: "start" });
    this.tell(this.say("searching"));
    let problem = null;
    let begun = false;
    turn.text = "";
    try {
      const about = { language: this.language, ...(this.#persona() ? { persona: this.#persona() } : {}) };
      for await (const piece of this.api.stream(this.#messages(turn), about, writing.signal)) {
        if (typeof piece === "string") {
          turn.text += piece;
          if (!piece) continue;
          if (!begun) performance.mark("mundap-first-text");
          begun = true;
          exchange.write(turn.text);
        } else {
          for (const name of KEPT) if (piece[name] !== undefined) turn[name] = piece[name];
          turn.text = piece.answer ?? turn.text;
          turn.hits = piece.hits.map(({ rank, passage_id, source: from, heading, page }) => ({ rank, passage_id, source: from, heading, page }));
          turn.citations = piece.citations.map(({ passage_id, quote }) => ({ passage_id, quote }));
        }
      }
    } catch (error) {
      if (error.name === "AbortError") turn.stopped = true;
      else problem = error instanceof ApiError ? error : new ApiError("broken");
      if (problem?.kind === "broken" && !(error instanceof ApiError)) console.error(error);
    }
    if (this.writing === writing) {
      this.writing = null;
      this.composer.writing = false;
    }
    exchange.element.classList.remove("writing");
    exchange.finish(problem);
    if (problem) turn.failed = true;
    this.save(conversation);
    if (!problem) this.tell(turn.stopped ? this.say("stopped") : `${this.say("done")} ${turn.text}`);
  }

  #messages(turn) {
    const turns = this.conversation.turns;
    const before = turns.slice(0, turns.indexOf(turn)).filter((one) => one.text && !one.failed && !one.stopped).slice(-REMEMBERED);
    return [
      ...before.flatMap((one) => [{ role: "user", content: one.question }, { role: "assistant", content: one.text }]),
      { role: "user", content: turn.question },
    ];
  }

  #persona() {
    const { persona } = this.preferences;
    return this.settings.personas.includes(persona) ? persona : "";
  }

  /** Show where a citation is from: beside the answer, or below it where there is no room. */
  show(hit, quotes, opener, exchange) {
    const same = this.panel?.hit === hit;
    this.#close(false);
    if (same) return opener.focus();
    const made = source(this, hit, quotes, () => this.#close(true));
    this.panel = { ...made, hit, opener, exchange };
    opener.setAttribute("aria-expanded", "true");
    this.#fit();
    made.focus();
    const reveal = () => this.panel?.element === made.element && !this.wide && made.element.scrollIntoView({ block: "start" });
    reveal();
    made.ready.then(reveal);
  }

  #close(back) {
    if (!this.panel) return;
    const { opener, drop } = this.panel;
    drop();
    opener.removeAttribute("aria-expanded");
    this.panel = null;
    this.#fit();
    if (back) opener.focus();
  }

  /** Lay out for the room that there is. */
  #fit() {
    const width = this.element.clientWidth;
    this.wide = width >= 900;
    this.element.classList.toggle("narrow", !this.wide);
    this.element.classList.toggle("roomy", width >= 1100);
    this.element.classList.toggle("split", this.wide && !!this.panel);
    if (!this.panel) return;
    const home = this.wide ? this.aside : this.panel.exchange.answer;
    if (this.panel.element.parentElement !== home) home.append(this.panel.element);
  }

  /** Have a screen reader say something. */
  tell(said) {
    this.status.textContent = "";
    requestAnimationFrame(() => (this.status.textContent = said));
  }

  save(conversation = this.conversation) {
    conversation.title = conversation.turns[0]?.question.slice(0, TITLE) ?? "";
    this.history.keep(conversation);
    this.#list();
  }

  #open(conversation) {
    this.writing?.abort();
    this.writing = null;
    this.conversation = conversation;
    this.#draw();
    this.composer.focus();
  }

  #draw() {
    const { say, settings, given, preferences } = this;
    const title = given.title || settings.title;
    const typed = this.composer?.text ?? "";
    this.#close(false);
    this.#look();
    if (!given.onclose) document.title = title;
    this.status = el("p", { class: "aside", role: "status", "aria-live": "polite" });
    this.log = el("div", { class: "log", role: "region", "aria-label": say("conversation") });
    this.aside = el("div", { class: "beside" });
    this.composer = new Composer(say, { most: MOST, send: (asked) => this.ask(asked), stop: () => this.writing?.abort() });
    this.composer.text = typed;
    this.items = el("div", { class: "items" });
    this.rail = el("nav", { class: "rail", "aria-label": say("menu") }, this.items);
    this.drawer = el("dialog", { class: "drawer", "aria-label": say("menu"), onclick: (event) => event.target === this.drawer && this.drawer.close() });
    this.choices = preferences.dialog(say, settings.personas, (name) => this.#changed(name));
    this.saver = tool("save", say("export"), () => this.#export());
    const header = el("header", { class: "bar" },
      tool("menu", say("menu"), () => this.#openDrawer(), { class: "tool menu" }),
      el("h1", null, title),
      tool("add", say("fresh"), () => this.#open(fresh()), { class: "tool new" }),
      this.saver,
      tool("adjust", say("preferences"), () => this.choices.showModal()),
      given.onclose && tool("close", say("close"), given.onclose));
    const foot = el("footer", null, this.composer.form, el("p", { class: "notice" }, settings.notice));
    this.element.replaceChildren(header, this.rail, el("main", null, this.log, foot), this.aside, this.drawer, this.choices, this.status);
    this.exchanges = this.conversation.turns.map((turn) => {
      const exchange = new Exchange(this, turn);
      exchange.finish(turn.failed ? new ApiError("broken") : null);
      return exchange;
    });
    this.log.append(...this.exchanges.map((one) => one.element));
    this.greeting = this.exchanges.length ? null : this.#greeting();
    if (this.greeting) this.log.append(this.greeting);
    this.#list();
    this.#fit();
    this.log.scrollTop = this.log.scrollHeight;
    performance.mark("mundap-ready");
  }

  #greeting() {
    const { say, settings, given } = this;
    const examples = settings.examples.map((one) => el("li", null, el("button", { type: "button", class: "chip", onclick: () => this.ask(one) }, one)));
    return el("div", { class: "greeting" },
      el("h2", null, given.greeting || say("welcome")), el("p", null, say("about")),
      examples.length > 0 && [el("p", { class: "label" }, say("examples")), el("ul", { "aria-label": say("examples") }, examples)]);
  }

  async #changed(name) {
    if (name !== "language") return this.#look();
    this.settings = await this.api.settings(this.language).catch(() => this.settings);
    const { open } = this.choices; // it may have been closed meanwhile
    this.#draw();
    if (open) this.choices.showModal();
  }

  #look() {
    this.preferences.apply(this.element);
    if (this.given.onclose) return; // the document is the site's
    document.documentElement.lang = this.language;
    document.documentElement.dataset.theme = this.element.dataset.theme;
  }

  #openDrawer() {
    this.drawer.replaceChildren(el("div", null, tool("close", this.say("close"), () => this.drawer.close()), this.items));
    this.drawer.addEventListener("close", () => this.rail.append(this.items), { once: true });
    this.drawer.showModal();
  }

  /** The conversation as a text file, to be kept or sent on. */
  #export() {
    const { say } = this;
    const said = this.exchanges.map((one) => `${say("you")}: ${one.turn.question}\n\n${say("answer")}: ${one.plain()}`);
    const href = URL.createObjectURL(new Blob([[this.settings.notice, ...said].join("\n\n---\n\n")], { type: "text/plain" }));
    el("a", { href, download: `${this.conversation.title.replace(/[^\p{L}\p{N} ]/gu, "")}.txt` }).click();
    setTimeout(() => URL.revokeObjectURL(href), 60_000);
  }

  #list() {
    const { say, history } = this;
    this.saver.hidden = !history.all.includes(this.conversation);
    const entry = (one) => el("li", null,
      el("button", { type: "button", class: "entry", "aria-current": one.id === this.conversation.id && "true", onclick: () => this.#open(one) }, icon("chat"), el("span", null, one.title)),
      tool("trash", say("remove", { title: one.title }), () => this.#forget(() => history.remove(one.id), one.id)));
    this.items.replaceChildren(
      el("button", { type: "button", class: "fresh", onclick: () => this.#open(fresh()) }, icon("add"), say("fresh")),
      history.all.length ? el("ul", null, history.all.map(entry)) : el("p", { class: "note" }, say("empty")),
      el("div", { class: "end" },
        el("p", { class: "note" }, say(history.kept ? "device" : "full")),
        history.all.length > 0 && el("button", { type: "button", class: "plain", onclick: () => confirm(say("sure")) && this.#forget(() => history.clear(), this.conversation.id) }, say("clear"))));
  }

  #forget(forget, id) {
    forget();
    if (id === this.conversation.id) this.#open(fresh());
    else this.#list();
  }

  #askKey(wrong = false) {
    const { say } = this;
    const field = el("input", { type: "password", autocomplete: "off", required: true, "aria-describedby": "mundap-key-about" });
    const submit = async (event) => {
      event.preventDefault();
      this.api.key = field.value.trim();
      try {
        await this.api.settings();
      } catch (error) {
        if (error.kind === "key") return this.#askKey(true);
      }
      remember(`key:${this.place}`, this.api.key, "sessionStorage");
      await this.begin();
      this.composer?.focus();
    };
    this.element.replaceChildren(el("main", { class: "alone" }, el("form", { class: "key", onsubmit: submit },
      el("h1", null, say("key_needed")), el("p", { id: "mundap-key-about" }, say("key_about")),
      wrong && el("p", { class: "problem", role: "alert" }, say("key_wrong")),
      el("label", null, say("key"), field), el("button", { type: "submit", class: "main" }, say("enter")))));
    field.focus();
  }
}

/** The language of the documents if the browser's owner reads it, else the first that the page has and they read. */
function understood(language) {
  const read = navigator.languages.map((one) => one.slice(0, 2).toLowerCase());
  return read.includes(language) ? language : (read.find((one) => one in LANGUAGES) ?? language);
}

const fresh = () => ({ id: `${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}`, title: "", turns: [] });

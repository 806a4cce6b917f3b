// Where the visitor types. A text that is too long is said to be so, and kept.
import { composing, el, icon } from "./dom.js";

const TALL = 200; // pixels, after which the text scrolls
const NEARLY = 0.9; // of the most, from which the letters are counted

export class Composer {
  /** `send(text)` is called with what was typed, `stop()` while an answer is written. */
  constructor(say, { most, send, stop }) {
    Object.assign(this, { say, most, send, stop, busy: false });
    this.area = el("textarea", {
      rows: "1", "aria-label": say("ask"), placeholder: say("ask"), "aria-describedby": "mundap-count", enterkeyhint: "send",
      oninput: () => this.#look(), onkeydown: (event) => this.#pressed(event),
    });
    this.count = el("p", { class: "count", id: "mundap-count", role: "status" });
    this.button = el("button", { type: "submit", class: "send" });
    this.form = el("form", { class: "composer", onsubmit: (event) => this.#submit(event) },
      el("div", { class: "field" }, this.area, this.button), this.count);
    this.#look();
  }

  set writing(busy) {
    this.busy = busy;
    this.#look();
  }

  get text() {
    return this.area.value;
  }

  set text(text) {
    this.area.value = text;
    this.#look();
  }

  focus() {
    this.area.focus({ preventScroll: true });
  }

  #look() {
    const { area, say, most, busy } = this;
    area.style.height = "auto";
    area.style.height = `${Math.min(area.scrollHeight + 2, TALL)}px`;
    const n = Array.from(area.value.trim()).length;
    const over = n - most;
    this.count.textContent =
      over > 0 ? say("too_long", { n: n.toLocaleString(), most: most.toLocaleString(), over: over.toLocaleString() })
        : n > most * NEARLY ? say("count", { n: n.toLocaleString(), most: most.toLocaleString() }) : "";
    this.count.classList.toggle("bad", over > 0);
    area.toggleAttribute("aria-invalid", over > 0);
    const name = busy ? "stop" : "send";
    this.button.replaceChildren(icon(name));
    this.button.setAttribute("aria-label", say(name));
    this.button.title = say(name);
    this.button.disabled = !busy && (!n || over > 0);
  }

  #pressed(event) {
    if (event.key !== "Enter" || event.shiftKey || composing(event)) return;
    event.preventDefault();
    if (!this.busy) this.form.requestSubmit();
  }

  #submit(event) {
    event.preventDefault();
    const text = this.area.value.trim();
    if (this.busy) this.stop();
    else if (text && Array.from(text).length <= this.most) {
      this.text = "";
      this.send(text);
    }
  }
}

// How the page looks and sounds for this visitor: language, theme, size of letters, tone. Kept on their device.
import { el, tool } from "./dom.js";
import { recalled, remember } from "./history.js";
import { LANGUAGES } from "./texts.js";

const THEMES = ["auto", "light", "dark"];
const SIZES = { normal: "1", large: "1.15", larger: "1.3" };

export class Preferences {
  constructor(given = {}) {
    const language = recalled("language") || given.language;
    this.language = language in LANGUAGES ? language : "";
    this.theme = [recalled("theme"), given.theme].find((one) => THEMES.includes(one)) ?? "auto";
    this.size = recalled("size") in SIZES ? recalled("size") : "normal";
    this.persona = recalled("persona") || given.persona || "";
    this.system = matchMedia("(prefers-color-scheme: dark)");
  }

  set(name, value) {
    this[name] = value;
    remember(name, value);
  }

  /** Have an element look so. */
  apply(element) {
    const dark = this.theme === "dark" || (this.theme === "auto" && this.system.matches);
    element.dataset.theme = dark ? "dark" : "light";
    element.lang = this.language || "ko";
    element.style.setProperty("--scale", SIZES[this.size]);
  }

  /** A dialog to choose in; `changed(name)` is called after each choice. */
  dialog(say, personas, changed) {
    const choice = (name, label, values) =>
      el("fieldset", null, el("legend", null, label), el("div", { class: "segments" },
        values.map(([value, shown]) => el("label", null,
          el("input", { type: "radio", name: `mundap-${name}`, value, checked: this[name] === value,
            onchange: () => (this.set(name, value), changed(name)) }), el("span", null, shown)))));
    const dialog = el("dialog", { class: "preferences", "aria-label": say("preferences"), onclick: (event) => event.target === dialog && dialog.close() },
      el("div", null,
        el("header", null, el("h2", null, say("preferences")), tool("close", say("close"), () => dialog.close())),
        choice("language", say("language"), Object.entries(LANGUAGES)),
        choice("theme", say("theme"), THEMES.map((one) => [one, say(one)])),
        choice("size", say("size"), Object.keys(SIZES).map((one) => [one, say(one)])),
        personas.length > 0 && choice("persona", say("persona"), [["", say("standard")], ...personas.map((one) => [one, one])])));
    return dialog;
  }
}

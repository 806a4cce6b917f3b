// How errors and places are said, wherever they are shown.
import { el } from "./dom.js";
import { paged, text } from "./texts.js";

/** What went wrong, and what to do. */
export function problem(say, error, retry = null) {
  const kind = error.kind ?? "broken";
  return el("div", { class: "problem", role: "alert" },
    el("p", null, say(`error_${kind}`, { seconds: error.seconds })),
    error.id && el("p", { class: "note" }, say("request", { id: error.id })),
    retry && el("button", { type: "button", class: "plain", onclick: retry }, say("retry")));
}

/** Where a passage is from: its source, its heading and its page. */
export function place(language, hit) {
  const page = hit.page ? text(language, "page", { n: hit.page }) : "";
  const heading = (hit.heading ?? "").split(" > ").pop();
  return { name: paged(language, hit.source), more: [heading, page].filter(Boolean).join(" · ") };
}

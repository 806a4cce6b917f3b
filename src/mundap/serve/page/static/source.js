// The source of a citation: its document around the passage with the quotes marked, and the page of a PDF as a picture.
import { el, icon, tool } from "./dom.js";
import { place, problem } from "./said.js";
import { rendered } from "./markdown.js";
import { mark } from "./marks.js";
import { text } from "./texts.js";

/** An element that fills itself; `close` takes it away. */
export function source(app, hit, quotes, close) {
  const { say, language, api } = app;
  const { name, more } = place(language, hit);
  const where = el("p", { class: "note" }, more);
  const inside = el("div", { class: "document", tabindex: "0", role: "document", "aria-label": name }, el("p", { class: "note" }, say("loading")));
  const heading = el("h2", { tabindex: "-1" }, name);
  const element = el("section", { class: "source", "aria-label": say("source"), onkeydown: (event) => event.key === "Escape" && (event.stopPropagation(), close()) },
    el("header", null, el("div", null, heading, where), tool("close", say("close"), close)), inside);
  const urls = [];
  let gone = false;
  const ready = fill();
  return { element, ready, focus: () => heading.focus({ preventScroll: true }), drop };

  function drop() {
    gone = true;
    urls.forEach((url) => URL.revokeObjectURL(url));
    element.remove();
  }

  async function fill() {
    let found;
    try {
      found = await api.passage(hit.passage_id);
    } catch (error) {
      inside.replaceChildren(problem(say, error));
      return;
    }
    if (gone) return;
    const written = document_of(found);
    const note = el("p", { class: "note" }, say(quotes.length ? "cited" : "unmarked"));
    const save = found.file && el("button", { type: "button", class: "plain", onclick: () => download(found) }, icon("save"), say("download"));
    const picture = found.picture ? await api.picture(hit.passage_id, quotes) : null;
    if (gone) return picture && URL.revokeObjectURL(picture.url);
    if (!picture) {
      inside.replaceChildren(note, written.element, ...(save ? [save] : []));
      reveal(written.first);
      return;
    }
    urls.push(picture.url);
    const page = text(language, "page", { n: picture.page });
    if (picture.page !== hit.page) where.textContent = more.replace(text(language, "page", { n: hit.page }), page);
    const drawn = el("img", { src: picture.url, alt: say("picture", { name, page }) });
    const sheet = el("div", { class: "sheet", tabindex: "0", role: "group", "aria-label": page }, drawn);
    const look = () => (inside.scrollTop = sheet.offsetTop + drawn.clientHeight * picture.mark - inside.clientHeight / 3);
    drawn.onload = () => picture.mark && look();
    const nearer = el("button", { type: "button", class: "plain", "aria-pressed": "false", onclick: () => {
      nearer.setAttribute("aria-pressed", String(sheet.classList.toggle("near-to")));
      look();
    } }, icon("look"), say("nearer"));
    inside.replaceChildren(note, el("div", { class: "row" }, nearer, save), sheet,
      el("details", { ontoggle: () => reveal(written.first) }, el("summary", null, say("as_text")), written.element));
  }

  function document_of(found) {
    const before = whole_lines(found.before, true);
    const after = whole_lines(found.after, false);
    const element = el("div", { class: "prose" }, rendered(before + found.text + after));
    const first = quotes.length ? mark(element, quotes, before) : mark(element, [found.text], before, "near");
    return { element, first };
  }

  /** Scrolls the document, and nothing around it, to the first mark. */
  function reveal(first) {
    if (!first || !inside.isConnected) return;
    const over = first.getBoundingClientRect().top - inside.getBoundingClientRect().top;
    inside.scrollTop += over - inside.clientHeight / 4;
  }

  async function download(found) {
    try {
      const { blob, name: called } = await api.file(hit.passage_id);
      const url = URL.createObjectURL(blob);
      el("a", { href: url, download: called || found.source }).click();
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
    } catch (error) {
      inside.append(problem(say, error));
    }
  }
}

/** What stands beside a passage, without the line that is cut off at its far end, so that tables and headings are whole. */
function whole_lines(beside, before) {
  if (beside.length < 3000) return beside;
  const cut = before ? beside.indexOf("\n") + 1 : beside.lastIndexOf("\n");
  return before ? beside.slice(cut) : beside.slice(0, Math.max(0, cut));
}

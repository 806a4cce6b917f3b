// Quotes marked in what was rendered of their document: white space and signs of Markdown are not compared.
import { el } from "./dom.js";

const SIGNS = /[\s|*#`>_~\\\-·•]/u;

const letters = (text) => Array.from(text, (one) => (SIGNS.test(one) ? "" : one)).join("");

const LEAST = 8; // letters of a sentence that is marked where its quote is not found as a whole

/** Marks each quote once in `place`, the first time after about `from` letters; gives the first mark, or null. Of a quote
 * that is not there as it is, for it holds what is not drawn, those of its sentences that are. */
export function mark(place, quotes, before = "", name = "quote") {
  const from = Math.max(0, letters(before).length - 40);
  const { said } = letters_of(place);
  const parts = quotes.flatMap((quote) =>
    said.includes(letters(quote)) ? [quote] : quote.split(/\n|(?<=[.!?])\s/).filter((one) => letters(one).length >= LEAST));
  let first = null;
  for (const part of parts) {
    const wanted = letters(part);
    if (wanted.length < 2) continue;
    const { nodes } = letters_of(place);
    let at = said.indexOf(wanted, from);
    if (at < 0) at = said.indexOf(wanted);
    if (at < 0) continue;
    const made = wrapped(nodes.slice(at, at + wanted.length), name);
    if (!first || made[0].compareDocumentPosition(first) & Node.DOCUMENT_POSITION_FOLLOWING) first = made[0];
  }
  return first;
}

/** The letters of a place, each with its text node and where it stands there. */
function letters_of(place) {
  const walker = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
  const nodes = [];
  let said = "";
  for (let node = walker.nextNode(); node; node = walker.nextNode())
    for (let n = 0; n < node.data.length; n++)
      if (!SIGNS.test(node.data[n])) {
        said += node.data[n];
        nodes.push([node, n]);
      }
  return { said, nodes };
}

function wrapped(places, name) {
  const runs = new Map();
  for (const [node, n] of places) {
    const run = runs.get(node);
    if (run) run[1] = n + 1;
    else runs.set(node, [n, n + 1]);
  }
  return [...runs].map(([node, [start, end]]) => {
    const range = document.createRange();
    range.setStart(node, start);
    range.setEnd(node, end);
    const made = el("mark", { class: name });
    range.surroundContents(made);
    return made;
  });
}

// Markdown of documents and answers as elements: headings, tables, lists, quotes, code and bold letters. Everything else
// is text: no HTML, no pictures, and only links to http addresses.
import { el } from "./dom.js";

const TABLE = /^\s*\|.*\|\s*$/;
const RULE = /^\s*\|(\s*:?-+:?\s*\|)+\s*$/;
const BULLET = /^\s*(?:[-*·]\s+|[•▪◦‣]\s*)/; // what nobody types by chance needs no blank behind it
const INLINE = /\*\*([^*\n]+)\*\*|`([^`\n]+)`|\[(\d{1,3})\](?!\()|!?\[([^\]\n]*)\]\(([^()\s]*)\)/g;

/** Elements of `source`. `cite(n)` gives an element for the marker [n], or null to leave it as text. */
export function rendered(source, cite = () => null) {
  const made = document.createDocumentFragment();
  const rows = source.replace(/\r/g, "").split("\n");
  for (let n = 0; n < rows.length; ) {
    const row = rows[n];
    const heading = /^(#{1,6})\s+(.*)$/.exec(row);
    if (!row.trim()) n++;
    else if (heading) {
      const level = Math.min(6, heading[1].length + 2); // the page has its own first two
      made.append(el(`h${level}`, null, inline(heading[2], cite)));
      n++;
    } else if (/^\s*(```|~~~)/.test(row)) {
      const end = rows.findIndex((other, at) => at > n && other.trim().startsWith(row.trim().slice(0, 3)));
      const last = end < 0 ? rows.length : end;
      made.append(el("pre", null, rows.slice(n + 1, last).join("\n")));
      n = last + 1;
    } else if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(row)) {
      made.append(el("hr"));
      n++;
    } else {
      const kind = [TABLE, BULLET, /^\s*>\s?/].find((one) => one.test(row));
      let last = n;
      while (last < rows.length && rows[last].trim() && (kind ? kind.test(rows[last]) : last === n || plain(rows[last]))) last++;
      const part = rows.slice(n, last);
      if (kind === TABLE) made.append(table(part, cite));
      else if (!kind) made.append(el("p", null, broken(part, cite)));
      else {
        const bare = part.map((one) => one.replace(kind, ""));
        if (row.trim()[0] === ">") made.append(el("blockquote", null, broken(bare, cite)));
        else made.append(el("ul", null, bare.map((one) => el("li", null, inline(one, cite)))));
      }
      n = last;
    }
  }
  return made;
}

const plain = (row) => !/^(#{1,6}\s|\s*(```|~~~)|\s*>\s?)/.test(row) && !BULLET.test(row) && !TABLE.test(row);

function broken(rows, cite) {
  return rows.length > 1 ? rows.map((row) => el("span", { class: "line" }, inline(row, cite))) : inline(rows[0], cite);
}

function table(rows, cite) {
  const cells = (row) => row.trim().slice(1, -1).split(/(?<!\\)\|/).map((cell) => cell.trim().replace(/\\\|/g, "|"));
  const named = rows.length > 1 && RULE.test(rows[1]);
  const line = (row, tag) => el("tr", null, cells(row).map((cell) => el(tag, tag === "th" ? { scope: "col" } : null, lined(cell, cite))));
  const body = rows.slice(named ? 2 : 0).filter((row) => !RULE.test(row));
  // A wide table scrolls within itself, which the keyboard must reach.
  return el("div", { class: "wide", tabindex: "0", role: "group" },
    el("table", null, named && el("thead", null, line(rows[0], "th")), el("tbody", null, body.map((row) => line(row, "td")))));
}

const lined = (cell, cite) => broken(cell.split(/<br\s*\/?>/i), cite);

function inline(row, cite) {
  const made = [];
  let last = 0;
  for (const found of row.matchAll(INLINE)) {
    const [whole, bold, code, marker, label, address] = found;
    let node = null;
    if (bold) node = el("strong", null, bold);
    else if (code) node = el("code", null, code);
    else if (marker) node = cite(Number(marker));
    else if (whole[0] !== "!" && /^https?:\/\//i.test(address ?? ""))
      node = el("a", { href: address, target: "_blank", rel: "noopener noreferrer nofollow" }, label || address);
    else if (label) node = document.createTextNode(label);
    if (!node) continue;
    const before = row.slice(last, found.index);
    const word = marker ? before.trimEnd().search(/\S{1,16}$/) : -1; // a marker never stands on a line alone
    if (word < 0) made.push(before, node);
    else made.push(before.slice(0, word), el("span", { class: "tied" }, before.slice(word).trimEnd(), node));
    last = found.index + whole.length;
  }
  return [...made, row.slice(last)].filter((part) => part !== "");
}

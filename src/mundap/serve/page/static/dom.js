// Elements, made without ever reading text as markup.
const SVG = "http://www.w3.org/2000/svg";
const PATHS = {
  send: "M12 19V5M6 11l6-6 6 6",
  stop: "M7 7h10v10H7z",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  check: "M5 12.5l4.5 4.5L19 7.5",
  again: "M20 11a8 8 0 1 0-2 6M20 4v7h-7",
  up: "M7 11v9H4v-9zM7 11l4-7c1.7 0 2.6 1.2 2.3 2.8L13 9h5.2a2 2 0 0 1 2 2.4l-1.3 7a2 2 0 0 1-2 1.6H7",
  down: "M17 13V4h3v9zM17 13l-4 7c-1.7 0-2.6-1.2-2.3-2.8L11 15H5.8a2 2 0 0 1-2-2.4l1.3-7a2 2 0 0 1 2-1.6H17",
  menu: "M4 7h16M4 12h16M4 17h16",
  add: "M12 5v14M5 12h14",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  close: "M6 6l12 12M18 6L6 18",
  adjust: "M4 8h9M17 8h3M4 16h3M11 16h9M15 6v4M9 14v4",
  page: "M7 3h7l4 4v14H7zM14 3v4h4M10 12h5M10 16h5",
  look: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 1 0 0-13M15.5 15.5L20 20M8 10.5h5M10.5 8v5",
  save: "M12 4v11M7 11l5 5 5-5M5 20h14",
  chat: "M4 5h16v12h-9l-5 4v-4H4z",
};

/** An element with attributes and children; text is always text. `on…` are listeners, null and false leave out. */
export function el(tag, props, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value == null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name in made && !name.includes("-") && typeof value === "boolean") made[name] = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child != null && child !== false));
  return made;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/** A button with a picture; its name is read out and shown on pointing. */
export function tool(name, label, onclick, props) {
  return el("button", { type: "button", class: "tool", "aria-label": label, title: label, onclick, ...props }, icon(name));
}

/** Whether letters are still being composed, as Hangul is: Enter then ends the letter, not the text. */
export const composing = (event) => event.isComposing || event.keyCode === 229;

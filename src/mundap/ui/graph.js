// The keyword graph, drawn to be read: drag and pinch it, zoom, and choose a node to see what stands around it.

const SPACE = "http://www.w3.org/2000/svg";
const ROUNDS = 260;
const FAR = 150; // the length of an edge at rest

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".graph");
  const kept = (root.places ??= new Map()); // nodes stay where they are when others come
  const { nodes, edges, texts } = data;
  const places = arranged(nodes, edges, kept);

  const svg = make("svg", { role: "group", "aria-label": texts.label });
  const scene = make("g", {});
  svg.append(scene);
  for (const edge of edges) scene.append(line(edge, places));
  const drawn = nodes.map((node) => scene.appendChild(shape(node, places.get(node.id))));
  const view = framed([...places.values()]);
  show();

  function show() {
    svg.setAttribute("viewBox", `${view.x} ${view.y} ${view.width} ${view.height}`);
    const box = svg.getBoundingClientRect();
    const scale = box.width ? Math.max(view.width / box.width, view.height / box.height) : 1;
    svg.style.setProperty("--scale", Math.max(0.8, scale)); // letters stay as large as they are read
  }
  function zoom(factor, x = view.x + view.width / 2, y = view.y + view.height / 2) {
    const width = Math.min(6000, Math.max(150, view.width * factor));
    const by = width / view.width;
    view.x = x - (x - view.x) * by;
    view.y = y - (y - view.y) * by;
    view.width = width;
    view.height *= by;
    show();
  }
  function inside(event) {
    const box = svg.getBoundingClientRect();
    const scale = Math.max(view.width / box.width, view.height / box.height);
    return {
      x: view.x + view.width / 2 + (event.clientX - box.left - box.width / 2) * scale,
      y: view.y + view.height / 2 + (event.clientY - box.top - box.height / 2) * scale,
      scale,
    };
  }

  const fingers = new Map();
  let moved = 0;
  svg.addEventListener("pointerdown", (event) => {
    if (!fingers.size) moved = 0;
    fingers.set(event.pointerId, event);
  });
  svg.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const { scale, x, y } = inside(event);
    if (fingers.size === 2) {
      const [other] = [...fingers.values()].filter((one) => one.pointerId !== event.pointerId);
      zoom(apart(before, other) / Math.max(1, apart(event, other)), x, y);
    } else {
      view.x -= (event.clientX - before.clientX) * scale;
      view.y -= (event.clientY - before.clientY) * scale;
      show();
    }
    moved += apart(event, before);
    if (moved > 5) svg.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, event);
  });
  for (const name of ["pointerup", "pointercancel", "pointerleave"])
    svg.addEventListener(name, (event) => fingers.delete(event.pointerId));
  svg.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
      event.preventDefault();
      const { x, y } = inside(event);
      zoom(event.deltaY > 0 ? 1.15 : 1 / 1.15, x, y);
    },
    { passive: false },
  );

  const choose = (node) => setTriggerValue("chosen", { id: node.id, kind: node.kind, label: node.label });
  drawn.forEach((one, number) => {
    one.addEventListener("click", () => moved > 5 || choose(nodes[number]));
    one.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        choose(nodes[number]);
      }
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (step) {
        event.preventDefault();
        const next = drawn[(number + step + drawn.length) % drawn.length];
        one.setAttribute("tabindex", "-1");
        next.setAttribute("tabindex", "0");
        next.focus();
      }
    });
    one.setAttribute("tabindex", number ? "-1" : "0");
  });

  const buttons = document.createElement("div");
  buttons.className = "buttons";
  const whole = { ...view };
  const acts = [
    ["+", texts.nearer, () => zoom(1 / 1.4)],
    ["−", texts.farther, () => zoom(1.4)],
    ["⤢", texts.whole, () => (Object.assign(view, whole), show())],
  ];
  for (const [sign, label, act] of acts) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = sign;
    button.setAttribute("aria-label", label);
    button.title = label;
    button.addEventListener("click", act);
    buttons.append(button);
  }
  root.replaceChildren(svg, buttons);
  show(); // now that it has a size
}

function make(name, attributes) {
  const made = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function apart(one, other) {
  return Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
}

function line(edge, places) {
  const [from, to] = [places.get(edge.source), places.get(edge.target)];
  const group = make("g", { class: `edge ${edge.plain ? "plain" : ""}` });
  group.append(make("line", { x1: from.x, y1: from.y, x2: to.x, y2: to.y }));
  if (!edge.plain) {
    const text = make("text", { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 });
    text.textContent = edge.name;
    group.append(text);
  }
  return group;
}

function shape(node, place) {
  const group = make("g", { class: `node ${node.shape}${node.asked ? " asked" : ""}`, role: "button", "aria-label": node.said });
  const size = node.size;
  group.append(
    node.shape === "keyword"
      ? make("circle", { cx: place.x, cy: place.y, r: size })
      : make("rect", { x: place.x - size, y: place.y - size * 0.7, width: size * 2, height: size * 1.4, rx: 3 }),
  );
  const text = make("text", { x: place.x, y: place.y + size, dy: "1.1em" });
  text.textContent = node.label;
  const title = make("title", {});
  title.textContent = node.shown || node.said;
  group.append(text, title);
  return group;
}

// Springs and repulsion (Fruchterman & Reingold 1991), from a spiral, so that a picture is the same each time.
function arranged(nodes, edges, kept) {
  const fresh = nodes.filter((node) => !kept.has(node.id)).length;
  nodes.forEach((node, number) => {
    if (kept.has(node.id)) return;
    const near = edges.find((edge) => edge.target === node.id || edge.source === node.id);
    const beside = near && (kept.get(near.source) ?? kept.get(near.target));
    const angle = number * 2.4;
    const far = beside ? FAR * 0.7 : 30 * Math.sqrt(number);
    kept.set(node.id, { x: (beside?.x ?? 0) + far * Math.cos(angle), y: (beside?.y ?? 0) + far * Math.sin(angle) });
  });
  const at = nodes.map((node) => kept.get(node.id));
  const index = new Map(nodes.map((node, number) => [node.id, number]));
  const pairs = edges.map((edge) => [index.get(edge.source), index.get(edge.target)]);
  for (let round = 0; fresh && round < ROUNDS; round++) {
    const push = at.map(() => ({ x: 0, y: 0 }));
    for (let a = 0; a < at.length; a++)
      for (let b = a + 1; b < at.length; b++) {
        const [x, y] = [at[a].x - at[b].x || 0.1 * (b - a), at[a].y - at[b].y || 0.1];
        const strength = (FAR * FAR) / Math.max(400, x * x + y * y);
        push[a].x += x * strength;
        push[a].y += y * strength;
        push[b].x -= x * strength;
        push[b].y -= y * strength;
      }
    for (const [a, b] of pairs) {
      const [x, y] = [at[a].x - at[b].x, at[a].y - at[b].y];
      const strength = Math.hypot(x, y) / FAR;
      push[a].x -= x * strength;
      push[a].y -= y * strength;
      push[b].x += x * strength;
      push[b].y += y * strength;
    }
    const most = 40 * (1 - round / ROUNDS);
    at.forEach((place, number) => {
      const { x, y } = push[number];
      const by = Math.min(most, Math.hypot(x, y)) / (Math.hypot(x, y) || 1);
      place.x += x * by;
      place.y += y * by;
    });
  }
  return new Map(nodes.map((node) => [node.id, kept.get(node.id)]));
}

function framed(places) {
  const [xs, ys] = [places.map((one) => one.x), places.map((one) => one.y)];
  const [x, y] = [Math.min(...xs) - 90, Math.min(...ys) - 60];
  return { x, y, width: Math.max(...xs) + 90 - x, height: Math.max(...ys) + 70 - y };
}

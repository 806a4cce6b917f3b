// The chat on any site: <script src="https://…/widget.js" data-key="…" async></script>
// data-key (an API key with the role ask), data-title, data-greeting, data-language (ko, en), data-theme (auto, light,
// dark), data-color, data-text-color, data-position (right, left), data-label, data-persona, data-open.
(() => {
  const script = document.currentScript;
  const given = { ...script.dataset };
  const base = new URL("./", script.src).href;
  const files = new URL("page/{version}/", base).href;
  const english = given.language === "en";
  const label = given.label || (english ? "Ask a question" : "무엇이든 물어보세요");
  const el = (tag, props, ...children) => {
    const made = Object.assign(document.createElement(tag), props);
    made.append(...children);
    return made;
  };
  const host = el("div", { className: "mundap-widget" });
  const style = host.style;
  style.setProperty("all", "initial");
  style.setProperty("position", "fixed");
  style.setProperty("z-index", "2147483000");
  style.setProperty("inset", given.position === "left" ? "auto auto 20px 20px" : "auto 20px 20px auto");
  if (CSS.supports("color", given.color ?? "")) style.setProperty("--mundap-accent", given.color);
  if (CSS.supports("color", given.textColor ?? "")) style.setProperty("--mundap-on-accent", given.textColor);
  const root = host.attachShadow({ mode: "open" });
  const inner = el("div", {});
  const panel = el("div", { className: `panel ${given.position === "left" ? "left" : ""}`, hidden: true });
  panel.setAttribute("role", "dialog");
  panel.setAttribute("aria-label", given.title || label);
  panel.append(inner);
  const launcher = el("button", { type: "button", className: "launcher", textContent: label, onclick: () => show(panel.hidden) });
  launcher.setAttribute("aria-expanded", "false");
  const sheet = el("link", { rel: "stylesheet", href: `${files}style.css` });
  launcher.hidden = true; // until it can look as it should
  sheet.onload = sheet.onerror = () => {
    launcher.hidden = false;
    if ("open" in given) show(true);
  };
  root.append(sheet, panel, launcher);
  const mount = () => document.body.append(host);
  if (document.body) mount();
  else addEventListener("DOMContentLoaded", mount);

  let opened = null;
  async function show(shown) {
    panel.hidden = !shown;
    launcher.hidden = shown;
    launcher.setAttribute("aria-expanded", String(shown));
    if (!shown) return launcher.focus();
    try {
      opened ??= import(`${files}app.js`).then(({ open }) => open(inner, { ...given, base, onclose: () => show(false) }));
      const app = await opened;
      app.composer?.focus();
    } catch {
      opened = null;
      const said = english
        ? "The assistant is not available on this site. Please tell the site's administrator."
        : "이 사이트에서는 사용할 수 없습니다. 사이트 관리자에게 알려 주세요.";
      const close = el("button", { type: "button", textContent: english ? "Close" : "닫기", onclick: () => show(false) });
      inner.className = "mundap unavailable";
      inner.replaceChildren(el("p", { textContent: said }), close);
      inner.firstChild.setAttribute("role", "alert");
      close.focus();
    }
  }
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented && !root.querySelector("dialog[open]")) show(false);
  });
})();

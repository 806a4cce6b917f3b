// Votes on an answer: kept at once, and again with what is written about it.
import { el, tool } from "./dom.js";
import { problem } from "./said.js";

const LONGEST = "4000"; // characters, as the API takes them

/** Two thumbs, and the form that opens below them. `turn.vote` is the last vote. */
export function votes(app, turn) {
  const { say, api } = app;
  const below = el("div", { class: "vote" });
  const thumbs = ["up", "down"].map((verdict) => tool(verdict, say(verdict), () => vote(verdict), { "aria-pressed": "false" }));
  show();
  return { thumbs, below };

  function show() {
    thumbs.forEach((one, n) => one.setAttribute("aria-pressed", String(turn.vote === ["up", "down"][n])));
  }

  async function vote(verdict) {
    const before = turn.vote;
    turn.vote = verdict;
    show();
    if (!(await sent({ verdict }))) {
      turn.vote = before;
      show();
      return;
    }
    app.tell(say("kept"));
    below.replaceChildren(form(verdict));
    below.scrollIntoView({ block: "nearest" });
    app.save();
  }

  function form(verdict) {
    const comment = el("textarea", { rows: "2", maxlength: LONGEST });
    const corrected = el("textarea", { rows: "3", maxlength: LONGEST });
    const submit = async (event) => {
      event.preventDefault();
      if (!(await sent({ verdict, comment: comment.value.trim(), answer: corrected.value.trim() }))) return;
      const thanks = el("p", { class: "note", tabindex: "-1" }, say("thanks"));
      below.replaceChildren(thanks);
      thanks.focus();
    };
    return el("form", { onsubmit: submit },
      el("p", { class: "note" }, say("kept")),
      el("label", null, say("comment"), comment),
      verdict === "down" && el("label", null, say("corrected"), corrected),
      el("div", { class: "row" },
        el("button", { type: "submit", class: "main" }, say("submit")),
        el("button", { type: "button", class: "plain", onclick: () => below.replaceChildren() }, say("cancel"))));
  }

  /** Whether it is kept; what was written stays where it is not. */
  async function sent(said) {
    below.querySelector(".problem")?.remove();
    try {
      await api.vote({ request_id: turn.request_id, ...said });
      return true;
    } catch (error) {
      below.append(problem(say, error));
      return false;
    }
  }
}

// Conversations on the visitor's device. Where the browser keeps nothing, they last as long as the page.
const MOST = 40; // conversations
const PREFIX = "mundap";

export class History {
  /** `place` keeps apart what belongs to different servers. */
  constructor(place) {
    this.name = `${PREFIX}:conversations:${place}`;
    this.kept = true;
    this.all = this.#read();
  }

  /** Keep a conversation {id, title, turns}, newest first; one without turns is not kept. */
  keep(conversation) {
    const others = this.all.filter((one) => one.id !== conversation.id);
    this.all = conversation.turns.length ? [conversation, ...others].slice(0, MOST) : others;
    this.#write();
  }

  remove(id) {
    this.all = this.all.filter((one) => one.id !== id);
    this.#write();
  }

  clear() {
    this.all = [];
    this.#write();
  }

  #read() {
    try {
      const found = JSON.parse(localStorage.getItem(this.name) ?? "[]");
      return Array.isArray(found) ? found.filter((one) => one?.id && Array.isArray(one.turns)) : [];
    } catch {
      return [];
    }
  }

  #write() {
    for (let most = this.all.length; ; most = most >> 1) {
      try {
        if (most) localStorage.setItem(this.name, JSON.stringify(this.all.slice(0, most)));
        else localStorage.removeItem(this.name);
        this.kept = most > 0 || !this.all.length;
        return;
      } catch {
        if (!most) {
          this.kept = false;
          return;
        }
      }
    }
  }
}

/** A value kept by name on this device, or in this tab; "" if there is none. */
export const recalled = (name, store = "localStorage") => {
  try {
    return window[store].getItem(`${PREFIX}:${name}`) ?? "";
  } catch {
    return "";
  }
};

export const remember = (name, value, store = "localStorage") => {
  try {
    if (value) window[store].setItem(`${PREFIX}:${name}`, value);
    else window[store].removeItem(`${PREFIX}:${name}`);
  } catch {
    // it lasts as long as the page
  }
};

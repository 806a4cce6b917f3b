// The HTTP API as the page uses it. Every failure is an ApiError, whose kind texts.js has words for.
const SILENCE = 90_000; // milliseconds without even a heartbeat of the server
const KINDS = { 400: "refused", 401: "key", 403: "forbidden", 404: "missing", 422: "refused", 429: "busy", 503: "unready" };

export class ApiError extends Error {
  constructor(kind, { id = "", seconds = 5 } = {}) {
    super(kind);
    Object.assign(this, { kind, id, seconds });
  }
}

export class Api {
  constructor(base, key = "") {
    this.base = base;
    this.key = key;
  }

  settings(language = "") {
    return this.#json(`settings${language && `?language=${language}`}`);
  }

  passage(id) {
    return this.#json(`passages/${encodeURIComponent(id)}?beside=3000`);
  }

  vote(body) {
    return this.#json("feedback", { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
  }

  /** The picture of a passage's page: {url, page, mark}, `mark` the share of its height above the first quote; or null. */
  async picture(id, quotes) {
    const asked = new URLSearchParams(quotes.slice(0, 50).map((quote) => ["quote", quote]));
    try {
      const response = await this.#fetch(`passages/${encodeURIComponent(id)}/picture?${asked}`);
      const { headers } = response;
      return { url: URL.createObjectURL(await response.blob()), page: Number(headers.get("X-Page")), mark: Number(headers.get("X-Mark")) };
    } catch {
      return null;
    }
  }

  async file(id) {
    const response = await this.#fetch(`passages/${encodeURIComponent(id)}/file`);
    const name = /filename\*=utf-8''([^;]+)/i.exec(response.headers.get("Content-Disposition") ?? "");
    return { blob: await response.blob(), name: name ? decodeURIComponent(name[1]) : "" };
  }

  /** Pieces of the answer as strings, "" for each sign of life, then the answer as an object. */
  async *stream(messages, about, signal) {
    const body = JSON.stringify({ model: "mundap", messages, stream: true, mundap: about });
    const request = { method: "POST", body, headers: { "Content-Type": "application/json" } };
    const response = await this.#fetch("v1/chat/completions", request, signal);
    let found = null;
    for await (const line of lines(response, signal)) {
      if (!line.startsWith("data:")) {
        yield "";
        continue;
      }
      const data = line.slice(5).trim();
      if (data === "[DONE]") break;
      const chunk = JSON.parse(data);
      if (chunk.error) throw new ApiError(/_error$/.test(chunk.error.type) ? "broken" : "unready", { id: chunk.error.request_id });
      const piece = chunk.choices?.[0]?.delta?.content;
      if (piece) yield piece;
      if (chunk.mundap) found = chunk.mundap;
    }
    if (!found) throw new ApiError("broken");
    yield found;
  }

  async #json(path, request) {
    return (await this.#fetch(path, request)).json();
  }

  async #fetch(path, request = {}, signal = null) {
    const headers = { ...request.headers, ...(this.key ? { Authorization: `Bearer ${this.key}` } : {}) };
    let response;
    try {
      response = await fetch(this.base + path, { ...request, headers, signal, credentials: "omit", referrerPolicy: "no-referrer" });
    } catch (error) {
      throw error.name === "AbortError" ? error : new ApiError("offline");
    }
    if (response.ok) return response;
    const said = await response.json().catch(() => ({}));
    const about = { id: said.request_id ?? said.error?.request_id ?? "", seconds: Number(response.headers.get("Retry-After")) || 5 };
    throw new ApiError(KINDS[response.status] ?? "broken", about);
  }
}

async function* lines(response, signal) {
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let held = "";
  try {
    for (;;) {
      const { done, value } = await within(reader.read(), signal);
      held += done ? decoder.decode() : decoder.decode(value, { stream: true });
      const whole = held.split("\n");
      held = done ? "" : whole.pop();
      for (const line of whole) if (line.trim()) yield line;
      if (done) return;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** What `reading` gives, unless the server is silent for too long or the network breaks. */
async function within(reading, signal) {
  let timer;
  const silence = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new ApiError("slow")), SILENCE);
  });
  try {
    return await Promise.race([reading, silence]);
  } catch (error) {
    if (signal?.aborted) throw new DOMException("", "AbortError");
    throw error instanceof ApiError ? error : new ApiError("offline");
  } finally {
    clearTimeout(timer);
  }
}

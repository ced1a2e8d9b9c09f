// Carries messages between the console's pages and the helper; their shapes are those of `wire::helper_messages`.
//
// One native port serves every page. It belongs to this worker and not to a page, so a reload keeps the tunnels: the
// port is let go only when no page is connected that the helper serves, nothing is waited for, and the helper has no
// session left.

export const PROTOCOL = 1;
export const PORT_NAME = "sallyport";
// As in `wire::limits::NATIVE_MESSAGE_BYTES`.
const MESSAGE_BYTES = 256 * 1024;
// Requests of one page, and pages of one origin, that may be waited for; whoever wants more is cut off.
const WAITING_REQUESTS = 32;
const PAGES_OF_AN_ORIGIN = 64;
// The helper answers in far less; what it has not answered by then is not waited for.
const WAITING_MILLIS = 60_000;
// How long a refusal by the helper holds for the next request of the same origin.
const REFUSED_MILLIS = 2_000;

export class Bridge {
  #surroundings;
  #pages = new Map();
  #lastPage = 0;
  #helper = null;
  #openSessions = 0;
  // Requests the helper has not answered, as { page, id, timer } in the order they were made.
  #waiting = [];
  // Origins the helper does not serve, each with its words: any page of the web may ask, and none may have the helper
  // started again and again.
  #refused = new Map();

  // `surroundings`: version (of the extension), connectHelper() -> native port, disconnectText(port) -> what the browser
  // says of an ended native port, policy() -> promise of the origins set by policy, or of undefined.
  constructor(surroundings) {
    this.#surroundings = surroundings;
  }

  pageConnected(port) {
    const origin = port.sender?.origin ?? "";
    if (port.name !== PORT_NAME || !isHttpsOrigin(origin)) {
      port.disconnect();
      return;
    }
    if ([...this.#pages.values()].filter((page) => page.origin === origin).length >= PAGES_OF_AN_ORIGIN) {
      port.disconnect();
      return;
    }
    const page = { number: ++this.#lastPage, port, origin, unread: 0, served: false };
    this.#pages.set(page.number, page);
    port.onDisconnect.addListener(() => {
      this.#pages.delete(page.number);
      this.#letGoIfIdle();
    });
    // Asking for the policy takes time: each message waits for the ones before it, so that their order stays.
    let before = Promise.resolve();
    port.onMessage.addListener((message) => {
      if (!this.#pages.has(page.number)) return;
      page.unread += 1;
      if (page.unread + this.#waiting.filter((it) => it.page === page.number).length > WAITING_REQUESTS) {
        this.#cutOff(page);
        return;
      }
      before = before
        .then(() => this.#fromPage(page, message))
        .catch((error) => console.error(error))
        .finally(() => (page.unread -= 1));
    });
  }

  // Nobody reads its answers any more: none is waited for.
  #cutOff(page) {
    page.port.disconnect();
    this.#pages.delete(page.number);
    for (const it of this.#waiting.filter((it) => it.page === page.number)) this.#answered(it);
    this.#letGoIfIdle();
  }

  #answered(entry) {
    clearTimeout(entry.timer);
    this.#waiting = this.#waiting.filter((it) => it !== entry);
  }

  async #fromPage(page, message) {
    const id = message?.id;
    if (!Number.isInteger(id) || id < 0 || id > 0xffff_ffff || !this.#pages.has(page.number)) return;
    if (!(await this.#serves(page.origin))) {
      send(page.port, { type: "origin_refused", id, origin: page.origin });
      return;
    }
    if (message.type === "hello") {
      const { version } = this.#surroundings;
      send(page.port, { type: "extension", id, version, protocol: PROTOCOL });
      this.#ask(page, id, { type: "hello", protocol: message.protocol });
    } else if (message.type === "request") {
      this.#ask(page, id, message.request);
    } else {
      refuse(page, id, "the extension knows no such message");
    }
  }

  // Policy is read anew each time: after the first installation the browser needs some seconds to have it.
  async #serves(origin) {
    const allowed = await this.#surroundings.policy();
    return !Array.isArray(allowed) || allowed.includes(origin);
  }

  #ask(page, id, request) {
    const message = {
      origin: page.origin,
      page: page.number,
      id,
      extension_version: this.#surroundings.version,
      request,
    };
    if (new TextEncoder().encode(JSON.stringify(message)).length > MESSAGE_BYTES) {
      refuse(page, id, `a message has at most ${MESSAGE_BYTES} bytes`);
      return;
    }
    const refusal = this.#refused.get(page.origin);
    if (refusal) {
      send(page.port, { type: "reply", id, reply: refusal });
      return;
    }
    const entry = { page: page.number, id };
    entry.timer = setTimeout(() => {
      this.#answered(entry);
      this.#letGoIfIdle();
    }, WAITING_MILLIS);
    this.#waiting.push(entry);
    try {
      this.#helper ??= this.#connectHelper();
      this.#helper.postMessage(message);
    } catch (error) {
      this.#helperGone(String(error?.message ?? error));
    }
  }

  #connectHelper() {
    const port = this.#surroundings.connectHelper();
    port.onMessage.addListener((message) => {
      if (port === this.#helper) this.#fromHelper(message);
    });
    port.onDisconnect.addListener(() => {
      const detail = this.#surroundings.disconnectText(port);
      if (port === this.#helper) this.#helperGone(detail);
    });
    return port;
  }

  #fromHelper(message) {
    if (Number.isInteger(message?.open_sessions)) this.#openSessions = message.open_sessions;
    if (message?.type === "reply") {
      const { page, id, reply } = message;
      const entry = this.#waiting.find((it) => it.page === page && it.id === id);
      if (entry) this.#answered(entry);
      const asker = this.#pages.get(page);
      if (asker) {
        asker.served = !isOriginRefused(reply);
        if (!asker.served) this.#remember(asker.origin, reply);
        send(asker.port, { type: "reply", id, reply });
      }
    } else if (message?.type === "event") {
      for (const page of this.#pages.values()) {
        if (page.origin === message.origin) send(page.port, { type: "event", event: message.event });
      }
    }
    this.#letGoIfIdle();
  }

  #remember(origin, refusal) {
    this.#refused.set(origin, refusal);
    setTimeout(() => this.#refused.delete(origin), REFUSED_MILLIS);
  }

  #helperGone(detail) {
    const waiting = this.#waiting;
    for (const { timer } of waiting) clearTimeout(timer);
    this.#helper = null;
    this.#openSessions = 0;
    this.#waiting = [];
    const cause = causeOf(detail);
    for (const page of this.#pages.values()) {
      const id = waiting.find((it) => it.page === page.number)?.id ?? null;
      send(page.port, { type: "helper_gone", id, cause, detail });
    }
  }

  // A page that the helper does not serve keeps nothing alive.
  #letGoIfIdle() {
    const served = [...this.#pages.values()].some((page) => page.served);
    if (this.#helper && !served && this.#openSessions === 0 && this.#waiting.length === 0) {
      this.#helper.disconnect();
      this.#helper = null;
    }
  }
}

// What the browsers say of a native port that ended, as `wire::helper_messages::HelperGone`.
export function causeOf(detail) {
  const text = detail.toLowerCase();
  if (text.includes("host not found") || text.includes("no such native application")) return "not_installed";
  if (text.includes("forbidden")) return "forbidden";
  if (text.includes("has exited") || text === "") return "exited";
  if (text.includes("error when communicating")) return "bad_message";
  return "other";
}

function isHttpsOrigin(text) {
  try {
    const url = new URL(text);
    return url.protocol === "https:" && url.origin === text;
  } catch {
    return false;
  }
}

function isOriginRefused(reply) {
  return reply?.type === "failed" && reply.error?.code === "origin_not_served";
}

function refuse(page, id, detail) {
  send(page.port, { type: "reply", id, reply: { type: "failed", error: { code: "bad_message", detail } } });
}

// A page may have gone between the question and the answer.
function send(port, message) {
  try {
    port.postMessage(message);
  } catch {
    // Its onDisconnect follows.
  }
}

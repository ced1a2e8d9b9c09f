// Run with: node --test www/extension/test/

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { Bridge, causeOf } from "../bridge.js";

const ORIGIN = "https://gate.example:8443";

let bridge;
let helpers;
let policy;

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  helpers = [];
  policy = undefined;
  bridge = new Bridge({
    version: "9.9.9",
    connectHelper: () => {
      helpers.push(new FakePort("native"));
      return helpers.at(-1);
    },
    disconnectText: (port) => port.lastError ?? "",
    policy: async () => policy,
  });
});

test("a hello is answered by the extension and passed on with the origin the browser gave", async () => {
  const page = connect();
  await page.says({ type: "hello", protocol: 1, id: 7, origin: "https://evil.example" });
  assert.deepEqual(page.heard, [{ type: "extension", id: 7, version: "9.9.9", protocol: 1 }]);
  assert.deepEqual(helpers[0].heard, [
    { origin: ORIGIN, page: 1, id: 7, extension_version: "9.9.9", request: { type: "hello", protocol: 1 } },
  ]);
  helpers[0].emit({ type: "reply", page: 1, id: 7, reply: { type: "done" }, open_sessions: 0 });
  assert.deepEqual(page.heard[1], { type: "reply", id: 7, reply: { type: "done" } });
});

test("pages that are not https, or use another port name, are cut off", () => {
  for (const [name, origin] of [
    ["sallyport", "http://gate.example"],
    ["sallyport", "null"],
    ["sallyport", "chrome-extension://abc"],
    ["other", ORIGIN],
  ]) {
    const page = new FakePort(name, origin);
    bridge.pageConnected(page);
    assert.equal(page.closed, true, `${name} ${origin}`);
  }
});

test("a policy that does not name the origin refuses it", async () => {
  policy = ["https://other.example"];
  const page = connect();
  await page.says({ type: "hello", protocol: 1, id: 1 });
  assert.deepEqual(page.heard, [{ type: "origin_refused", id: 1, origin: ORIGIN }]);
  assert.equal(helpers.length, 0);
});

test("a policy that comes late is seen", async () => {
  const page = connect();
  await page.says({ type: "hello", protocol: 1, id: 1 });
  policy = [];
  await page.says({ type: "hello", protocol: 1, id: 2 });
  assert.equal(page.heard.at(-1).type, "origin_refused");
});

test("one helper serves all pages, and events reach only those of their origin", async () => {
  const first = connect();
  const second = connect();
  const stranger = connect("https://other.example");
  for (const page of [first, second, stranger]) await page.says({ type: "hello", protocol: 1, id: 1 });
  assert.equal(helpers.length, 1);
  const event = { type: "session_ended", session_id: "x", message: "" };
  helpers[0].emit({ type: "event", origin: ORIGIN, event, open_sessions: 1 });
  assert.deepEqual(first.heard.at(-1), { type: "event", event });
  assert.deepEqual(second.heard.at(-1), { type: "event", event });
  assert.equal(stranger.heard.at(-1).type, "extension");
});

test("a reload keeps the helper while it has sessions, and lets it go with the last", async () => {
  const page = connect();
  await page.says({ type: "request", id: 1, request: { type: "open_tunnels" } });
  page.leaves();
  assert.equal(helpers[0].closed, false, "an answer is waited for");
  helpers[0].emit({ type: "reply", page: 1, id: 1, reply: { type: "done" }, open_sessions: 1 });
  assert.equal(helpers[0].closed, false, "a session is open");
  const reloaded = connect();
  await reloaded.says({ type: "hello", protocol: 1, id: 1 });
  assert.equal(helpers.length, 1);
  reloaded.leaves();
  helpers[0].emit({ type: "reply", page: 2, id: 1, reply: { type: "done" }, open_sessions: 1 });
  helpers[0].emit({ type: "event", origin: ORIGIN, event: {}, open_sessions: 0 });
  assert.equal(helpers[0].closed, true);
});

test("a helper that goes away fails what waits, and the next request starts another", async () => {
  const page = connect();
  await page.says({ type: "request", id: 5, request: {} });
  helpers[0].lastError = "Specified native messaging host not found.";
  helpers[0].leaves();
  assert.deepEqual(page.heard, [
    { type: "helper_gone", id: 5, cause: "not_installed", detail: "Specified native messaging host not found." },
  ]);
  await page.says({ type: "hello", protocol: 1, id: 6 });
  assert.equal(helpers.length, 2);
});

test("a page that asks and asks is cut off, and nothing is waited for any more", async () => {
  const quiet = connect();
  await quiet.says({ type: "hello", protocol: 1, id: 1 });
  const flood = connect();
  for (let id = 1; id <= 33; id += 1) flood.emit({ type: "request", id, request: {} });
  assert.equal(flood.closed, true, "more than 32 requests at once");
  await settled();
  assert.ok(helpers[0].heard.filter(({ page }) => page === 2).length <= 32);
  const patient = connect();
  for (let id = 1; id <= 32; id += 1) await patient.says({ type: "request", id, request: {} });
  assert.equal(patient.closed, false);
  helpers[0].emit({ type: "reply", page: 3, id: 1, reply: { type: "done" }, open_sessions: 0 });
  await patient.says({ type: "request", id: 33, request: {} });
  assert.equal(patient.closed, false, "an answer makes room");
  await patient.says({ type: "request", id: 34, request: {} });
  assert.equal(patient.closed, true);
  // The page that did nothing wrong still gets its answer, and alone keeps the helper.
  helpers[0].emit({ type: "reply", page: 1, id: 1, reply: { type: "done" }, open_sessions: 0 });
  assert.equal(quiet.heard.at(-1).type, "reply");
  assert.equal(helpers[0].closed, false);
  quiet.leaves();
  assert.equal(helpers[0].closed, true);
});

test("an origin has a bounded number of pages", () => {
  const pages = Array.from({ length: 65 }, () => connect());
  assert.equal(pages.filter((page) => page.closed).length, 1);
  pages[0].leaves();
  assert.equal(connect().closed, false);
});

test("an answer that does not come is not waited for without end", async () => {
  const page = connect();
  await page.says({ type: "request", id: 1, request: {} });
  page.leaves();
  mock.timers.tick(59_999);
  assert.equal(helpers[0].closed, false);
  mock.timers.tick(1);
  assert.equal(helpers[0].closed, true);
});

test("a page the helper does not serve neither keeps it nor has it started again and again", async () => {
  const refused = { type: "failed", error: { code: "origin_not_served", origin: ORIGIN } };
  const page = connect();
  await page.says({ type: "hello", protocol: 1, id: 1 });
  helpers[0].emit({ type: "reply", page: 1, id: 1, reply: refused, open_sessions: 0 });
  assert.deepEqual(page.heard.at(-1), { type: "reply", id: 1, reply: refused });
  assert.equal(helpers[0].closed, true, "the page is still there, and the helper is let go");
  const another = connect();
  await another.says({ type: "request", id: 5, request: {} });
  assert.deepEqual(another.heard, [{ type: "reply", id: 5, reply: refused }]);
  assert.equal(helpers.length, 1);
  // After an installation it is served as any other.
  mock.timers.tick(2_000);
  await page.says({ type: "hello", protocol: 1, id: 2 });
  assert.equal(helpers.length, 2);
  helpers[1].emit({ type: "reply", page: 1, id: 2, reply: { type: "hello" }, open_sessions: 0 });
  assert.equal(helpers[1].closed, false);
});

test("what is too large or makes no sense is refused without the helper", async () => {
  const page = connect();
  await page.says({ type: "request", id: 1, request: { text: "x".repeat(256 * 1024) } });
  await page.says({ type: "dance", id: 2 });
  for (const nonsense of [null, 5, "hello", {}, { type: "hello", id: -1 }, { type: "hello", id: 1.5 }]) {
    await page.says(nonsense);
  }
  assert.deepEqual(
    page.heard.map(({ id, reply }) => [id, reply.error.code]),
    [
      [1, "bad_message"],
      [2, "bad_message"],
    ],
  );
  assert.equal(helpers.length, 0);
});

test("what the browsers say of an ended helper is understood", () => {
  assert.equal(causeOf("Specified native messaging host not found."), "not_installed");
  assert.equal(causeOf("No such native application org.sallyport.helper"), "not_installed");
  assert.equal(causeOf("Access to the specified native messaging host is forbidden."), "forbidden");
  assert.equal(causeOf("Native host has exited."), "exited");
  assert.equal(causeOf("Error when communicating with the native messaging host."), "bad_message");
  assert.equal(causeOf("something else"), "other");
});

// Until the bridge has dealt with everything it was told.
async function settled() {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((done) => setImmediate(done));
}

function connect(origin = ORIGIN) {
  const page = new FakePort("sallyport", origin);
  bridge.pageConnected(page);
  return page;
}

class FakePort {
  heard = [];
  closed = false;
  #onMessage = [];
  #onDisconnect = [];
  onMessage = { addListener: (listener) => this.#onMessage.push(listener) };
  onDisconnect = { addListener: (listener) => this.#onDisconnect.push(listener) };

  constructor(name, origin) {
    this.name = name;
    this.sender = { origin };
  }

  postMessage(message) {
    this.heard.push(structuredClone(message));
  }

  disconnect() {
    this.closed = true;
  }

  emit(message) {
    for (const listener of this.#onMessage) listener(message);
  }

  // Says it and waits until the bridge has dealt with it.
  async says(message) {
    this.emit(message);
    await new Promise((done) => setImmediate(done));
  }

  leaves() {
    for (const listener of this.#onDisconnect) listener();
  }
}

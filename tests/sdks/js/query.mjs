// Calls every method of the published query client `@raindrop-ai/query`, and prints what each answered as one line of JSON.
// Usage: node query.mjs SERVER QUERY_KEY WRITE_KEY
import { RaindropQuery } from "@raindrop-ai/query";

const [serverURL, apiKey, writeKey] = process.argv.slice(2);
const client = new RaindropQuery({ serverURL, apiKey, projectId: "default" });
const noon = new Date("2026-11-20T12:00:00Z");
const one = new Date("2026-11-20T13:00:00Z");
const day = { timestampGte: new Date("2026-11-20T00:00:00Z"), timestampLt: new Date("2026-11-21T00:00:00Z") };
const ids = (answer) => answer.data.map((row) => row.id);
const pairs = (answer) => answer.data.map((row) => [row.value, row.count]);
const { events } = client;
const support = { eventName: { neq: "late" } };

async function track(event_id) {
  const body = JSON.stringify([{ event_id, user_id: "newcomer", event: "late", ai_data: { input: "And now?" } }]);
  const headers = { authorization: `Bearer ${writeKey}`, "content-type": "application/json" };
  const answer = await fetch(`${serverURL}/v1/events/track`, { method: "POST", headers, body });
  if (!answer.ok) throw new Error(`track: ${answer.status}`);
}

async function error(call) {
  try {
    await call();
  } catch (found) {
    return [found.statusCode, found.name, Boolean(found.message), found.error?.details?.field ?? null];
  }
  return ["it was answered"];
}

// All events two at a time, while another comes before each page.
async function pages() {
  const found = [];
  let cursor;
  for (let number = 0; number < 10; number++) {
    const page = await events.list({ limit: 2, cursor });
    found.push(...ids(page));
    if (!page.meta.hasMore) break;
    cursor = page.meta.cursor;
    await track(`late-${number}`);
  }
  return found;
}

// As it stands on the wire.
const snake = (value) =>
  Array.isArray(value) ? value.map(snake)
  : value instanceof Date ? value.toISOString()
  : value && typeof value === "object" ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`), snake(v)]))
  : value;

const signal = (await client.signals.list({ limit: 100 })).data.find((row) => row.name === "thumbs_down");
const group = (await client.signalGroups.list({ limit: 100 })).data.find((row) => row.name === "Tools");
const found = { pages: await pages() };
const series = [];
for (const interval of ["minute", "hour", "day", "week", "month"]) {
  const answer = await events.timeseries({ interval, timestamp: { gte: day.timestampGte, lt: day.timestampLt }, ...support });
  series.push(answer.data.buckets.reduce((sum, bucket) => sum + bucket.count, 0));
}
const totals = [];
for (const countBy of ["event_id", "user_id", "convo_id"]) totals.push((await events.count({ countBy, ...support })).data.total);
const spans = (await client.traces.list({ eventId: "run/1", truncLen: 20 })).data.sort((a, b) => a.startTimeNs - b.startTimeNs);
const facets = pairs(await events.facets({ field: "signal", countBy: "user_id", ...day }));
Object.assign(found, {
  "signals.list": { type: signal.type, sentiment: signal.sentiment },
  "signals.get": (await client.signals.get({ id: signal.id })).data.name,
  "signal_groups.get": (await client.signalGroups.get({ id: group.id })).data.name,
  "signal_groups.list_signals": (await client.signalGroups.listSignals({ id: group.id })).data.some((row) => row.name === "Tool failure"),
  "users.list": ids(await client.users.list({ orderBy: "last_seen", userId: { neq: "newcomer" } })),
  "users.list traits": ids(await client.users.list({ traits: { plan: "pro" } })),
  "users.list user_id": ids(await client.users.list({ userId: { startsWith: "team/" } })),
  "users.list seen": ids(await client.users.list({ firstSeen: { lt: one }, lastSeen: { gte: noon }, orderBy: "last_seen" })),
  "users.get": snake((await client.users.get({ id: "team/bob" })).data),
  "conversations.list": ids(await client.conversations.list({ userId: { eq: "ada" }, startedAt: { gte: noon } })),
  "conversations.get": snake((await client.conversations.get({ id: "talk/1" })).data),
  "events.get": snake((await events.get({ id: "run/1" })).data),
  "events.list": ids(await events.list(support)),
  "events.list order": ids(await events.list({ orderBy: "timestamp", ...support })),
  "events.list timestamp": ids(await events.list({ timestamp: { gt: noon, lte: one } })),
  "events.list user_id": ids(await events.list({ userId: { eq: "ada" } })), // a plain text fails inside the client
  "events.list contains": ids(await events.list({ userId: { contains: "am/b" } })),
  "events.list convo_id": ids(await events.list({ convoId: { endsWith: "/1" } })),
  "events.list signal": ids(await events.list({ signal: signal.id })),
  "events.list signal eq": ids(await events.list({ signal: { eq: signal.id } })), // sent as ?eq=
  "events.list signal neq": ids(await events.list({ signal: { neq: signal.id }, ...support })),
  "events.list signal_group": ids(await events.list({ signalGroup: group.id })),
  "events.list properties": ids(await events.list({ properties: { tier: "gold" } })),
  "events.list properties number": ids(await events.list({ properties: { n: { gte: 3, lt: 10 } } })),
  "events.list properties neq": ids(await events.list({ properties: { ok: { neq: true } }, ...support })),
  "events.list traits": ids(await events.list({ traits: { age: { gt: 30 } } })),
  "events.count": totals,
  "events.timeseries": series,
  "events.facets event_name": pairs(await events.facets({ field: "event_name", ...day })),
  "events.facets user_id": pairs(await events.facets({ field: "user_id", countBy: "convo_id", ...day })),
  "events.facets signal": facets.some(([value, count]) => [signal.id, "thumbs_down"].includes(value) && count === 1),
  "events.search text": ids(await events.search({ query: "refund", mode: "text", ...day })),
  "events.search input": ids(await events.search({ query: "refund", searchIn: "user_input", ...day })),
  "events.search regex": ids(await events.search({ query: "inv-\\d+", mode: "regex", ...day })),
  "events.search semantic": ids(await events.search({ query: "I want my money back", mode: "semantic", threshold: "0.4", ...day })).slice(0, 1),
  "events.search user": ids(await events.search({ query: "refund", userId: "team/bob", convoId: "talk/2", ...day })),
  "traces.list": spans.map((row) => [row.spanType, row.status, row.spanName, row.input, row.output]),
  async: ids(await events.list({ eventName: { eq: "support" } })),
  errors: [
    await error(() => events.list({ cursor: "no cursor" })),
    await error(() => events.list({ orderBy: "nothing" })),
    await error(() => events.get({ id: "nowhere" })),
    await error(() => events.search({ query: "(", mode: "regex", ...day })),
    await error(() => new RaindropQuery({ serverURL, apiKey: "wrong" }).signals.list({})),
    await error(() => new RaindropQuery({ serverURL, apiKey: writeKey }).users.list({})),
  ],
});
console.log(`ANSWER${JSON.stringify(found)}`);

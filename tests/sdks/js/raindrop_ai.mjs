// Calls every public method of the JS SDK `raindrop-ai` against a server.
// Usage: node raindrop_ai.mjs ENDPOINT WRITE_KEY PROJECT otlp|bypass
import { trace } from "@opentelemetry/api";
import { Raindrop } from "raindrop-ai";
import { metadata } from "raindrop-ai/otel";

const [endpoint, writeKey, projectId, mode] = process.argv.slice(2);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const options = { writeKey, endpoint, projectId, localWorkshopUrl: false, wizardSession: "wizard-1" };
const raindrop = new Raindrop({ ...options, bypassOtelForTools: mode === "bypass" });

function facts() {
  raindrop.setUserDetails({ userId: "ada", traits: { name: "Ada", age: 36, beta: true, org: { id: 7, tags: ["x"] } } });
  raindrop.setUserDetails({ userId: "ada", traits: { plan: "team" } });
  const id = raindrop.trackAi({
    eventId: "ai", userId: "ada", event: "chat_message", model: "gpt-4o", input: "What is 2+2? \u{1F600}", output: "4.\nSurely.",
    convoId: "talk-1", timestamp: "2026-11-20T10:11:13.250Z",
    properties: { k: "v", n: 3, ok: true, nested: { a: [1, 2] }, feature_flags: { exp: "b" }, "ai.usage.prompt_tokens": 12, "ai.usage.completion_tokens": 3 },
    attachments: [
      { type: "code", value: "print(2+2)", name: "sum.py", role: "output", language: "python", attachment_id: "att-1" },
      { type: "image", value: "https://example.com/i.png", role: "input" },
      { type: "text", value: "words", role: "input", name: "w.txt" },
      { type: "iframe", value: "https://example.com/", role: "output", name: "page" },
    ],
  });
  if (id !== "ai") throw new Error(`trackAi answered ${id}`);
  raindrop.trackAi([
    { eventId: "many-1", userId: "bob", event: "chat_message", input: "one" },
    { eventId: "many-2", userId: "bob", event: "chat_message", output: "two" },
  ]);
  const at = "2026-11-20T10:12:00.000Z";
  raindrop.trackSignal({ eventId: "ai", name: "thumbs_down", sentiment: "NEGATIVE", timestamp: at, properties: { screen: "chat" } });
  raindrop.trackSignal([
    { eventId: "ai", name: "thumbs_up", type: "standard", sentiment: "POSITIVE", attachmentId: "att-1" },
    { eventId: "ai", name: "user_feedback", type: "feedback", comment: "wrong answer" },
    { eventId: "ai", name: "edit", type: "edit", after: "It is 4." },
    { eventId: "ai", name: "noticed", type: "agent_internal" },
    { eventId: "comes-later", name: "copied" },
  ]);
  raindrop.selfDiagnose({ eventId: "ai", description: "no credentials", category: "missing_context", source: "my-agent", properties: { tool: "db" } });
  raindrop.selfDiagnose({ eventId: "ai", description: "went well", sentiment: "POSITIVE" });
}

async function diagnosticsTool() {
  const tool = raindrop.createSelfDiagnosticsTool({ eventId: "ai", signals: { lost: { description: "Lost", sentiment: "NEGATIVE" } } });
  if (tool.name !== "__raindrop_report" || !tool.forOpenAI().function.name || !tool.forAnthropic().name) throw new Error("tool");
  await tool.execute({ category: "lost", detail: "cannot find it" });
  await tool.forVercelAI().execute({ category: "lost", detail: "again" });
}

async function interactions() {
  const one = raindrop.begin({
    eventId: "partial", userId: "ada", event: "agent_run", input: "first words", convoId: "talk-1", model: "claude", properties: { p: 1, deep: { a: 1 } },
    attachments: [{ type: "text", value: "given", role: "input", name: "given.txt" }],
  });
  await sleep(4000);
  one.setInput("do it");
  one.setProperty("stage", "two");
  one.setProperties({ p: 2, deep: { b: 2 } });
  one.addAttachments([{ type: "code", value: "x=1", role: "output", language: "js", name: "x.js" }]);
  await sleep(4000);
  if (raindrop.resumeInteraction("partial").getEventId() !== "partial") throw new Error("resume");
  one.emitLiveEvent({ type: "status", content: "thinking" });
  await one.finish({ output: "done", properties: { finished: true }, attachments: [{ type: "text", value: "ctx", role: "output" }] });
  await one.finish({ output: "done, revised" });
  const other = raindrop.resumeInteraction("from-elsewhere");
  await other.finish({ userId: "bob", event: "resumed", input: "in", output: "out", model: "m-1", convoId: "talk-2", properties: { r: [1, 2] } });
}

async function tools() {
  const run = raindrop.begin({ eventId: "tools", userId: "ada", event: "tool_run", input: "use them", convoId: "talk-3" });
  run.trackTool({ name: "weather", input: { city: "NYC" }, output: { t: 72 }, durationMs: 150, startTime: new Date("2026-11-20T10:11:12.345Z"), properties: { region: "us" } });
  run.trackTool({ name: "broken", input: "x", error: new TypeError("no such city"), durationMs: 10 });
  run.trackTool({ name: "told", error: "it said no", startTime: Date.parse("2026-11-20T10:11:12.345Z") });
  await run.finish({ output: "used" });
  raindrop.tracer({ event_id: "tracer-event", user_id: "carol", event_name: "traced_tool", convo_id: "talk-4" }).trackTool({ name: "lone", input: 1, output: 2, durationMs: 7 });
}

async function spans() {
  const run = raindrop.begin({ eventId: "spans", userId: "ada", event: "span_run", input: "trace it", convoId: "talk-5" });
  const hits = await run.withTool({ name: "search_docs", version: 2, inputParameters: { query: "foo" }, properties: { index: "main" } }, async () => ({ hits: ["FOO"] }));
  if (hits.hits[0] !== "FOO") throw new Error("withTool lost the answer");
  await run.withTool({ name: "explodes", inputParameters: { n: 1 } }, async () => { throw new RangeError("gone"); }).catch(() => {});
  await run.withSpan({ name: "plan", inputParameters: ["in"], properties: { step: "1" } }, async () => "in!");
  await run.withSpan({ name: "chat" }, async () => {
    const span = trace.getTracer("app").startSpan("openai.chat");
    span.setAttributes({ "gen_ai.operation.name": "chat", "gen_ai.system": "OpenAI", "gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 21, "gen_ai.usage.output_tokens": 8 });
    span.end();
  });
  const made = run.startSpan({ name: "made", properties: { m: "1" } });
  made.end();
  const tool = run.startToolSpan({ name: "manual", version: 1, inputParameters: { q: 1 } });
  tool.setInput({ q: 2 });
  tool.setOutput(["r"]);
  tool.end();
  const failing = run.startToolSpan({ name: "fails" });
  failing.setError(new Error("lost"));
  failing.end();
  const told = run.vercelAiSdkMetadata();
  if (!Object.values(told).includes("spans")) throw new Error(`metadata: ${JSON.stringify(told)}`);
  await run.finish({ output: "found FOO" });
  await raindrop.tracer({ event_id: "tracer-spans", user_id: "carol", convo_id: "talk-6" }).withSpan({ name: "outer", inputParameters: ["i"] }, async () => "o");
  const own = metadata({ userId: "carol", convoId: "talk-7", eventName: "vercel_run", eventId: "vercel", toolEvents: true });
  const span = trace.getTracer("ai").startSpan("ai.generateText");
  for (const [key, value] of Object.entries(own)) span.setAttribute(`ai.telemetry.metadata.${key}`, value);
  span.setAttributes({ "ai.operationId": "ai.generateText", "ai.model.id": "gpt-4o", "ai.prompt": JSON.stringify({ prompt: "hi" }), "ai.response.text": "hello" });
  span.end();
}

facts();
await diagnosticsTool();
await interactions();
await tools();
await spans();
raindrop.trackAi({ eventId: "comes-later", userId: "ada", event: "chat_message", input: "late", output: "event" });
const redacting = new Raindrop({ ...options, redactPii: true, useExternalOtel: true, disableBatching: true, bufferSize: 1, bufferTimeout: 10, debugLogs: false, maxTextFieldChars: 1000 });
redacting.trackAi({ eventId: "redacted", userId: "dora", event: "pii", input: "mail a@b.example", output: "ok" });
await redacting.close();
new Raindrop({ ...options, disabled: true }).trackAi({ eventId: "never", userId: "dora", event: "x", input: "never sent" });
raindrop.createSpanProcessor();
raindrop.getInstrumentations();
await raindrop.close();

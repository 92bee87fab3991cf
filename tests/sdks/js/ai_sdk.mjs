// Calls every public method of `@raindrop-ai/ai-sdk`, and wraps the Vercel AI SDK over a model that is a stub.
// Usage: node ai_sdk.mjs ENDPOINT WRITE_KEY PROJECT
import * as ai from "ai";
import { MockLanguageModelV3, simulateReadableStream } from "ai/test";
import { z } from "zod";
import { createRaindropAISDK, eventMetadata, raindrop } from "@raindrop-ai/ai-sdk";

const [endpoint, writeKey, projectId] = process.argv.slice(2);
const options = { writeKey, endpoint, projectId, localWorkshopUrl: false };
const client = createRaindropAISDK(options);
const usage = { inputTokens: { total: 21, noCache: 21, cacheRead: 0, cacheWrite: 0 }, outputTokens: { total: 8, text: 8, reasoning: 0 } };
const says = (text) => ({ content: [{ type: "text", text }], finishReason: { unified: "stop", raw: "stop" }, usage, warnings: [] });
const calls = (toolName, input) => ({
  content: [{ type: "tool-call", toolCallId: "call-1", toolName, input: JSON.stringify(input) }],
  finishReason: { unified: "tool-calls", raw: "tool_calls" }, usage, warnings: [],
});
const model = (...answers) => new MockLanguageModelV3({ modelId: "mock-1", provider: "mock", doGenerate: answers });

async function facts() {
  await client.users.identify({ userId: "ada", traits: { plan: "pro", org: { id: 7 } } });
  await client.users.identify([{ userId: "ada", traits: { plan: "team" } }, { userId: "bob", traits: { beta: true } }]);
  await client.events.patch("ai", {
    eventName: "chat", userId: "ada", convoId: "talk-1", input: "hi", output: "yo", model: "m", properties: { p: 1, deep: { a: 1 } },
    featureFlags: { exp: "b" }, timestamp: "2026-11-20T10:11:13.250Z",
    attachments: [{ type: "code", value: "x=1", name: "x.js", role: "output", language: "js", attachment_id: "att-1" }],
  });
  await new Promise((done) => setTimeout(done, 2500)); // a pending part goes out after a second
  await client.events.setProperties("ai", { q: 2, deep: { b: 2 } });
  await client.events.setFeatureFlags("ai", ["beta"]);
  await client.events.addAttachments("ai", [{ type: "text", value: "words", role: "input" }]);
  await client.events.finish("ai", { output: "yo2", model: "m2", properties: { done: true }, featureFlags: { late: "yes" } });
  await client.signals.track({ eventId: "ai", name: "thumbs_down", sentiment: "NEGATIVE", timestamp: "2026-11-20T10:12:00.000Z", properties: { screen: "chat" } });
  await client.signals.track({ eventId: "ai", name: "fb", type: "feedback", comment: "bad" });
  await client.signals.track({ eventId: "ai", name: "edit", type: "edit", after: "better", attachmentId: "att-1" });
  await client.createSelfDiagnosticsTool({ eventId: "ai" }).execute({ category: "capability_gap", detail: "cannot fly" });
}

async function traces() {
  await client.events.patch("spans", { eventName: "agent_turn", userId: "ada", convoId: "talk-2", input: "grep it" });
  const turn = client.traces.startSpan({ name: "agent_turn", eventId: "spans", userId: "ada", convoId: "talk-2", eventName: "agent_turn", attributes: { round: "1" } });
  client.traces.createSpan({ name: "grep_search", eventId: "spans", parent: turn, operationId: "ai.toolCall", input: { pattern: "x" }, output: { matches: 2 }, durationMs: 12, startTime: Date.parse("2026-11-20T10:11:12.345Z"), attributes: { index: "main" } });
  client.traces.createSpan({ name: "broken", eventId: "spans", parent: turn, operationId: "ai.toolCall", input: "i", durationMs: 5, error: new Error("no such file") });
  client.traces.endSpan(turn, { error: "boom", attributes: { end: "1" } });
  await client.events.finish("spans", { output: "found" });
}

async function wrapped() {
  const { generateText, streamText, generateObject } = client.wrap(ai, {
    context: { userId: "ada", convoId: "talk-3", eventName: "wrapped", properties: { w: 1 }, featureFlags: { exp: "c" } },
    selfDiagnostics: { enabled: true },
  });
  const search = ai.tool({ description: "Searches.", inputSchema: z.object({ q: z.string() }), execute: async ({ q }) => ({ hits: [q.toUpperCase()] }) });
  const meta = (eventId, more = {}) => ({ isEnabled: true, metadata: eventMetadata({ eventId, userId: "ada", convoId: "talk-3", ...more }) });
  await generateText({
    model: model(calls("search", { q: "foo" }), says("Found FOO.")), tools: { search }, stopWhen: ai.stepCountIs(3), system: "You search.",
    prompt: "Search for foo", experimental_telemetry: meta("generated", { eventName: "searching", properties: { m: "1" }, featureFlags: { exp: "d" } }),
  });
  const chunks = [
    { type: "stream-start", warnings: [] }, { type: "text-start", id: "1" }, { type: "text-delta", id: "1", delta: "Hel" }, { type: "text-delta", id: "1", delta: "lo" },
    { type: "text-end", id: "1" }, { type: "finish", finishReason: { unified: "stop", raw: "stop" }, usage },
  ];
  const streaming = new MockLanguageModelV3({ modelId: "mock-2", provider: "mock", doStream: async () => ({ stream: simulateReadableStream({ chunks }) }) });
  for await (const _ of streamText({ model: streaming, messages: [{ role: "user", content: "Greet me" }], experimental_telemetry: meta("streamed") }).textStream);
  await generateObject({ model: model(says('{"n":4}')), schema: z.object({ n: z.number() }), prompt: "What is 2+2?", experimental_telemetry: meta("object") });
  const broken = new MockLanguageModelV3({ modelId: "mock-3", provider: "mock", doGenerate: async () => { throw new Error("model is down"); } });
  await generateText({ model: broken, prompt: "Are you up?", maxRetries: 0, experimental_telemetry: meta("errored") }).catch(() => {});
}

async function integrated() {
  ai.registerTelemetryIntegration(raindrop({ ...options, context: { userId: "bob", eventName: "integrated", convoId: "talk-4" } }));
  await ai.generateText({ model: model(says("Integrated.")), prompt: "Hello", experimental_telemetry: { isEnabled: true, metadata: eventMetadata({ eventId: "integrated", userId: "bob" }) } });
  client.createTelemetryIntegration({ userId: "bob" });
}

async function subagents() {
  await client.events.patch("parent", { eventName: "supervisor", userId: "ada", convoId: "talk-5", input: "research" });
  const launch = (name, childEventId) => client.subagent({ name, toolName: "launch", childEventId, eventId: "parent", userId: "ada", convoId: "talk-5", input: { task: name } });
  const first = launch("researcher", "child");
  const second = launch("writer", "child-failed");
  const third = client.subagents.subagent({ name: "critic", childEventId: "child-cancelled", eventId: "parent", userId: "ada", convoId: "talk-5" });
  await client.events.finish("parent", { output: "launched" });
  const run = client.subagents.resume(first.headers);
  const { generateText } = client.wrap(ai, { context: { userId: run.userId, eventId: run.eventId, convoId: run.convoId } });
  await generateText({ model: model(says("the answer")), prompt: "t", experimental_telemetry: { isEnabled: true, metadata: eventMetadata({ ...run.metadata, eventName: "research" }) } });
  await client.subagents.resume(second.headers).fail(new Error("no ink"));
  await client.subagents.resume(third.headers).cancel("superseded");
}

await facts();
await traces();
await wrapped();
await subagents();
await integrated(); // last: it registers itself for every later call
await client.flush();
await new Promise((done) => setTimeout(done, 2500));
await client.shutdown();

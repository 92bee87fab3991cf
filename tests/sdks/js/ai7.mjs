// The AI SDK 7 with `@ai-sdk/otel`: both of its dialects, each over an exporter of its own (protobuf with gzip, JSON).
// Usage: node ai7.mjs TRACES_URL WRITE_KEY
import { LegacyOpenTelemetry, OpenTelemetry } from "@ai-sdk/otel";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { NodeTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-node";
import * as ai from "ai";
import { MockLanguageModelV4 } from "ai/test";
import { z } from "zod";

const [url, key] = process.argv.slice(2);
const usage = { inputTokens: { total: 21, noCache: 20, cacheRead: 1, cacheWrite: 0 }, outputTokens: { total: 8, text: 6, reasoning: 2 } };
const stop = { unified: "stop", raw: "stop" };
const calls = (toolName, input) => ({ content: [{ type: "tool-call", toolCallId: "call-1", toolName, input: JSON.stringify(input) }], finishReason: { unified: "tool-calls", raw: "t" }, usage, warnings: [] });
const says = (text, more = {}) => ({ content: [{ type: "reasoning", text: "Let me think." }, { type: "text", text }], finishReason: stop, usage, warnings: [], ...more });
const search = ai.tool({ description: "Searches.", inputSchema: z.object({ q: z.string() }), execute: async ({ q }) => { if (q === "fail") throw new Error("no index"); return { hits: [q.toUpperCase()] }; } });
const pay = ai.tool({ description: "Pays.", inputSchema: z.object({ amount: z.number() }), execute: async () => "paid" });
const earlier = (name) => [
  { role: "user", content: `What is foo in ${name}?` }, { role: "assistant", content: "A placeholder." },
];
new NodeTracerProvider().register(); // for its context manager: it makes the spans of one call one trace

for (const [name, Exporter, compression, Telemetry, options] of [
  ["semconv", ProtobufExporter, "gzip", OpenTelemetry, { usage: true, runtimeContext: true, headers: true, toolChoice: true, providerMetadata: true, schema: true }],
  ["legacy", JsonExporter, "none", LegacyOpenTelemetry, {}],
]) {
  const exporter = new Exporter({ url, compression, headers: { Authorization: `Bearer ${key}` } });
  const provider = new NodeTracerProvider({ resource: resourceFromAttributes({ "service.name": "shop", "service.version": "1.2.3" }), spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const integrations = [new Telemetry({ tracer: provider.getTracer("ours"), ...options })];
  const mock = (modelId, answers) => new MockLanguageModelV4({ modelId, provider: "openai.chat", ...answers });
  const common = (functionId) => ({
    headers: { "x-secret": "hunter2-secret" }, runtimeContext: { userId: "ada", sessionId: `talk-${name}-${functionId}`, tenant: "blue", password: "hunter2-secret" },
    telemetry: { functionId, integrations, includeRuntimeContext: { userId: true, sessionId: true, tenant: true } },
  });
  await ai.generateText({
    ...common("search"), model: mock("mock-1", { doGenerate: [calls("search", { q: "foo" }), says(`Found FOO in ${name}.`, { response: { id: `resp-${name}`, modelId: "mock-1-2026" } })] }),
    instructions: "You search.", tools: { search }, stopWhen: ai.isStepCount(3),
    messages: [...earlier(name), { role: "user", content: [{ type: "text", text: `Search for foo in ${name}` }, { type: "file", mediaType: "image/png", data: new Uint8Array([1, 2, 3]) }] }],
  });
  const stream = ai.streamText({
    ...common("stream"), prompt: "Greet me",
    model: mock("mock-2", { doStream: { stream: ai.simulateReadableStream({ chunks: [
      { type: "stream-start", warnings: [] }, { type: "text-start", id: "1" }, { type: "text-delta", id: "1", delta: "Hel" }, { type: "text-delta", id: "1", delta: "lo" }, { type: "text-end", id: "1" },
      { type: "finish", finishReason: stop, usage }] }) } }),
  });
  await stream.consumeStream();
  await ai.generateText({ ...common("object"), prompt: "What is 2+2?", model: mock("mock-3", { doGenerate: [says('{"n":4}')] }), output: ai.Output.object({ schema: z.object({ n: z.number() }) }) });
  await ai.generateText({ ...common("error"), prompt: "Are you up?", maxRetries: 0, model: mock("mock-4", { doGenerate: async () => { throw new Error("model is down"); } }) }).catch((error) => error);
  await ai.generateText({ ...common("tool-error"), prompt: "Search wrongly", stopWhen: ai.isStepCount(3), tools: { search }, model: mock("mock-5", { doGenerate: [calls("search", { q: "fail" }), says("It failed.")] }) });
  // The user says no: two calls of one conversation, in traces of their own.
  const asked = [{ role: "user", content: "Pay 5 euros" }];
  const approving = { ...common("approval"), tools: { pay }, toolApproval: { pay: "user-approval" }, stopWhen: ai.isStepCount(3) };
  const first = await ai.generateText({ ...approving, messages: asked, model: mock("mock-6", { doGenerate: [calls("pay", { amount: 5 })] }) });
  const request = first.content.find((part) => part.type === "tool-approval-request");
  await ai.generateText({
    ...approving, messages: [...asked, ...first.responseMessages, { role: "tool", content: [{ type: "tool-approval-response", approvalId: request.approvalId, approved: false, reason: "too much" }] }],
    model: mock("mock-6", { doGenerate: [says("I did not pay.")] }),
  });
  await provider.shutdown();
}

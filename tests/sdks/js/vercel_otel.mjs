// The Vercel AI SDK's own telemetry, through the OpenTelemetry JS SDK and its OTLP exporters (protobuf and JSON).
// Usage: node vercel_otel.mjs TRACES_URL WRITE_KEY
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { Resource } from "@opentelemetry/resources";
import { NodeTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-node";
import * as ai from "ai";
import { MockLanguageModelV3 } from "ai/test";
import { z } from "zod";

const [url, key] = process.argv.slice(2);
const usage = { inputTokens: { total: 21, noCache: 20, cacheRead: 1, cacheWrite: 0 }, outputTokens: { total: 8, text: 8, reasoning: 0 } };
new NodeTracerProvider().register(); // for its context manager: it makes the spans of one call one trace
const search = ai.tool({ description: "Searches.", inputSchema: z.object({ q: z.string() }), execute: async ({ q }) => ({ hits: [q.toUpperCase()] }) });

for (const [name, Exporter, compression] of [["protobuf", ProtobufExporter, "gzip"], ["json", JsonExporter, "none"]]) {
  const exporter = new Exporter({ url, compression, headers: { Authorization: `Bearer ${key}` } });
  const provider = new NodeTracerProvider({ resource: new Resource({ "service.name": "shop", "service.version": "1.2.3" }), spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const model = new MockLanguageModelV3({
    modelId: "mock-1", provider: "mock",
    doGenerate: [
      { content: [{ type: "tool-call", toolCallId: "call-1", toolName: "search", input: '{"q":"foo"}' }], finishReason: { unified: "tool-calls", raw: "t" }, usage, warnings: [] },
      { content: [{ type: "text", text: `Found FOO in ${name}.` }], finishReason: { unified: "stop", raw: "stop" }, usage, warnings: [] },
    ],
  });
  await ai.generateText({
    model, tools: { search }, stopWhen: ai.stepCountIs(3), prompt: `Search for foo in ${name}`,
    experimental_telemetry: { isEnabled: true, tracer: provider.getTracer("ai"), functionId: `search-${name}`, metadata: { userId: "ada", sessionId: `talk-${name}`, tenant: "blue" } },
  });
  await provider.shutdown();
}

// Calls every public method of `@raindrop-ai/browser-sdk` against a server.
// Usage: node browser_sdk.mjs ENDPOINT WRITE_KEY
import { Raindrop } from "@raindrop-ai/browser-sdk";

const [baseUrl, apiKey] = process.argv.slice(2);
const raindrop = new Raindrop({ baseUrl, apiKey, wizardSession: "wizard-1" });
const say = (name, value) => console.log(JSON.stringify({ [name]: value }));

await raindrop.identify({ userId: "ada", traits: { plan: "pro", age: 36 } });
await raindrop.identify([{ userId: "ada", traits: { plan: "team" } }, { userId: "bob", traits: { beta: true } }]);
say("one", await raindrop.trackAi({
  eventId: "ai", event: "chat", userId: "ada", model: "m", input: "hi", output: "yo", convoId: "talk-1", timestamp: new Date("2026-11-20T10:11:13.250Z"),
  properties: { k: "v", feature_flags: ["beta"] },
  attachments: [{ type: "code", value: "x=1", name: "x.js", role: "output", language: "js", attachment_id: "att-1" }],
}));
say("many", await raindrop.trackAi([
  { event: "chat", userId: "bob", input: "no id" },
  { eventId: "many-2", event: "chat", userId: "bob", output: "two" },
]));
const partial = await raindrop.trackAiPartial({ eventId: "partial", event: "chat", userId: "ada", input: "hel", properties: { p: 1 } });
say("partial", [partial.internalEventId, partial.submittedEventId]);
await raindrop.trackAiPartial({ eventId: "partial", input: "hello", model: "m-2", convoId: "talk-2" });
say("finished", await partial.finish({ output: "world", properties: { q: 2 } }));
await raindrop.trackSignal({ eventId: "ai", name: "thumbs_up", sentiment: "POSITIVE", timestamp: "2026-11-20T10:12:00.000Z", properties: { screen: "chat" } });
await raindrop.trackSignal([
  { eventId: "ai", name: "fb", type: "feedback", comment: "bad" },
  { eventId: "ai", name: "edit", type: "edit", after: "better", attachmentId: "att-1" },
  { eventId: "ai", name: "std", type: "standard", sentiment: "NEGATIVE" },
]);

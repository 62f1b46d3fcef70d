// The Vercel AI SDK as a user of a server: does what the other clients do, and prints what it saw as JSON.
// node client.mjs KIND URL KEY MODEL SCENE   (SCENE: the words to say, as JSON)
import { generateObject, generateText, jsonSchema, streamText, tool } from 'ai';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';

const [kind, url, key, name, sceneText] = process.argv.slice(2);
const scene = JSON.parse(sceneText);

const makers = {
  'openai chat': () => createOpenAI({ baseURL: `${url}/v1`, apiKey: key }).chat(name),
  'openai responses': () => createOpenAI({ baseURL: `${url}/v1`, apiKey: key }).responses(name),
  'anthropic messages': () => createAnthropic({ baseURL: `${url}/v1`, apiKey: key })(name),
  'google generate': () => createGoogleGenerativeAI({ baseURL: `${url}/v1beta`, apiKey: key })(name),
};
const model = makers[kind]();
const common = { model, maxRetries: 0 };
const weather = () => ({
  [scene.tool]: tool({ description: scene.toolText, inputSchema: jsonSchema(scene.parameters) }),
});
const finishOf = (reason) => ({ stop: 'stop', 'tool-calls': 'tools' })[reason] ?? reason;
const usageOf = (usage) => [
  usage.inputTokens,
  usage.outputTokens,
  usage.inputTokenDetails?.cacheReadTokens ?? usage.cachedInputTokens ?? 0,
];
const callsOf = (calls) => calls.map((call) => [call.toolName, call.input]);

const checks = {
  async plain() {
    const reply = await generateText({ ...common, system: scene.system, prompt: scene.hello });
    return { text: reply.text, finish: finishOf(reply.finishReason), usage: usageOf(reply.usage) };
  },
  async stream() {
    const reply = streamText({ ...common, system: scene.system, prompt: scene.hello, onError: () => {} });
    const pieces = [];
    for await (const piece of reply.textStream) pieces.push(piece);
    const finish = finishOf(await reply.finishReason);
    return { text: pieces.join(''), finish, usage: usageOf(await reply.usage), many: pieces.length > 3 };
  },
  async tools() {
    const asked = { role: 'user', content: scene.weather };
    const reply = await generateText({ ...common, messages: [asked], tools: weather() });
    const results = reply.toolCalls.map((call, index) => ({
      type: 'tool-result',
      toolCallId: call.toolCallId,
      toolName: call.toolName,
      output: { type: 'text', value: scene.results[index] },
    }));
    const messages = [asked, ...reply.response.messages, { role: 'tool', content: results }];
    const then = await generateText({ ...common, messages, tools: weather() });
    return { calls: callsOf(reply.toolCalls), finish: finishOf(reply.finishReason), then: then.text };
  },
  async 'tool stream'() {
    const reply = streamText({ ...common, prompt: scene.weather, tools: weather(), onError: () => {} });
    const calls = await reply.toolCalls;
    return { calls: callsOf(calls), finish: finishOf(await reply.finishReason) };
  },
  async structured() {
    const reply = await generateObject({ ...common, schema: jsonSchema(scene.schema), prompt: scene.person });
    return { json: reply.object };
  },
  async image() {
    const content = [
      { type: 'text', text: scene.look },
      { type: 'file', mediaType: 'image/png', data: scene.png },
    ];
    return { text: (await generateText({ ...common, messages: [{ role: 'user', content }] })).text };
  },
  async errors() {
    const seen = {};
    for (const text of scene.fails) {
      try {
        await generateText({ ...common, prompt: text });
      } catch (error) {
        seen[text.slice(-3)] = [error.statusCode, String(error.message).includes('asked to fail')];
      }
    }
    return seen;
  },
};

const seen = {};
for (const [feature, check] of Object.entries(checks)) {
  try {
    seen[feature] = await check();
  } catch (error) {
    seen[feature] = { raised: String(error).slice(0, 300) };
  }
}
console.log(JSON.stringify(seen));

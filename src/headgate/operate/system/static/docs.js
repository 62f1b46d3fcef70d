// Renders the OpenAPI document of this server. Text only ever goes in as text, never as HTML.
"use strict";

const byId = (id) => document.getElementById(id);
let documentOfServer = null;

function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value);
  for (const child of children) if (child !== null && child !== undefined) made.append(child);
  return made;
}

function resolve(schema) {
  let found = schema;
  for (let hops = 0; found && found.$ref && hops < 20; hops += 1) {
    found = found.$ref.slice(2).split("/").reduce((at, part) => at && at[part], documentOfServer);
  }
  return found || {};
}

function typeOf(schema) {
  const found = resolve(schema);
  if (found.enum) return found.enum.map((each) => JSON.stringify(each)).join(" | ");
  if (found.const !== undefined) return JSON.stringify(found.const);
  const options = found.anyOf || found.oneOf;
  if (options) return options.map(typeOf).join(" | ");
  if (found.type === "array") return `list of ${typeOf(found.items || {})}`;
  if (Array.isArray(found.type)) return found.type.join(" | ");
  return found.type || "any";
}

function example(schema, depth = 0) {
  const found = resolve(schema);
  if (depth > 6) return null;
  if (found.examples && found.examples.length) return found.examples[0];
  if (found.default !== undefined) return found.default;
  if (found.enum) return found.enum[0];
  const options = found.anyOf || found.oneOf || found.allOf;
  if (options) return example(options[0], depth + 1);
  if (found.type === "array") return [example(found.items || {}, depth + 1)];
  if (found.properties) {
    const pairs = Object.entries(found.properties).map(([name, each]) => [name, example(each, depth + 1)]);
    return Object.fromEntries(pairs);
  }
  const plain = { string: "", integer: 0, number: 0, boolean: false, object: {} };
  return plain[found.type] !== undefined ? plain[found.type] : null;
}

function table(head, rows) {
  const body = rows.map((row) => element("tr", {}, ...row.map((cell) => element("td", {}, cell))));
  return element("table", {},
    element("thead", {}, element("tr", {}, ...head.map((cell) => element("th", {}, cell)))),
    element("tbody", {}, ...body));
}

function fields(schema) {
  const found = resolve(schema);
  const needed = new Set(found.required || []);
  const rows = Object.entries(found.properties || {}).map(([name, each]) =>
    [name, typeOf(each), needed.has(name) ? "yes" : "", each.description || resolve(each).description || ""]);
  return rows.length ? table(["field", "type", "needed", "meaning"], rows) : null;
}

function jsonSchema(holder) {
  const content = holder && holder.content;
  return content && content["application/json"] && content["application/json"].schema;
}

function parameters(operation) {
  const rows = (operation.parameters || []).map((each) =>
    [each.name, each.in, typeOf(each.schema || {}), each.required ? "yes" : "", each.description || (each.schema || {}).description || ""]);
  return rows.length ? [element("h3", {}, "Parameters"), table(["name", "in", "type", "needed", "meaning"], rows)] : [];
}

function requestBody(operation) {
  const schema = jsonSchema(operation.requestBody);
  if (!schema) return [];
  return [element("h3", {}, "Body"), fields(schema), element("pre", { class: "copy" }, JSON.stringify(example(schema), null, 2))];
}

function responses(operation) {
  const rows = Object.entries(operation.responses || {}).map(([status, each]) => [status, each.description || ""]);
  const parts = [element("h3", {}, "Answers"), table(["status", "meaning"], rows)];
  const good = Object.entries(operation.responses || {}).find(([status]) => status.startsWith("2"));
  const schema = good && jsonSchema(good[1]);
  if (schema && Object.keys(resolve(schema)).length) {
    parts.push(fields(schema), element("pre", {}, JSON.stringify(example(schema), null, 2)));
  }
  return parts;
}

function curl(method, path, operation) {
  const base = new URL("..", window.location.href).href.replace(/\/$/, "");
  const lines = [`curl ${method === "GET" ? "" : `-X ${method} `}'${base}${path}'`];
  if (byId("key").value) lines.push("-H 'Authorization: Bearer '\"$HEADGATE_KEY\"");
  const schema = jsonSchema(operation.requestBody);
  if (schema) lines.push(`-d '${JSON.stringify(example(schema)).replaceAll("'", "'\\''")}'`);
  return element("pre", { class: "copy" }, lines.join(" \\\n  "));
}

function route(method, path, operation) {
  const title = element("summary", {}, element("span", { class: `method ${method}` }, method), element("code", {}, path),
    element("span", {}, operation.summary || ""), element("span", { class: "right" }, operation["x-right"] || ""));
  const box = element("details", {}, title);
  box.addEventListener("toggle", () => {
    if (!box.open || box.childElementCount > 1) return;
    const alias = operation["x-alias-of"] ? element("p", {}, `The same as ${operation["x-alias-of"]}.`) : null;
    box.append(element("div", {}, element("p", {}, operation.description || ""), alias, ...parameters(operation),
      ...requestBody(operation), ...responses(operation), element("h3", {}, "Call"), curl(method, path, operation)));
  });
  return box;
}

function render() {
  if (!documentOfServer) return;
  const wanted = byId("find").value.trim().toLowerCase();
  const groups = new Map();
  for (const [path, item] of Object.entries(documentOfServer.paths)) {
    for (const [name, operation] of Object.entries(item)) {
      const text = [name, path, operation.summary, operation.description, operation["x-right"]].join(" ").toLowerCase();
      if (wanted && !text.includes(wanted)) continue;
      const tag = (operation.tags || ["other"])[0];
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push(route(name.toUpperCase(), path, operation));
    }
  }
  const sections = [...groups].map(([tag, boxes]) => element("section", {}, element("h2", {}, tag), ...boxes));
  byId("routes").replaceChildren(...sections);
  byId("message").textContent = sections.length ? "" : "Nothing found.";
}

async function load() {
  const key = byId("key").value;
  const answer = await fetch("openapi.json", { headers: key ? { authorization: `Bearer ${key}` } : {} });
  if (!answer.ok) {
    byId("message").textContent = answer.status === 401
      ? "This server is protected: enter a key and load again." : `The document could not be read: ${answer.status}.`;
    return;
  }
  documentOfServer = await answer.json();
  byId("version").textContent = `version ${documentOfServer.info.version}`;
  render();
}

byId("find").addEventListener("input", render);
byId("tools").addEventListener("submit", (event) => {
  event.preventDefault();
  load();
});
load();

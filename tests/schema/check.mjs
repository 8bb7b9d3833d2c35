// Checks recipes against a JSON Schema, which ajv takes in its strict mode or not at all.
// Usage: node check.mjs SCHEMA < {"name": "YAML text", …}
// Prints {"recipes": {"name": [{"path": "stages[0].epochs", "message": …}, …], …}, "defaults": {…}}. What is no YAML,
// such as a key that stands twice, is a mistake without a path; "defaults" are those that the schema refuses itself.
import { readFileSync } from "node:fs";
import Ajv from "ajv";
import { parseDocument } from "yaml";

const schema = JSON.parse(readFileSync(process.argv[2], "utf8"));
// Without strictRequired: a condition asks for keys that it does not describe again.
const ajv = new Ajv({ strict: true, strictRequired: false, allowUnionTypes: true, allErrors: true, verbose: true });
ajv.addKeyword("errorMessage"); // of editors
const validate = ajv.compile(schema);

// The path that Limbeck gives, such as stages[0].loss[1].soft_targets.
function pathOf(error) {
  const steps = error.instancePath.split("/").slice(1).map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  const { additionalProperty, propertyName } = error.params;
  if (additionalProperty !== undefined) steps.push(additionalProperty);
  if (error.keyword === "propertyNames" && propertyName !== undefined) steps.push(propertyName);
  let path = "";
  let value = error.rootData;
  for (const step of steps) {
    path += Array.isArray(value) ? `[${step}]` : (path === "" ? "" : ".") + step;
    value = value?.[step];
  }
  return path;
}

function mistakesOf(text) {
  const document = parseDocument(text);
  if (document.errors.length > 0) return document.errors.map((error) => ({ path: "", message: error.message }));
  const root = document.toJS();
  if (validate(root)) return [];
  return validate.errors.map((error) => ({
    path: pathOf({ ...error, rootData: root }),
    message: error.message + (error.params.missingProperty ? "" : " " + JSON.stringify(error.params)),
  }));
}

// Every part of the schema with a default, by its JSON pointer.
function* partsWithDefault(part, pointer) {
  if (part === null || typeof part !== "object") return;
  if ("default" in part && !pointer.endsWith("/properties")) yield [part, pointer];
  for (const [key, inner] of Object.entries(part))
    yield* partsWithDefault(inner, `${pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`);
}

ajv.addSchema(schema, "recipe");
const bad = {};
for (const [part, pointer] of partsWithDefault(schema, "#"))
  if (!ajv.getSchema(`recipe${encodeURI(pointer)}`)(part.default)) bad[pointer] = part.default;

const found = { defaults: bad, recipes: {} };
for (const [name, text] of Object.entries(JSON.parse(readFileSync(0, "utf8")))) found.recipes[name] = mistakesOf(text);
process.stdout.write(JSON.stringify(found));
